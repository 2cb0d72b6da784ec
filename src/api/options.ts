/**
 * The values that each option takes and the defaults, for forms and command lines. The module holds tables only, so it
 * loads fast.
 * @module
 */

export type { OpenOptions } from "../anndata/containers/probe.ts";
export { DEFAULT_HOTSPOT_OPTIONS } from "../evaluate/hotspots.ts";
export { DEFAULT_OPENSET_QUANTILE } from "../evaluate/openset-threshold.ts";
export { type ChildCorrectionOptions, DEFAULT_CHILD_OPTIONS } from "../model/child-options.ts";
export { DEFAULT_TRAIN_OPTIONS } from "../model/options.ts";
export { PREDICT_DEFAULTS } from "../predict/options.ts";
export { PREPROCESS_DEFAULTS } from "../preprocess/options.ts";
export { CELL_SPLIT_DEFAULTS, SPLIT_DEFAULTS, SPLIT_PARTS } from "../preprocess/split-options.ts";
export { METHODS as BENCHMARK_METHODS } from "../schema/benchmark.ts";
export { DEFAULT_LABEL_COLUMN } from "../schema/bundle.ts";
export { DEFAULT_WRITE_MODE, WRITE_MODES } from "../schema/columns.ts";
export { ENGINES } from "../schema/engines.ts";
export { GENES_IN, VAR_NAMES } from "../schema/open-options.ts";
export { UNKNOWN_REASONS } from "../schema/prediction.ts";
export {
  DEVICES,
  KNN_CORRECTIONS,
  KNN_INDEX_MODES,
  KNN_REFERENCE_MODES,
  KNN_VOTE_MODES,
  MATCH_MODES,
  OPENSET_METHODS,
  UNKNOWN_MODES,
} from "../schema/prediction-options.ts";
export {
  DUPLICATE_POLICIES,
  FEATURE_SPACES,
  HVG_METHODS,
  INPUT_MATRIX_TYPES,
  SPECIES,
  SPECIES_CHOICES,
  UNMAPPED_POLICIES,
  VAR_NAMES_TYPES,
} from "../schema/preprocess-options.ts";
export { CASES as NAMING_CASES } from "../schema/preprocessing.ts";
export { HOTSPOT_SELECTIONS } from "../schema/scores.ts";
export {
  CALIBRATION_METHODS,
  CLASS_WEIGHTING_MODES,
  INPUT_TRANSFORMS,
  MISSING_LABELS,
  NORMALIZATIONS,
  OPTIMIZERS,
  PRESETS,
  type PresetName,
  REFERENCE_STORAGES,
  SCHEDULERS,
  TRAIN_DEVICES,
} from "../schema/training-options.ts";
