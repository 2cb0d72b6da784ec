/** Keys of files, for hosts that show what is in them. @module */
export { MANIFEST_KEYS } from "../schema/bundle.ts";
export { PREPROCESS_KEY } from "../schema/preprocessing.ts";
export { SOURCE_COLUMN } from "../schema/references.ts";
export {
  ARTIFACT_DETAILS,
  BENCHMARK_DETAILS,
  DOCUMENTATION_KEY,
  IMPORT_DETAILS,
  OPENSET_DETAILS,
  PREDICT_DETAILS,
  RUN_MANIFEST,
  TRAIN_DETAILS,
} from "../schema/run-manifest.ts";
export { LABEL_SCORES, SEEN_SCORES, SET_SCORES } from "../schema/scores.ts";
export { COMPOSITION_TABLE, SAMPLE_TABLE } from "../schema/study.ts";
export { RESOURCE_SUMMARY, TRAIN_CONFIG } from "../schema/training.ts";
