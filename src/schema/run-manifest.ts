/** Keys of run manifests (docs/specification/1-artifacts.md#run-manifests). @module */
import { keysOf } from "./keys.ts";

/** Keys of every run manifest, in order; those of a command come before. */
export const RUN_MANIFEST = keysOf(
  "schema_version",
  "command",
  "inputs",
  "outputs",
  "seeds",
  "split",
  "software",
  "argv",
  "started_at",
  "finished_at",
);

/** What a configuration file or a benchmark manifest says for the record only; absent where it says nothing. */
export const DOCUMENTATION_KEY = "documentation";

/** Keys of one file in `inputs` and `outputs`. */
export const FILE_ENTRY = keysOf("path", "size", "sha256");

/** Keys of `software`. */
export const SOFTWARE = keysOf(
  "package",
  "package_version",
  "git_commit",
  "code_sha256",
  "runtime",
  "platform",
);

/** Keys that a command has of its own, before those of every run manifest. */
export const TRAIN_DETAILS = keysOf("out", "labels", "device", "engine", "train_config", "preprocess");
export const IMPORT_DETAILS = keysOf("model", "out", "labels", "imported");
export const PREDICT_DETAILS = keysOf(
  "model",
  "out",
  "device",
  "engine",
  "prediction_metadata",
  "preprocess",
  "sample_summary",
);
export const OPENSET_DETAILS = keysOf(
  "model",
  "out",
  "rule",
  "n_known",
  "n_unseen",
  "known_outside",
  "unseen_outside",
  "auroc",
);
export const BENCHMARK_DETAILS = keysOf(
  "dataset_manifest",
  "methods",
  "dataset_name",
  "dataset_version",
  "protocol_version",
  "reference_subset",
  "query_subset",
  "domain_key",
  "device",
  "executable",
);
/** The written files by name, as the seed has them beside `outputs`. */
export const ARTIFACT_DETAILS = keysOf("artifact_paths", "artifact_checksums");
