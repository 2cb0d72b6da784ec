/**
 * The dataset manifest of a benchmark: its keys, their values, and errors that name the nearest key
 * (docs/specification/5-benchmark.md#dataset-manifest).
 * @module
 */

import { asConfigValue, type ConfigMap, type ConfigValue } from "../core/config.ts";
import { didYouMean, nearest } from "../core/nearest.ts";
import { isAbsolutePath } from "../core/paths.ts";
import { shown } from "../core/shown.ts";
import { AtlasmtlError, locate, type Notice } from "../errors.ts";
import type { TrainOptions } from "../model/options.ts";
import { resolveTrainOptions } from "../model/resolve-options.ts";
import { parseHierarchyRules } from "../predict/hierarchy-rules.ts";
import type { PredictOptions } from "../predict/options.ts";
import type { PreprocessOptions } from "../preprocess/options.ts";
import {
  DATASET_MANIFEST,
  HVG_CONFIG,
  HVG_CONFIG_KEY,
  PREDICT_POLICY,
  PREDICT_SETTINGS,
  PREPROCESS_SETTINGS,
  REFERENCE_PATH_KEY,
  REQUIRED_MANIFEST_KEYS,
  TRAIN_POLICY,
  TRAIN_SETTINGS,
} from "../schema/dataset-manifest.ts";
import { camelName } from "../schema/keys.ts";
import { optionKeys } from "../schema/option.ts";
import { PREDICT_OPTIONS } from "../schema/prediction-options.ts";
import { DOCUMENTING_KEYS, HOTSPOT_NAMES, type SettingName } from "../schema/setting-names.ts";
import { TRAIN_OPTIONS } from "../schema/training-options.ts";
import { inManifestWords } from "./manifest-words.ts";
import { METHOD_CONFIG_KEYS } from "./methods/names.ts";
import { type Policies, parsePolicies } from "./policy-keys.ts";
import { preprocessOptionsOf } from "./preprocess-keys.ts";
import { spreadRecord } from "./recorded-train.ts";

const KEYS = DATASET_MANIFEST;

const MANIFEST_DEFAULTS = { datasetName: "dataset", protocolVersion: 1, randomSeed: 42 } as const;

/** Selects the cells whose value in each of these obs columns is in the list of the column. */
export type Subset = ReadonlyMap<string, readonly string[]>;

/** A checked manifest. Paths are as written, relative to the folder of the manifest. */
export interface BenchmarkManifest {
  readonly datasetName: string;
  readonly version: string | null;
  readonly protocolVersion: number;
  readonly randomSeed: number;
  readonly splitName: string | null;
  readonly splitDescription: string | null;
  readonly referencePath: string;
  readonly queryPath: string;
  /** Coarse to fine. */
  readonly labelColumns: readonly string[];
  readonly referenceSubset: Subset;
  readonly querySubset: Subset;
  /** Coordinate head → obsm key, of the reference and of the query. */
  readonly coordTargets: ReadonlyMap<string, string>;
  readonly queryCoordTargets: ReadonlyMap<string, string>;
  readonly domainKey: string | null;
  readonly train: Partial<TrainOptions>;
  /** The bundle whose weights training starts from. */
  readonly initModelPath: string | null;
  /** Where the bundle keeps its reference, below the folder of the method; null for its usual place. */
  readonly bundleReferencePath: string | null;
  readonly predict: PredictOptions;
  /** The policies: choices that the runner makes. */
  readonly policies: Policies;
  /** What only documents the run, by key; of `train` and `predict` below these. */
  readonly documentation: ConfigMap;
  /** What the record of a run in `train` does not hold. */
  readonly notices: readonly Notice[];
  /** Settings by method. */
  readonly methodConfigs: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** Preprocessing for all methods; null without any of its keys. */
  readonly preprocess: PreprocessOptions | null;
}

type Keys = ReadonlyMap<string, unknown>;

