/**
 * The dataset manifest of a benchmark: its keys, what they may hold, and what a wrong one meant
 * (docs/specification/5-benchmark.md#dataset-manifest).
 * @module
 */

import { type ConfigValue, Float } from "../core/config.ts";
import { didYouMean, nearest } from "../core/nearest.ts";
import { shown } from "../core/shown.ts";
import { AtlasmtlError, locate } from "../errors.ts";
import { DEFAULT_TRAIN_OPTIONS, type TrainOptions } from "../model/options.ts";
import { resolveTrainOptions } from "../model/resolve-options.ts";
import { parseHierarchyRules } from "../predict/hierarchy-rules.ts";
import { PREDICT_DEFAULTS, type PredictOptions } from "../predict/options.ts";
import type { PreprocessOptions } from "../preprocess/options.ts";
import { inManifestWords } from "./manifest-words.ts";
import { METHOD_CONFIG_KEYS } from "./methods/names.ts";
import { type Policies, PREDICT_POLICY_KEYS, parsePolicies, TRAIN_POLICY_KEYS } from "./policy-keys.ts";
import { HVG_KEYS, PREPROCESS_KEYS, preprocessOptionsOf } from "./preprocess-keys.ts";

/** Keys that every manifest has. */
const REQUIRED = ["reference_h5ad", "query_h5ad", "label_columns"] as const;

/** Keys of docs/specification/5-benchmark.md#dataset-manifest that a manifest may have. */
const OPTIONAL = [
  "dataset_name",
  "version",
  "protocol_version",
  "random_seed",
  "split_name",
  "split_description",
  "reference_subset",
  "query_subset",
  "coord_targets",
  "query_coord_targets",
  "domain_key",
  "train",
  "predict",
  "method_configs",
] as const;

/** Options that the manifest sets elsewhere or that name no setting. */
const NOT_IN_TRAIN = ["labelColumns", "coordTargets", "initModel", "initModelPath", "preprocess"];
const NOT_IN_PREDICT = ["keepCoords"];

const MANIFEST_DEFAULTS = { datasetName: "dataset", protocolVersion: 1, randomSeed: 42 } as const;

/** Cells whose value in each of these obs columns is in its list. */
export type Subset = ReadonlyMap<string, readonly string[]>;

/** A checked manifest. Paths are as written; they are taken from the manifest's folder. */
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
  readonly predict: PredictOptions;
  /** What is left to the runner to decide. */
  readonly policies: Policies;
  /** Settings by method. */
  readonly methodConfigs: ReadonlyMap<string, ReadonlyMap<string, number>>;
  /** Preprocessing for all methods; null without any of its keys. */
  readonly preprocess: PreprocessOptions | null;
}

type Keys = ReadonlyMap<string, unknown>;

/**
 * Checks a manifest that was read from YAML, mappings as Maps; `where` is its file.
 * @throws USAGE for a missing or unknown key, naming the nearest, or a value of the wrong kind.
 */
