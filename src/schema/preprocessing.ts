/** Keys of what preprocessing writes into a panel and a report (docs/specification/4-preprocessing.md). @module */
import { keysOf } from "./keys.ts";

/** Keys of a feature panel (docs/specification/4-preprocessing.md#feature-panel). */
export const FEATURE_PANEL = keysOf(
  "gene_ids",
  "gene_symbols",
  "feature_space",
  "n_features",
  "species",
  "var_names_type_original",
  "gene_id_table",
  "hvg_method",
  "n_top_genes",
  "hvg_batch_key",
  "counts_layer",
  "hvg_layer_used",
  "reference_dataset_name",
);

/** Keys of a report; the last three are of a query's. */
export const PREPROCESS_REPORT = keysOf(
  "kind",
  "n_cells",
  "genes",
  "counts",
  "n_features",
  "n_features_matched",
  "n_features_missing",
  "missing_examples",
);

/** Keys of `genes` in a report. */
export const GENES_REPORT = keysOf(
  "case",
  "species",
  "species_guessed",
  "var_names_type",
  "var_names_type_guessed",
  "ensembl_column",
  "name_prefix",
  "gene_id_table",
  "n_input_genes",
  "n_output_genes",
  "n_versions_stripped",
  "n_unmapped",
  "unmapped_examples",
  "unmapped_causes",
  "n_dropped",
  "n_duplicated_ids",
  "duplicated_examples",
);

/** Keys of `counts` in a report, and of its `summary`. */
export const COUNTS_REPORT = keysOf("counts_matrix", "materialized_from_x", "summary");
export const COUNTS_SUMMARY = keysOf(
  "status",
  "shape",
  "sampled_values",
  "nonzero_rate",
  "integer_fraction",
  "has_negative",
  "min",
  "p1",
  "p5",
  "p50",
  "p95",
  "max",
);