/**
 * Checks a manifest parsed from YAML, with mappings as Maps; `where` is its file.
 * @throws USAGE for a missing or unknown key, naming the nearest, or a value of the wrong kind.
 */
export function parseBenchmarkManifest(content: unknown, where: string): BenchmarkManifest {
  const written = mapping(content, where, [
    ...Object.values(KEYS),
    ...PREPROCESS_SETTINGS.keys(),
    HVG_CONFIG_KEY,
    ...DOCUMENTING_KEYS,
  ]);
  const { keys, notices } = spreadRecord(written, where);
  for (const key of REQUIRED_MANIFEST_KEYS)
    if (isAbsent(keys.get(key)))
      throw bad(
        `the manifest has no ${key}`,
        where,
        `add ${key}; required are ${REQUIRED_MANIFEST_KEYS.join(", ")}`,
      );
  const text = (key: string): string | null =>
    isAbsent(keys.get(key)) ? null : nonEmpty(keys.get(key), `${where} › ${key}`);
  const labelColumns = texts(keys.get(KEYS.labelColumns), `${where} › ${KEYS.labelColumns}`);
  const asked = keys.get(KEYS.train);
  const { initModelPath, ...train } = options(asked, `${where} › ${KEYS.train}`, TRAIN_SETTINGS, [
    ...Object.values(TRAIN_POLICY),
    REFERENCE_PATH_KEY,
  ]) as Partial<TrainOptions>;
  checkTrain(train, labelColumns, `${where} › ${KEYS.train}`);
  if (!isAbsent(keys.get(HVG_CONFIG_KEY)))
    mapping(keys.get(HVG_CONFIG_KEY), `${where} › ${HVG_CONFIG_KEY}`, Object.values(HVG_CONFIG));
  const protocolVersion = integer(keys, KEYS.protocolVersion, MANIFEST_DEFAULTS.protocolVersion, where);
  if (protocolVersion !== 1)
    throw new AtlasmtlError("UNSUPPORTED", `protocol version ${protocolVersion}; this version knows 1`, {
      where: `${where} › ${KEYS.protocolVersion}`,
      hint: `update atlasmtl, or write ${KEYS.protocolVersion}: 1`,
    });
  return {
    datasetName: text(KEYS.datasetName) ?? MANIFEST_DEFAULTS.datasetName,
    version: isAbsent(keys.get(KEYS.version)) ? null : String(keys.get(KEYS.version)),
    protocolVersion,
    randomSeed: integer(keys, KEYS.randomSeed, MANIFEST_DEFAULTS.randomSeed, where),
    splitName: text(KEYS.splitName),
    splitDescription: text(KEYS.splitDescription),
    referencePath: nonEmpty(keys.get(KEYS.referenceH5ad), `${where} › ${KEYS.referenceH5ad}`),
    queryPath: nonEmpty(keys.get(KEYS.queryH5ad), `${where} › ${KEYS.queryH5ad}`),
    labelColumns,
    referenceSubset: subset(keys.get(KEYS.referenceSubset), `${where} › ${KEYS.referenceSubset}`),
    querySubset: subset(keys.get(KEYS.querySubset), `${where} › ${KEYS.querySubset}`),
    coordTargets: pairs(keys.get(KEYS.coordTargets), `${where} › ${KEYS.coordTargets}`),
    queryCoordTargets: pairs(keys.get(KEYS.queryCoordTargets), `${where} › ${KEYS.queryCoordTargets}`),
    domainKey: text(KEYS.domainKey),
    train,
    initModelPath: pathOf(
      initModelPath,
      `${where} › ${KEYS.train} › ${optionKeys(TRAIN_OPTIONS).initModelPath}`,
    ),
    bundleReferencePath: bundlePath(
      asKeys(asked).get(REFERENCE_PATH_KEY),
      `${where} › ${KEYS.train} › ${REFERENCE_PATH_KEY}`,
    ),
    predict: predictOptions(keys.get(KEYS.predict), `${where} › ${KEYS.predict}`),
    policies: parsePolicies(
      asKeys(keys.get(KEYS.train)),
      asKeys(keys.get(KEYS.predict)),
      labelColumns,
      where,
    ),
    documentation: documentationOf(keys, where),
    notices,
    methodConfigs: methodConfigs(keys.get(KEYS.methodConfigs), `${where} › ${KEYS.methodConfigs}`),
    preprocess: preprocessOptionsOf(
      new Map(
        [...PREPROCESS_SETTINGS.keys(), HVG_CONFIG_KEY]
          .filter((key) => !isAbsent(keys.get(key)))
          .map((key) => [key, asConfig(keys.get(key), `${where} › ${key}`)]),
      ),
      where,
    ),
  };
}

