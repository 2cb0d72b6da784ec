/**
 * Compressed sparse rows (CSR), the matrix layout of training and prediction.
 * @module
 */

/**
 * A sparse matrix of `nRows` cells by `nCols` genes.
 *
 * Row r holds entries `indptr[r]` to `indptr[r + 1]`. Within a row, `indices` increase strictly (sorted, no
 * duplicates) and no stored value is zero: every reader guarantees this, and all other code relies on it.
 * `data` is null when every stored entry is 1 (the `binary` input transform).
 */
export interface Csr {
  readonly nRows: number;
  readonly nCols: number;
  readonly indptr: Uint32Array;
  readonly indices: Uint16Array | Uint32Array;
  readonly data: Float32Array | null;
}

/** Rows from `start` on, before `end`. */
export interface RowRange {
  readonly start: number;
  readonly end: number;
}

/** Consecutive rows of a streamed matrix; row 0 of `csr` is row `firstRow` of the matrix. */
export interface RowBlock {
  readonly firstRow: number;
  readonly csr: Csr;
}
