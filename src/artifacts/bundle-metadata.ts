/** The metadata pickle (docs/specification/1-artifacts.md#metadata-file). @module */

import type { ConfigMap } from "../core/config.ts";
import type { Pause } from "../core/progress.ts";
import { AtlasmtlError } from "../errors.ts";
import { emitPickleInTurns } from "../formats/pickle/emit.ts";
import { parsePickleInTurns } from "../formats/pickle/parse.ts";
import { readTexts } from "../formats/pickle/strings.ts";
import {
  type Dict,
  describeValue,
  Global,
  Instance,
  NdArray,
  type PickleValue,
} from "../formats/pickle/values.ts";
import type { CoordHead, LabelHead, Model, Reference } from "../model/types.ts";
import { CLASSES_KEY, LATENT_SOURCE, METADATA_KEYS, STATS_KEYS } from "../schema/bundle.ts";
import { REFERENCE_STORAGES, type ReferenceStorage } from "../schema/training-options.ts";
import { STORED_TRANSFORMS, type StoredTransform, storedTransform } from "./bundle-manifest.ts";
import { fromConfig, toConfig } from "./config-values.ts";
import { asDict, dictField, listField, textField, within, wordField } from "./fields.ts";
import { readReference, referenceDicts } from "./reference.ts";

/** The content of the metadata pickle. */
export interface Metadata {
  readonly labelHeads: readonly LabelHead[];
  readonly trainGenes: readonly string[];
  /** By head name. */
  readonly coordHeads: ReadonlyMap<string, CoordHead>;
  /** The embedded reference; null when the pickle has none. */
  readonly reference: Reference | null;
  readonly referenceStorage: ReferenceStorage;
  /** Null if the reference has its default name beside the model. */
  readonly referencePath: string | null;
  readonly latentSource: string;
  readonly inputTransform: StoredTransform;
  readonly trainConfig: ConfigMap;
  /** Not read yet; null in a bundle without them. */
  readonly labelGenes: Dict | null;
}

const LABEL_ENCODER = new Global("sklearn.preprocessing._label", "LabelEncoder");

/**
 * Reads the metadata pickle.
 * @throws BAD_FORMAT for a missing key or a wrong type, UNSUPPORTED and LIMIT like the parser; BAD_DATA for
 * labels or genes that are not text or are repeated; what `pause` throws.
 */
export async function parseMetadata(bytes: Uint8Array, pause: Pause): Promise<Metadata> {
  const dict = asDict(await parsePickleInTurns(bytes, pause), "metadata");
  const keys = METADATA_KEYS;
  return {
    labelHeads: readLabelHeads(dict),
    trainGenes: within(keys.trainGenes, () => readNames(dict.get(keys.trainGenes) ?? null)),
    coordHeads: readCoordHeads(dict),
    reference: await readEmbedded(dict, pause),
    referenceStorage: dict.has(keys.referenceStorage)
      ? wordField(dict, keys.referenceStorage, REFERENCE_STORAGES)
      : "external",
    referencePath: dict.get(keys.referencePath) == null ? null : textField(dict, keys.referencePath),
    latentSource: dict.has(keys.latentSource) ? textField(dict, keys.latentSource) : LATENT_SOURCE,
    inputTransform: dict.has(keys.inputTransform)
      ? wordField(dict, keys.inputTransform, STORED_TRANSFORMS)
      : "binary",
    trainConfig: within(keys.trainConfig, () => toConfig(readTrainConfig(dict)) as ConfigMap),
    labelGenes: dict.get(keys.labelGenes) == null ? null : dictField(dict, keys.labelGenes),
  };
}

function readTrainConfig(dict: Dict): Dict {
  return dict.has(METADATA_KEYS.trainConfig) ? dictField(dict, METADATA_KEYS.trainConfig) : new Map();
}

function readLabelHeads(dict: Dict): readonly LabelHead[] {
  const { labelColumns, labelEncoders } = METADATA_KEYS;
  const columns = within(labelColumns, () => readNames(listField(dict, labelColumns)));
  const encoders = dictField(dict, labelEncoders);
  return columns.map((column) => ({
    column,
    classes: within(`${labelEncoders} › ${column}`, () => readClasses(encoders.get(column))),
  }));
}

function readClasses(encoder: PickleValue | undefined): readonly string[] {
  if (!(encoder instanceof Instance) || encoder.type.name !== LABEL_ENCODER.name)
    throw new AtlasmtlError("BAD_FORMAT", `a LabelEncoder is expected; this is ${describeValue(encoder)}`);
  const state = asDict(encoder.state, "state");
  return within(CLASSES_KEY, () => readNames(state.get(CLASSES_KEY) ?? null));
}

