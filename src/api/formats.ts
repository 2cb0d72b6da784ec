/** Containers and tables by file name, and the names of the columns of a result. @module */

export {
  containerByName,
  isDatasetFolder,
  READ_NAMES,
  WRITTEN_ENDINGS,
  writtenContainer,
} from "../anndata/containers/containers.ts";
export { findInput } from "../anndata/containers/find-input.ts";
export { matrixName } from "../anndata/read/matrix-name.ts";
export { isArchiveName } from "../artifacts/bundle-files.ts";
export { bundleAt } from "../artifacts/choose-bundle.ts";
export { asModelPath } from "../artifacts/locations.ts";
export { RESULT_ENDINGS } from "../output/table-formats.ts";
export { FILE_SUFFIXES, MODEL_SUFFIX, RUN_MANIFEST_FILES } from "../schema/bundle.ts";
export { isPredictionColumn, labelColumnOf } from "../schema/columns.ts";
export { SHARD_ENDING } from "../schema/shards.ts";
export { STUDY_FILES } from "../schema/study.ts";
