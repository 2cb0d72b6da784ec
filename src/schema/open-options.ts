/** What a caller can say about a dataset that does not say it itself. @module */

/** The two names of a gene in 10x data. */
export const VAR_NAMES = ["gene_symbols", "gene_ids"] as const;

/** The orientation of a table of numbers. */
export const GENES_IN = ["columns", "rows"] as const;

/** Columns of var that may say the type of a feature. */
export const FEATURE_TYPE_COLUMNS = ["feature_types", "feature_type"] as const;

/** The types of genes, in lower case: that of 10x, and a short form. */
export const GENE_TYPES: readonly string[] = ["gene expression", "gex"];

/** Types of features that are no genes. */
export const OTHER_FEATURE_TYPES = /capture|^(custom|peaks?|adt|hto|atac|antibod(y|ies)|protein|prot)$/i;

/** Columns of var that usually have the names of genes, where the index is row numbers; symbols first. */
export const NAME_COLUMNS = [
  "gene_symbols",
  "gene_symbol",
  "feature_name",
  "gene_name",
  "gene_names",
  "gene_short_name",
  "symbol",
  "gene_ids",
  "gene_id",
  "ensembl_gene_id",
  "ensembl_id",
] as const;

/**
 * Containers of several AnnData: where those lie, the option that chooses one, and which is read unless one is chosen. The
 * last are in lower case.
 */
export const PARTS = [
  { option: "modality", container: "MuData", folders: ["mod"], usual: ["rna", "gex", "gene expression"] },
  { option: "table", container: "SpatialData", folders: ["tables", "table"], usual: ["table"] },
] as const;
