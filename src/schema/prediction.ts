/** Keys of what a result says about how it was made, and of rules that a caller gives. @module */
import { keysOf } from "./keys.ts";

/** Keys of `uns["atlasmtl"]`, `{}` a label column (docs/specification/3-prediction.md#metadata). */
export const PREDICTION_METADATA = keysOf(
  "atlasmtl_version",
  "knn_correction",
  "confidence_high",
  "confidence_low",
  "target_accuracy",
  "target_accuracy_thresholds",
  "margin_threshold",
  "knn_k",
  "knn_conf_low",
  "latent_source",
  "layer",
  "input_transform",
  "normalize",
  "n_genes_matched",
  "n_genes_missing",
  "calibration_applied",
  "calibration_method",
  "calibration_temperatures",
  "temperature_{}",
  "calibration_rung",
  "network_weights",
  "adaptation",
  "only_labels",
  "exclude_labels",
  "allowed_labels",
  "match_mode",
  "p_thres",
  "probabilities",
  "consensus",
  "consensus_k",
  "consensus_weight",
  "consensus_by",
  "min_prop",
  "prediction_sets_coverage",
  "prediction_sets_thresholds",
  "prediction_sets_mean_size",
  "knn_space_preferred",
  "knn_space_used",
  "knn_vote_mode",
  "knn_reference_mode",
  "knn_index_mode",
  "knn_coverage_{}",
  "transfer",
  "device_requested",
  "device_used",
  "num_threads_used",
  "unknown",
  "known_loss",
  "distance_unlike_rate",
  "distance_shift",
  "distance_spread",
  "shift_score",
  "depth_ratio",
  "openset_method",
  "openset_threshold",
  "openset_space_used",
  "openset_label_column",
  "openset_unknown_rate",
  "openset_num_prototypes",
  "hierarchy_enforced",
  "hierarchy_inconsistency_rate",
  "coherent_probabilities",
  "refinement",
  "prediction_runtime",
  "train_config",
  "gene_mapping",
  "preprocess",
);

/** Keys of `calibration_rung`: the stress of the held-out cells that are as unlike the reference as the query. */
export const CHOSEN_RUNG = keysOf("depth", "gain");

/** Keys of `adaptation`: cells of the queries that were looked at, and that were examples, by label column. */
export const ADAPTATION = keysOf("n_cells", "n_examples");

/** Keys of `gene_mapping`. */
export const GENE_MAPPING = keysOf(
  "case",
  "species",
  "species_guessed",
  "var_names_type",
  "var_names_type_guessed",
  "ensembl_column",
  "gene_id_table",
  "n_matched_as_they_are",
  "n_matched_mapped",
  "n_duplicated_ids",
  "n_orthologues",
);

/** Keys of the rules of one child column (docs/specification/3-prediction.md#hierarchy). */
export const HIERARCHY_RULE = keysOf("parent_col", "child_to_parent");

/** Why a cell is Unknown; the first that applies, in this order, is the reason. */
export const UNKNOWN_REASONS = [
  "no_counts",
  "low_confidence",
  "knn_disagrees",
  "unlike_reference",
  "open_set",
  "hierarchy",
] as const;

/**
 * `no_counts`: the cell has no value in any gene of the model. `low_confidence`: confidence below `confidence_low`. `knn_disagrees`: the network and the KNN vote both
 * have low confidence. `unlike_reference`: the distance to the classes of the reference is larger than that of all but
 * the permitted share of held-out reference cells. `open_set`: the distance to the reference is above the open-set threshold.
 * `hierarchy`: the label contradicts its parent's.
 */
export type UnknownReason = (typeof UNKNOWN_REASONS)[number];