/** A list of distinct strings without missing values. */
function readNames(value: PickleValue): readonly string[] {
  const names = readTexts(value);
  const seen = new Set<string>();
  names.forEach((name, i) => {
    if (name === null) throw new AtlasmtlError("BAD_DATA", `element ${i} is missing`);
    if (seen.has(name)) throw new AtlasmtlError("BAD_DATA", `${JSON.stringify(name)} is there twice`);
    seen.add(name);
  });
  return [...seen];
}

function readCoordHeads(dict: Dict): ReadonlyMap<string, CoordHead> {
  const { coordTargets, coordStats } = METADATA_KEYS;
  const heads = new Map<string, CoordHead>();
  const targets = dictField(dict, coordTargets);
  const stats = dictField(dict, coordStats);
  for (const name of stats.keys()) {
    if (typeof name !== "string")
      throw new AtlasmtlError("BAD_FORMAT", `a head is named by ${describeValue(name)}`, {
        where: coordStats,
      });
    const head = within(`${coordStats} › ${name}`, () => {
      const parts = dictField(stats, name);
      return { mean: readVector(parts, STATS_KEYS.mean), std: readVector(parts, STATS_KEYS.std) };
    });
    const obsmKey = within(coordTargets, () => textField(targets, name));
    heads.set(name, { name, obsmKey, ...head });
  }
  return heads;
}

function readVector(dict: Dict, key: string): Float32Array {
  const value = dict.get(key);
  const isVector = value instanceof NdArray && value.dtype !== "O" && value.shape.length <= 2;
  if (!isVector)
    throw new AtlasmtlError("BAD_FORMAT", `a numeric vector is expected; this is ${describeValue(value)}`, {
      where: key,
    });
  const vector =
    value.data instanceof Float32Array
      ? value.data
      : Float32Array.from(value.data as ArrayLike<number | bigint>, Number);
  const wrong = vector.findIndex((item) => !Number.isFinite(item));
  if (wrong >= 0) throw new AtlasmtlError("BAD_DATA", `element ${wrong} is ${vector[wrong]}`, { where: key });
  return vector;
}

async function readEmbedded(dict: Dict, pause: Pause): Promise<Reference | null> {
  const { referenceCoords, referenceLabels, referenceColumns } = METADATA_KEYS;
  const has = (key: string): boolean => dict.get(key) != null;
  if (!has(referenceCoords) || !has(referenceLabels)) return null;
  const coords = dictField(dict, referenceCoords);
  const columns = has(referenceColumns) ? dictField(dict, referenceColumns) : new Map();
  return coords.size === 0
    ? null
    : await readReference(pause, coords, dictField(dict, referenceLabels), columns);
}

export interface EmitMetadataOptions {
  /** Written into the metadata if the model's reference storage is `full`. */
  readonly reference: Reference | null;
  /** As given by the caller; null for the default name. */
  readonly referencePath: string | null;
  /** The genes of the labels; null for none. */
  readonly labelGenes: PickleValue;
}

/** Writes the metadata pickle in pieces. @throws what `pause` throws. */
export function emitMetadata(
  model: Model,
  options: EmitMetadataOptions,
  pause: Pause,
): Promise<readonly Uint8Array[]> {
  const embedded = options.reference === null ? null : referenceDicts(options.reference);
  const keys = METADATA_KEYS;
  const dict = new Map<PickleValue, PickleValue>([
    [keys.labelColumns, model.labelHeads.map(({ column }) => column)],
    [
      keys.labelEncoders,
      new Map(model.labelHeads.map(({ column, classes }) => [column, labelEncoder(classes)])),
    ],
    [keys.trainGenes, [...model.trainGenes]],
    [keys.coordTargets, new Map(model.coordHeads.map(({ name, obsmKey }) => [name, obsmKey]))],
    [keys.coordStats, new Map(model.coordHeads.map((head) => [head.name, coordStats(head)]))],
    [keys.referenceCoords, embedded?.coords ?? new Map()],
    [keys.referenceLabels, embedded?.labels ?? new Map()],
    ...(embedded?.columns == null ? [] : [[keys.referenceColumns, embedded.columns] as const]),
    [keys.referenceStorage, model.referenceStorage],
    [keys.referencePath, options.referencePath],
    [keys.latentSource, model.latentSource],
    [keys.inputTransform, storedTransform(model)],
    [keys.trainConfig, fromConfig(model.trainConfig)],
    ...(options.labelGenes === null ? [] : [[keys.labelGenes, options.labelGenes] as const]),
  ]);
  return emitPickleInTurns(dict, pause);
}

function labelEncoder(classes: readonly string[]): Instance {
  const encoder = new Instance(LABEL_ENCODER, []);
  encoder.state = new Map([[CLASSES_KEY, new NdArray("O", [classes.length], [...classes])]]);
  return encoder;
}

function coordStats({ mean, std }: CoordHead): Dict {
  return new Map([
    [STATS_KEYS.mean, new NdArray("f4", [mean.length], mean)],
    [STATS_KEYS.std, new NdArray("f4", [std.length], std)],
  ]);
}
