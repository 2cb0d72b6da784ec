/** Every name of contract 4 that preprocessing writes into an AnnData, a panel or a report, once. @module */

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
export const PREPROCESS_KEYS = { config: "config", report: "report", panel: "feature_panel" } as const;

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
