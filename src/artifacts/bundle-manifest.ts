/** `model_manifest.json` (docs/specification/1-artifacts.md#manifest). @module */

import * as v from "valibot";
import { type ConfigMap, type ConfigValue, toPlain } from "../core/config.ts";
import { emitJson, parseJsonObject } from "../core/json.ts";
import { AtlasmtlError } from "../errors.ts";
import { normalizationOf } from "../model/normalization.ts";
import type { Model } from "../model/types.ts";
import {
  LINEAR_KIND,
  LINEAR_TRANSFORM,
  MANIFEST_KEYS,
  NORMALISED_TRANSFORM,
  PATH_KEYS,
  type PathKey,
  SCHEMA_VERSION,
  VIEWS_TRANSFORM,
} from "../schema/bundle.ts";
import { INPUT_TRANSFORMS, REFERENCE_STORAGES, type ReferenceStorage } from "../schema/training-options.ts";

/** The manifest of a bundle. Paths are as stored: relative to the manifest's folder, or absolute. */
export interface Manifest {
  readonly schemaVersion: number;
  /** Null for a network. */
  readonly kind: typeof LINEAR_KIND | null;
  /** The files of the bundle. */
  readonly paths: ReadonlyMap<PathKey, string>;
  /** Null if the manifest does not have it. */
  readonly referenceStorage: ReferenceStorage | null;
  readonly inputTransform: StoredTransform | null;
  /** SHA-256 in hex by path key; empty when the manifest has none. */
  readonly checksums: ReadonlyMap<string, string>;
  readonly preprocess: ConfigValue;
  /** The program that wrote the bundle; null in files that do not say. */
  readonly writtenBy: string | null;
  /** Keys that this version does not know; they are kept when the manifest is rewritten. */
  readonly extra: ConfigMap;
}

/** What a bundle may say of its input: the transform of its network, that it normalises, or that there is more than a network. */
export const STORED_TRANSFORMS = [
  ...INPUT_TRANSFORMS,
  NORMALISED_TRANSFORM,
  VIEWS_TRANSFORM,
  LINEAR_TRANSFORM,
] as const;
export type StoredTransform = (typeof STORED_TRANSFORMS)[number];

/** What a bundle of `model` says of its input. */
export function storedTransform({
  inputTransform,
  linear,
  oneVsRest,
  trainConfig,
}: Pick<Model, "inputTransform" | "linear" | "oneVsRest" | "trainConfig">): StoredTransform {
  if (oneVsRest) return LINEAR_TRANSFORM;
  if (linear) return VIEWS_TRANSFORM;
  return normalizationOf({ trainConfig }) === "none" ? inputTransform : NORMALISED_TRANSFORM;
}

const path = v.pipe(v.string(), v.nonEmpty("a path is expected"));

const ManifestSchema = v.object({
  [MANIFEST_KEYS.schemaVersion]: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1)), SCHEMA_VERSION),
  [MANIFEST_KEYS.kind]: v.nullish(v.picklist([LINEAR_KIND])),
  [MANIFEST_KEYS.modelPath]: path,
  [MANIFEST_KEYS.metadataPath]: path,
  [MANIFEST_KEYS.referencePath]: v.nullish(path),
  [MANIFEST_KEYS.featurePanelPath]: v.nullish(path),
  [MANIFEST_KEYS.spacePath]: v.nullish(path),
  [MANIFEST_KEYS.viewsPath]: v.nullish(path),
  [MANIFEST_KEYS.referenceStorage]: v.nullish(v.picklist(REFERENCE_STORAGES)),
  [MANIFEST_KEYS.inputTransform]: v.nullish(v.picklist(STORED_TRANSFORMS)),
  [MANIFEST_KEYS.writtenBy]: v.nullish(v.string()),
});

const Sha256Schema = v.pipe(v.string(), v.regex(/^[0-9a-fA-F]{64}$/, "64 hexadecimal digits are expected"));

const KNOWN_KEYS: ReadonlySet<string> = new Set(Object.values(MANIFEST_KEYS));

/**
 * Parses and checks a manifest.
 * @throws BAD_FORMAT that names the wrong key; UNSUPPORTED for a newer `schema_version`.
 */
