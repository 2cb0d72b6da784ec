/** What a caller can say about a dataset that does not say it itself. @module */

/** The two names of a gene in 10x data. */
export const VAR_NAMES = ["gene_symbols", "gene_ids"] as const;

/** The orientation of a table of numbers. */
export const GENES_IN = ["columns", "rows"] as const;