const asKeys = (value: unknown): Keys => (value instanceof Map ? value : new Map());

/** The options of a mapping by their names in the library; `others` are keys that are no options. */
function options(
  value: unknown,
  where: string,
  known: ReadonlyMap<string, SettingName>,
  others: readonly string[],
): object {
  if (isAbsent(value)) return {};
  const given = mapping(value, where, [...known.keys(), ...others, ...DOCUMENTING_KEYS]);
  const givenAs = new Map<string, string>();
  const found: Record<string, unknown> = {};
  for (const [key, item] of given) {
    const name = known.get(key);
    if (name === undefined || isAbsent(item)) continue;
    const other = givenAs.get(name.option);
    if (other !== undefined)
      throw bad(`${other} and ${key} are names of one setting`, `${where} › ${key}`, "keep one of the two");
    givenAs.set(name.option, key);
    found[name.option] = name.negated && typeof item === "boolean" ? !item : asNested(name.option, item);
  }
  return found;
}

/** Options that have settings of their own, by their names in the library; a label column alone is one of them. */
const NESTED = ["classWeighting", "classBalancedSampling", "childCorrection", "refinementConfig"];

function asNested(option: string, value: unknown): unknown {
  if (!NESTED.includes(option)) return value;
  if (typeof value === "string") return { labelColumn: value };
  if (!(value instanceof Map)) return value;
  return Object.fromEntries([...value].map(([key, item]) => [camelName(String(key)), item]));
}

function pathOf(value: unknown, where: string): string | null {
  return isAbsent(value) ? null : nonEmpty(value, where);
}

/** A path below the folder of the method. */
function bundlePath(value: unknown, where: string): string | null {
  const path = pathOf(value, where);
  if (path === null || (!isAbsolutePath(path) && !path.split(/[\\/]/).includes(".."))) return path;
  throw bad(
    `got ${shown(path)}, expected a path below the folder of the method`,
    where,
    "name a file, such as reference.pkl.gz",
  );
}

/** What only documents, as it stands in the manifest. */
function documentationOf(keys: Keys, where: string): ConfigMap {
  const told = (of: Keys, place: string): ConfigMap =>
    new Map(
      DOCUMENTING_KEYS.filter((key) => of.has(key)).map((key) => [
        key,
        asConfig(of.get(key), `${place} › ${key}`),
      ]),
    );
  const parts = [KEYS.train, KEYS.predict]
    .map((key) => [key, told(asKeys(keys.get(key)), `${where} › ${key}`)] as const)
    .filter(([, part]) => part.size > 0);
  return new Map([...told(keys, where), ...parts]);
}

function checkTrain(train: Partial<TrainOptions>, labelColumns: readonly string[], where: string): void {
  try {
    resolveTrainOptions({ ...train, labelColumns });
  } catch (error) {
    throw inManifestWords(error, where);
  }
}

function predictOptions(value: unknown, where: string): PredictOptions {
  const given: PredictOptions = options(value, where, PREDICT_SETTINGS, [
    ...Object.values(PREDICT_POLICY),
    ...Object.keys(HOTSPOT_NAMES),
  ]);
  const { hierarchyRules } = given;
  if (hierarchyRules === undefined || hierarchyRules === "derive") return given;
  try {
    return { ...given, hierarchyRules: parseHierarchyRules(hierarchyRules) };
  } catch (error) {
    throw locate(error, `${where} › ${optionKeys(PREDICT_OPTIONS).hierarchyRules}`);
  }
}

