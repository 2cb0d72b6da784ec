/**
 * Every name of docs/specification/4-preprocessing.md that preprocessing writes into an AnnData, a panel or a report,
 * once.
 * @module
 */

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
export const PREPROCESS_KEYS = {
  config: "config",
  report: "report",
  panel: "feature_panel",
  /** Of a dataset that is one side of a split: {@link SPLIT_RECORD_KEYS}. */
  split: "split",
} as const;

/** Keys of a plan's file (docs/specification/4-preprocessing.md#group-splits). */
export const SPLIT_PLAN_KEYS = {
  schemaVersion: "schema_version",
  name: "name",
  description: "description",
  splitKey: "split_key",
  targetLabel: "target_label",
  buildSize: "build_size",
  predictSize: "predict_size",
  seed: "seed",
  nCandidates: "n_candidates",
  nValidCandidates: "n_valid_candidates",
  build: "build",
  predict: "predict",
  unusedGroups: "unused_groups",
  warnings: "warnings",
  dataset: "dataset",
  nCells: "n_cells",
  assignmentPath: "assignment_path",
  assignmentSha256: "assignment_sha256",
} as const;

/** Keys of one side of a plan. */
export const SPLIT_SIDE_KEYS = {
  groups: "groups",
  nCells: "n_cells",
  nLabels: "n_labels",
  labelCounts: "label_counts",
} as const;

/** Columns of the file that gives the side of every cell. */
export const SPLIT_COLUMNS = ["cell_id", "group", "split"] as const;

/**
 * Keys of what a later step says about the split it took a side of (docs/specification/1-artifacts.md#run-manifests).
 */
export const SPLIT_RECORD_KEYS = {
  name: "name",
  description: "description",
  part: "part",
  nCells: "n_cells",
  plan: "plan",
  assignment: "assignment",
} as const;

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
