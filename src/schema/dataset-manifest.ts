/** Names of the dataset manifest of a benchmark (docs/specification/5-benchmark.md#dataset-manifest). @module */
import { keysOf } from "./keys.ts";
import { type OptionTable, optionKeys } from "./option.ts";
import { PREDICT_OPTIONS } from "./prediction-options.ts";
import { PREPROCESS_OPTIONS } from "./preprocess-options.ts";
import { POLICY_FEATURES } from "./scores.ts";
import { RECORDED_TRAIN_NAMES, type SettingName, settingNames } from "./setting-names.ts";
import { TRAIN_OPTIONS } from "./training-options.ts";

/** Keys of a manifest besides those of preprocessing. */
export const DATASET_MANIFEST = keysOf(
  "reference_h5ad",
  "query_h5ad",
  "label_columns",
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
);
/** Keys that every manifest has. */
export const REQUIRED_MANIFEST_KEYS = [
  DATASET_MANIFEST.referenceH5ad,
  DATASET_MANIFEST.queryH5ad,
  DATASET_MANIFEST.labelColumns,
] as const;

/** Keys of `train` that belong to the choice of task weights, and of `predict` that belong to the refinement. */
export const TRAIN_POLICY = keysOf(
  "task_weight_policy",
  "task_weight_selector",
  "task_weight_policy_source_run",
  "task_weight_candidates",
);
export const PREDICT_POLICY = keysOf("refinement_policy");

export const TASK_WEIGHT_POLICIES = ["auto_task_weight_schedule_v1"] as const;
export const REFINEMENT_POLICIES = ["auto_parent_conditioned_reranker_v1"] as const;
/** By which score of the development cells a candidate must beat the base. */
export const TASK_WEIGHT_SELECTORS = [
  POLICY_FEATURES.finestMacroF1,
  POLICY_FEATURES.finestBalancedAccuracy,
  POLICY_FEATURES.fullPathAccuracy,
] as const;

/** The key that groups settings of variable genes, and its keys by the options that they set. */
export const HVG_CONFIG_KEY = "hvg_config";
export const HVG_CONFIG = {
  hvgMethod: "method",
  nTopGenes: "n_top_genes",
  hvgBatchKey: "batch_key",
} as const;

/** Names of settings in a manifest, without those that it sets elsewhere or that are no settings. */
const without = (
  names: ReadonlyMap<string, SettingName>,
  ...options: readonly string[]
): ReadonlyMap<string, SettingName> =>
  new Map([...names].filter(([, { option }]) => !options.includes(option)));

export const TRAIN_SETTINGS = without(
  settingNames(TRAIN_OPTIONS, RECORDED_TRAIN_NAMES),
  "labelColumns",
  "coordTargets",
  "initModel",
  "preprocess",
);
export const PREDICT_SETTINGS = without(settingNames(PREDICT_OPTIONS), "keepCoords");
/** Where the bundle of a benchmark keeps its reference, below the folder of the method. */
export const REFERENCE_PATH_KEY = "reference_path";

/** Options by their keys in a manifest. */
const settings = <T extends OptionTable, W extends keyof T>(
  table: T,
  ...others: readonly W[]
): ReadonlyMap<string, Exclude<keyof T, W>> =>
  new Map(
    Object.entries(optionKeys(table))
      .filter(([name]) => !others.some((each) => each === name))
      .map(([name, key]) => [key, name as unknown as Exclude<keyof T, W>]),
  );

export const PREPROCESS_SETTINGS = settings(PREPROCESS_OPTIONS, "referenceDatasetName", "randomState");
