/** Rows that are gathered one after another, in memory that is used again. @module */
import type { Csr } from "../../core/csr.ts";

export interface RowBuffer {
  readonly nRows: number;
  clear(): void;
  /** Adds one row of `csr`, and lets `change` change its values. */
  add(csr: Csr, row: number, change?: (values: Float32Array, start: number, end: number) => void): void;
  /** The rows so far, in the memory of the buffer. */
  rows(): Csr;
}

/** A buffer of rows of `nCols` genes, with their values or without. */
export function createRowBuffer(nCols: number, hasValues: boolean): RowBuffer {
  const indicesOf = (n: number) => (nCols <= 65536 ? new Uint16Array(n) : new Uint32Array(n));
  let indptr = new Uint32Array(1024);
  let indices = indicesOf(1024);
  let data = new Float32Array(hasValues ? 1024 : 0);
  let nRows = 0;

  function reserve(n: number): void {
    if (nRows + 2 > indptr.length) indptr = grown(indptr, new Uint32Array(2 * indptr.length));
    if (n <= indices.length) return;
    const size = Math.max(n, Math.ceil(1.5 * indices.length));
    indices = grown(indices, indicesOf(size));
    if (hasValues) data = grown(data, new Float32Array(size));
  }

  return {
    get nRows() {
      return nRows;
    },
    clear() {
      nRows = 0;
    },
    add(csr, row, change) {
      const [from, to] = [csr.indptr[row], csr.indptr[row + 1]];
      const at = indptr[nRows];
      const end = at + to - from;
      reserve(end);
      indices.set(csr.indices.subarray(from, to), at);
      if (hasValues) {
        if (csr.data === null) data.fill(1, at, end);
        else data.set(csr.data.subarray(from, to), at);
        change?.(data, at, end);
      }
      indptr[++nRows] = end;
    },
    rows: () => ({
      nRows,
      nCols,
      indptr: indptr.subarray(0, nRows + 1),
      indices: indices.subarray(0, indptr[nRows]),
      data: hasValues ? data.subarray(0, indptr[nRows]) : null,
    }),
  };
}

function grown<T extends Uint16Array | Uint32Array | Float32Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
