/** The columns of a table of the genes of the labels (docs/outputs.md). @module */
import { keysOf } from "./keys.ts";

/** One row for each gene of a class; the last two only with a query. */
export const LABEL_GENES_TABLE = keysOf(
  "label_column",
  "label",
  "parent",
  "rank",
  "gene",
  "score",
  "expressing",
  "siblings_expressing",
  "n_cells",
  "n_sibling_cells",
  "query_expressing",
  "n_query_cells",
);
