/** Names of what preprocessing writes into an AnnData, a panel, a report and a split (docs/specification/4-preprocessing.md). @module */
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
  "n_former_symbols",
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

/** What a sample says about the values of a matrix. */
export const COUNTS_STATUSES = ["counts_confirmed", "counts_suspected", "not_counts"] as const;
export type CountsStatus = (typeof COUNTS_STATUSES)[number];

/** Columns that preprocessing adds to var. */
export const VAR_COLUMNS = {
  ensemblId: "ensembl_gene_id",
  symbol: "gene_symbol",
  originalName: "atlasmtl_original_var_name",
  groupSize: "atlasmtl_duplicate_group_size",
  present: "atlasmtl_feature_present_in_query",
} as const;

/** The key of uns that holds config, report and panel of an output. */
export const PREPROCESS_KEY = "atlasmtl_preprocess";

/** Keys under {@link PREPROCESS_KEY}. */
export const PREPROCESS_KEYS = keysOf("config", "report", "feature_panel", "split");

/** Keys of a plan's file (docs/specification/4-preprocessing.md#group-splits). */
export const SPLIT_PLAN_KEYS = keysOf(
  "schema_version",
  "name",
  "description",
  "split_key",
  "target_label",
  "test_size",
  "stratify",
  "build_size",
  "predict_size",
  "seed",
  "n_candidates",
  "n_valid_candidates",
  "build",
  "predict",
  "unused_groups",
  "warnings",
  "dataset",
  "n_cells",
  "assignment_path",
  "assignment_sha256",
);

/** Keys of one side of a plan. */
export const SPLIT_SIDE_KEYS = keysOf("groups", "n_cells", "n_labels", "label_counts");

/** Columns of the file that gives the side of every cell. */
export const SPLIT_COLUMNS = ["cell_id", "group", "split"] as const;

/**
 * Keys of what a later step says about the split it took a side of (docs/specification/1-artifacts.md#run-manifests).
 */
export const SPLIT_RECORD_KEYS = keysOf("name", "description", "part", "n_cells", "plan", "assignment");

/** Columns of var that may hold Ensembl ids, in the order they are tried; a species name goes before the last. */
export const ENSEMBL_COLUMNS = ["ensembl_gene_id", "ENSEMBL", "gene_ids"] as const;
export const SPECIES_ENSEMBL_COLUMN = "_ensembl_gene_id";
export const SPECIES_SYMBOL_COLUMN = "_gene_symbol";

/** How the names of genes became canonical ids. */
export const CASES = {
  ensembl: "A_ensembl",
  versioned: "B_ensembl_versioned",
  column: "C_symbol_with_ensembl_column",
  table: "D_symbol_mapping_table",
  mixed: "mixed_existing_column",
} as const;
export type NamingCase = (typeof CASES)[keyof typeof CASES];
