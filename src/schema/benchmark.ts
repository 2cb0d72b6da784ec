/** Keys of what a benchmark writes (docs/specification/5-benchmark.md#runner). @module */
import { keysOf } from "./keys.ts";

/** Keys of `metrics.json`. */
export const BENCHMARK_METRICS = keysOf(
  "protocol_version",
  "dataset_manifest",
  "identity",
  "inputs",
  "results",
);

/** Keys of one method in `results`. */
export const METHOD_ENTRY = keysOf(
  "method",
  "method_version",
  "dataset_name",
  "dataset_version",
  "protocol_context",
  "metrics",
  "metrics_by_domain",
  "behavior_metrics",
  "behavior_metrics_by_domain",
  "hierarchy_metrics",
  "coordinate_metrics",
  "unknown_reasons",
  "train_usage",
  "predict_usage",
  "artifact_sizes",
  "artifact_paths",
  "artifact_checksums",
  "model_source",
  "model_input_path",
  "input_contract",
  "train_config_used",
  "predict_config_used",
  "prediction_metadata",
  "policy_dag",
);

/** Keys of `protocol_context`. */
export const PROTOCOL_CONTEXT = keysOf(
  "protocol_version",
  "random_seed",
  "split_name",
  "split_description",
  "label_columns",
  "domain_key",
  "n_reference",
  "n_query",
);

/** Keys of `input_contract`, and of its `feature_alignment`. */
export const INPUT_CONTRACT = keysOf(
  "reference_matrix_source",
  "query_matrix_source",
  "values_are_counts",
  "feature_alignment",
  "preprocess",
  "normalization",
  "label_scope",
  "backend",
);
export const FEATURE_ALIGNMENT = keysOf("n_reference", "n_query", "n_shared");

/** Keys of the decision about task weights, and of one candidate that was tried. */
export const TASK_WEIGHT_DECISION = keysOf(
  "policy",
  "rule_version",
  "selector",
  "source_run",
  "development",
  "activated",
  "note",
  "features",
  "candidates",
  "chosen",
  "reason",
);
export const TRIED_WEIGHTS = keysOf("name", "weights", "scores");

/** Keys of the decision about a refinement. */
export const REFINEMENT_DECISION = keysOf(
  "policy",
  "rule_version",
  "development",
  "activated",
  "note",
  "features",
  "selection",
  "guardrail",
  "chosen",
  "reason",
);

/** Keys of `guardrail`, and of one of its `checks`. */
export const GUARDRAIL_RESULT = keysOf("name", "passed", "checks");
export const GUARDRAIL_CHECK = keysOf("score", "base", "refined", "passed");

/** Keys of `development`. */
export const DEVELOPMENT = keysOf("n_fit", "n_development", "seed");

/** What `policy_dag` may hold, and the keys of a decision in it. */
export const POLICY_DAG = keysOf("development", "task_weights", "refinement", "source_run", "reference");
export const POLICY_NODE = keysOf("from", "policy", "activated", "chosen", "reason", "decision_file");

/** The methods that a benchmark can compare, in the order in which they run. */
export const METHODS = [
  "atlasmtl",
  "reference_knn",
  "nearest_centroid",
  "logistic_regression",
  "spearman_correlation",
] as const;
export type Method = (typeof METHODS)[number];

/** Settings of methods in `method_configs`, and what methods say about how they were trained and asked. */
export const REFERENCE_KNN = keysOf("k", "vote_mode", "distance_floor");
export const LOGISTIC_REGRESSION = keysOf("c", "max_iter", "iterations", "has_converged");
export const SPEARMAN_CORRELATION = keysOf("quantile", "fine_tune_threshold", "n_markers");

/** The folders of tables and of methods in a run, and that of methods which wait for the end of the run. */
export const TABLES_FOLDER = "paper_tables";
export const METHODS_FOLDER = "methods";
export const PROGRESS_FOLDER = ".benchmark";
/** The guard that a refinement must pass, and its score of the finest labels. */
export const GUARDRAIL_NAME = "phmap_v1";
export const CHILD_MACRO_F1 = "child_macro_f1";
/** The seed by which development cells are chosen. */
export const DEVELOPMENT_SEED = "policy_development";
