/** Names of scores in files and tables (docs/specification/5-benchmark.md#metrics). @module */
import { keysOf } from "./keys.ts";

/** Scores of the labels of one column. */
export const LABEL_SCORES = keysOf(
  "accuracy",
  "macro_f1",
  "balanced_accuracy",
  "coverage",
  "reject_rate",
  "covered_accuracy",
  "risk",
  "ece",
  "brier",
  "aurc",
  "n_total",
  "n_covered",
);

/** Scores that keep cells of unseen types apart, beside those of labels. */
export const SEEN_SCORES = keysOf("n_unseen", "seen_accuracy");

/** Scores of prediction sets, beside those of labels. */
export const SET_SCORES = keysOf("set_coverage", "mean_set_size", "single_label_rate");

/** What neighbours and Unknown did to one column. */
export const BEHAVIOUR_SCORES = keysOf(
  "unknown_rate",
  "knn_coverage",
  "knn_change_rate",
  "knn_rescue_rate",
  "knn_harm_rate",
  "unknown_rate_among_used",
  "knn_change_rate_among_used",
  "knn_rescue_rate_among_used",
  "knn_harm_rate_among_used",
);

/** Scores of all columns together. */
export const PATH_SCORES = keysOf(
  "n_total",
  "full_path_accuracy",
  "full_path_coverage",
  "full_path_covered_accuracy",
  "edges",
);

/** Scores of a parent and a child column, and of each parent (`per_parent`). */
export const EDGE_SCORES = keysOf(
  "path_consistency_rate",
  "n_cells",
  "parent_correct_child_correct_rate",
  "parent_correct_child_wrong_rate",
  "parent_wrong_child_correct_rate",
  "parent_wrong_child_wrong_rate",
  "path_break_rate",
  "per_parent",
);

/** What advice looks at (docs/specification/3-prediction.md#advice). */
export const POLICY_FEATURES = keysOf(
  "n_levels",
  "coarsest_macro_f1",
  "finest_macro_f1",
  "finest_balanced_accuracy",
  "parent_correct_child_wrong_rate",
  "full_path_accuracy",
  "hierarchy_gap",
  "hotspot_concentration",
);

/** How parents were chosen (docs/specification/3-prediction.md#hotspots), and one of them. */
export const HOTSPOT_SELECTION = keysOf(
  "mode",
  "topk",
  "target_contribution",
  "min_cells",
  "max_parents",
  "concentration",
  "hotspots",
);
export const HOTSPOT = keysOf(
  "parent",
  "n_cells",
  "parent_correct_child_wrong_rate",
  "score",
  "contribution",
);

/** The rules that advice follows. */
export const TASK_WEIGHT_RULE_VERSION = "task_weight_schedule_v1";
export const REFINEMENT_RULE_VERSION = "parent_conditioned_refinement_v1";

/**
 * How parents are chosen. `topk`: a fixed number of the worst; `cumulative_contribution`: as many as cause a given
 * share of all errors.
 */
export const HOTSPOT_SELECTIONS = ["topk", "cumulative_contribution"] as const;
export type HotspotSelection = (typeof HOTSPOT_SELECTIONS)[number];
