/** A table of cells in memory. @module */
import type { Column } from "../anndata/types.ts";

/** Maximum size of a table in bytes. */
export const MAX_TABLE_BYTES = 1 << 29;

/** Names of the cells, and the other columns by name. */
export interface CellColumns {
  readonly obsNames: readonly string[];
  readonly columns: ReadonlyMap<string, Column>;
}