export function parseManifest(bytes: Uint8Array): Manifest {
  const config = parseJsonObject(bytes);
  const version = config.get(MANIFEST_KEYS.schemaVersion);
  if (typeof version === "number" && version > SCHEMA_VERSION)
    throw new AtlasmtlError(
      "UNSUPPORTED",
      `schema_version is ${version}; this version of atlasmtl reads up to ${SCHEMA_VERSION}`,
      { where: MANIFEST_KEYS.schemaVersion, hint: "update atlasmtl" },
    );
  const known = check(ManifestSchema, toPlain(config), "");
  const paths = PATH_KEYS.flatMap((key): [PathKey, string][] => {
    const value = known[key];
    return typeof value === "string" ? [[key, value]] : [];
  });
  return {
    schemaVersion: known[MANIFEST_KEYS.schemaVersion],
    kind: known[MANIFEST_KEYS.kind] ?? null,
    paths: new Map(paths),
    referenceStorage: known[MANIFEST_KEYS.referenceStorage] ?? null,
    inputTransform: known[MANIFEST_KEYS.inputTransform] ?? null,
    checksums: readChecksums(config.get(MANIFEST_KEYS.checksums) ?? null),
    preprocess: config.get(MANIFEST_KEYS.preprocess) ?? null,
    writtenBy: known[MANIFEST_KEYS.writtenBy] ?? null,
    extra: new Map([...config].filter(([key]) => !KNOWN_KEYS.has(key))),
  };
}

/** A null digest could not be computed when the bundle was written. */
function readChecksums(value: ConfigValue): ReadonlyMap<string, string> {
  if (value === null) return new Map();
  const where = MANIFEST_KEYS.checksums;
  if (!(value instanceof Map)) throw new AtlasmtlError("BAD_FORMAT", "an object is expected", { where });
  const digests = new Map<string, string>();
  for (const [key, digest] of value as ConfigMap)
    if (digest !== null) digests.set(key, check(Sha256Schema, digest, `${where} › ${key}`).toLowerCase());
  return digests;
}

function check<S extends v.GenericSchema>(schema: S, value: unknown, where: string): v.InferOutput<S> {
  const result = v.safeParse(schema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const place = [where, v.getDotPath(issue) ?? ""].filter(Boolean).join(" › ");
  throw new AtlasmtlError("BAD_FORMAT", issue.message, {
    where: place === "" ? "manifest" : place,
    hint: "the manifest is one that atlasmtl writes as NAME_manifest.json beside NAME.pth",
  });
}

/** Writes a manifest; the kind, feature panel, space, views, preprocess and writer keys are omitted if they are empty. */
export function emitManifest(manifest: Manifest): Uint8Array {
  const { kind, paths, checksums, preprocess, writtenBy } = manifest;
  const panel = paths.get(MANIFEST_KEYS.featurePanelPath);
  const space = paths.get(MANIFEST_KEYS.spacePath);
  const views = paths.get(MANIFEST_KEYS.viewsPath);
  return emitJson(
    new Map<string, ConfigValue>([
      ...manifest.extra,
      [MANIFEST_KEYS.schemaVersion, manifest.schemaVersion],
      ...(kind === null ? [] : [[MANIFEST_KEYS.kind, kind] as [string, ConfigValue]]),
      [MANIFEST_KEYS.modelPath, paths.get(MANIFEST_KEYS.modelPath) ?? null],
      [MANIFEST_KEYS.metadataPath, paths.get(MANIFEST_KEYS.metadataPath) ?? null],
      [MANIFEST_KEYS.referencePath, paths.get(MANIFEST_KEYS.referencePath) ?? null],
      ...(panel === undefined ? [] : [[MANIFEST_KEYS.featurePanelPath, panel] as [string, ConfigValue]]),
      ...(space === undefined ? [] : [[MANIFEST_KEYS.spacePath, space] as [string, ConfigValue]]),
      ...(views === undefined ? [] : [[MANIFEST_KEYS.viewsPath, views] as [string, ConfigValue]]),
      [MANIFEST_KEYS.referenceStorage, manifest.referenceStorage],
      [MANIFEST_KEYS.inputTransform, manifest.inputTransform],
      ...(checksums.size === 0 ? [] : [[MANIFEST_KEYS.checksums, checksums] as [string, ConfigValue]]),
      ...(preprocess === null ? [] : [[MANIFEST_KEYS.preprocess, preprocess] as [string, ConfigValue]]),
      ...(writtenBy === null ? [] : [[MANIFEST_KEYS.writtenBy, writtenBy] as [string, ConfigValue]]),
    ]),
  );
}