export function parseBenchmarkManifest(content: unknown, where: string): BenchmarkManifest {
  const keys = mapping(content, where, [...REQUIRED, ...OPTIONAL, ...PREPROCESS_KEYS]);
  for (const key of REQUIRED)
    if (isAbsent(keys.get(key)))
      throw bad(`the manifest has no ${key}`, where, `add ${key}; required are ${REQUIRED.join(", ")}`);
  const text = (key: string): string | null =>
    isAbsent(keys.get(key)) ? null : nonEmpty(keys.get(key), `${where} › ${key}`);
  const labelColumns = texts(keys.get("label_columns"), `${where} › label_columns`);
  const train = options(
    keys.get("train"),
    `${where} › train`,
    TRAIN_KEYS,
    TRAIN_POLICY_KEYS,
  ) as Partial<TrainOptions>;
  checkTrain(train, labelColumns, `${where} › train`);
  if (!isAbsent(keys.get("hvg_config")))
    mapping(keys.get("hvg_config"), `${where} › hvg_config`, [...HVG_KEYS.keys()]);
  const protocolVersion = integer(keys, "protocol_version", MANIFEST_DEFAULTS.protocolVersion, where);
  if (protocolVersion !== 1)
    throw new AtlasmtlError("UNSUPPORTED", `protocol version ${protocolVersion}; this version knows 1`, {
      where: `${where} › protocol_version`,
      hint: "update atlasmtl, or write protocol_version: 1",
    });
  return {
    datasetName: text("dataset_name") ?? MANIFEST_DEFAULTS.datasetName,
    version: isAbsent(keys.get("version")) ? null : String(keys.get("version")),
    protocolVersion,
    randomSeed: integer(keys, "random_seed", MANIFEST_DEFAULTS.randomSeed, where),
    splitName: text("split_name"),
    splitDescription: text("split_description"),
    referencePath: nonEmpty(keys.get("reference_h5ad"), `${where} › reference_h5ad`),
    queryPath: nonEmpty(keys.get("query_h5ad"), `${where} › query_h5ad`),
    labelColumns,
    referenceSubset: subset(keys.get("reference_subset"), `${where} › reference_subset`),
    querySubset: subset(keys.get("query_subset"), `${where} › query_subset`),
    coordTargets: pairs(keys.get("coord_targets"), `${where} › coord_targets`),
    queryCoordTargets: pairs(keys.get("query_coord_targets"), `${where} › query_coord_targets`),
    domainKey: text("domain_key"),
    train,
    predict: predictOptions(keys.get("predict"), `${where} › predict`),
    policies: parsePolicies(asKeys(keys.get("train")), asKeys(keys.get("predict")), labelColumns, where),
    methodConfigs: methodConfigs(keys.get("method_configs"), `${where} › method_configs`),
    preprocess: preprocessOptionsOf(
      new Map(
        PREPROCESS_KEYS.filter((key) => !isAbsent(keys.get(key))).map((key) => [
          key,
          asConfig(keys.get(key), `${where} › ${key}`),
        ]),
      ),
      where,
    ),
  };
}

const snakeToCamel = (key: string): string =>
  key.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
const camelToSnake = (key: string): string => key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const optionKeys = (names: readonly string[], without: readonly string[]): ReadonlyMap<string, string> =>
  new Map(names.filter((name) => !without.includes(name)).map((name) => [camelToSnake(name), name]));

const TRAIN_KEYS = optionKeys([...Object.keys(DEFAULT_TRAIN_OPTIONS), "taskWeights"], NOT_IN_TRAIN);
const PREDICT_KEYS = optionKeys(Object.keys(PREDICT_DEFAULTS), NOT_IN_PREDICT);

const asKeys = (value: unknown): Keys => (value instanceof Map ? value : new Map());

/** The options of a mapping by their names in the library; `others` are keys that are no options. */
function options(
  value: unknown,
  where: string,
  known: ReadonlyMap<string, string>,
  others: readonly string[],
): object {
  if (isAbsent(value)) return {};
  const given = mapping(value, where, [...known.keys(), ...others]);
  return Object.fromEntries(
    [...given]
      .filter(([key, item]) => !isAbsent(item) && !others.includes(key))
      .map(([key, item]) => [known.get(key) ?? snakeToCamel(key), item]),
  );
}

function checkTrain(train: Partial<TrainOptions>, labelColumns: readonly string[], where: string): void {
  try {
    resolveTrainOptions({ ...train, labelColumns });
  } catch (error) {
    throw inManifestWords(error, where);
  }
}

function predictOptions(value: unknown, where: string): PredictOptions {
  const given: PredictOptions = options(value, where, PREDICT_KEYS, PREDICT_POLICY_KEYS);
  const { hierarchyRules } = given;
  if (hierarchyRules === undefined || hierarchyRules === "derive") return given;
  try {
    return { ...given, hierarchyRules: parseHierarchyRules(hierarchyRules) };
  } catch (error) {
    throw locate(error, `${where} › hierarchy_rules`);
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
  if (typeof value === "number") return Number.isInteger(value) ? value : new Float(value);
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (Array.isArray(value)) return value.map((item) => asConfig(item, where));
  if (value instanceof Map)
    return new Map([...value].map(([key, item]) => [String(key), asConfig(item, where)]));
  throw bad(`got ${shown(value)}, expected a setting`, where, "correct the value");
}

const isAbsent = (value: unknown): value is null | undefined => value === undefined || value === null;

function bad(message: string, where: string, hint: string): AtlasmtlError {
  return new AtlasmtlError("USAGE", message, { where, hint });
}