function methodConfigs(value: unknown, where: string): ReadonlyMap<string, ReadonlyMap<string, number>> {
  if (isAbsent(value)) return new Map();
  const configs = new Map<string, ReadonlyMap<string, number>>();
  for (const [method, config] of mapping(value, where, [...METHOD_CONFIG_KEYS.keys()])) {
    const known = METHOD_CONFIG_KEYS.get(method) ?? [];
    const settings = new Map<string, number>();
    for (const [key, item] of isAbsent(config) ? [] : mapping(config, `${where} › ${method}`, known)) {
      if (typeof item !== "number" || !Number.isFinite(item) || item <= 0)
        throw bad(
          `got ${shown(item)}, expected a number above 0`,
          `${where} › ${method} › ${key}`,
          "correct the value",
        );
      settings.set(key, item);
    }
    configs.set(method, settings);
  }
  return configs;
}

function mapping(value: unknown, where: string, known: readonly string[]): Keys {
  if (!(value instanceof Map))
    throw bad(`got ${shown(value)}, expected a mapping`, where, "write one `name: value` per line");
  for (const key of value.keys()) {
    if (known.includes(String(key))) continue;
    const near = nearest(String(key), known);
    throw bad(
      `unknown key "${String(key)}"${didYouMean(String(key), known)}`,
      `${where} › ${String(key)}`,
      near === null ? `use any of ${known.join(", ")}` : `write ${near}, or remove the line`,
    );
  }
  return value;
}

/** `column: value`, `column: [values]`; values of any kind are compared as text. */
function subset(value: unknown, where: string): Subset {
  if (isAbsent(value)) return new Map();
  if (!(value instanceof Map))
    throw bad(`got ${shown(value)}, expected a mapping`, where, "write `column: [values to keep]`");
  return new Map(
    [...value].map(([column, kept]) => {
      const list: readonly unknown[] = Array.isArray(kept) ? kept : [kept];
      if (list.length === 0 || list.some((item) => item === null || typeof item === "object"))
        throw bad(
          `got ${shown(kept)}, expected values`,
          `${where} › ${String(column)}`,
          "list the values to keep",
        );
      return [String(column), list.map(String)];
    }),
  );
}

function pairs(value: unknown, where: string): ReadonlyMap<string, string> {
  if (isAbsent(value)) return new Map();
  if (!(value instanceof Map))
    throw bad(`got ${shown(value)}, expected a mapping`, where, "write `name: obsm key` lines");
  return new Map(
    [...value].map(([name, key]) => [String(name), nonEmpty(key, `${where} › ${String(name)}`)]),
  );
}

function texts(value: unknown, where: string): readonly string[] {
  if (!Array.isArray(value) || value.length === 0)
    throw bad(`got ${shown(value)}, expected a list of obs columns`, where, "list them from coarse to fine");
  return value.map((item) => nonEmpty(item, where));
}

function nonEmpty(value: unknown, where: string): string {
  if (typeof value === "string" && value !== "") return value;
  throw bad(`got ${shown(value)}, expected some text`, where, "quote the value if it looks like a number");
}

function integer(keys: Keys, key: string, fallback: number, where: string): number {
  const value = keys.get(key);
  if (isAbsent(value)) return fallback;
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= 0) return value;
  throw bad(`got ${shown(value)}, expected a whole number of 0 or more`, `${where} › ${key}`, "correct it");
}

function asConfig(value: unknown, where: string): ConfigValue {
  const config = asConfigValue(value);
  if (config !== undefined) return config;
  throw bad(`got ${shown(value)}, expected a setting`, where, "correct the value");
}

const isAbsent = (value: unknown): value is null | undefined => value === undefined || value === null;

function bad(message: string, where: string, hint: string): AtlasmtlError {
  return new AtlasmtlError("USAGE", message, { where, hint });
}
