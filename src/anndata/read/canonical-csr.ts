/**
 * Converts rows to the canonical form of `core/csr.ts`: columns ascend, duplicates are summed, zeros are
 * removed.
 * @module
 */
import type { Csr } from "../../core/csr.ts";
import type { ScratchBuffer } from "../../core/scratch-buffer.ts";

/** Why an entry is invalid. `column` is the stored value and may be out of range. */
export interface EntryProblem {
  readonly kind: "column" | "value";
  readonly row: number;
  readonly column: number;
  readonly value: number;
}

/** Column numbers in the narrowest type, stored in `room` if it is given. */
function compactColumns(
  columns: Int32Array,
  nCols: number,
  scratch?: ScratchBuffer,
): Uint16Array | Uint32Array {
  if (scratch === undefined) return nCols <= 65536 ? new Uint16Array(columns) : new Uint32Array(columns);
  const buffer = scratch(columns.length * (nCols <= 65536 ? 2 : 4));
  const compact =
    nCols <= 65536 ? new Uint16Array(buffer, 0, columns.length) : new Uint32Array(buffer, 0, columns.length);
  compact.set(columns);
  return compact;
}

/**
 * Canonical CSR of `nRows` rows whose entries are `starts[r]` to `starts[r + 1]` of `columns` and `values`;
 * both arrays are overwritten. `report` is called for the first invalid entry and must throw. With a `room`,
 * a block is only valid until the next one is made.
 */
export function canonicalCsr(
  nRows: number,
  nCols: number,
  starts: Float64Array | Uint32Array,
  columns: Int32Array,
  values: Float32Array,
  report: (problem: EntryProblem) => never,
  scratch?: ScratchBuffer,
): Csr {
  const indptr = new Uint32Array(nRows + 1);
  let kept = 0;
  for (let row = 0; row < nRows; row++) {
    const start = starts[row];
    const end = starts[row + 1];
    let last = -1;
    let rises = true;
    let hasZero = false;
    for (let e = start; e < end; e++) {
      const column = columns[e];
      const value = values[e];
      if (column < 0 || column >= nCols) report({ kind: "column", row, column, value });
      if (value - value !== 0) report({ kind: "value", row, column, value });
      if (column <= last) rises = false;
      if (value === 0) hasZero = true;
      last = column;
    }
    if (rises && !hasZero && kept === start) {
      kept = end; // the usual case: the row is already in place
    } else if (rises) {
      for (let e = start; e < end; e++) {
        const value = values[e];
        if (value === 0) continue;
        columns[kept] = columns[e];
        values[kept] = value;
        kept++;
      }
    } else {
      kept = mergeRow(row, start, end, columns, values, kept, report);
    }
    indptr[row + 1] = kept;
  }
  return {
    nRows,
    nCols,
    indptr,
    indices: compactColumns(columns.subarray(0, kept), nCols, scratch),
    data:
      kept === values.length
        ? values
        : scratch === undefined
          ? values.slice(0, kept)
          : values.subarray(0, kept),
  };
}

/** Sorts one row and sums its duplicates in float64; writes it at `kept`, which is not after `start`. */
function mergeRow(
  row: number,
  start: number,
  end: number,
  columns: Int32Array,
  values: Float32Array,
  kept: number,
  report: (problem: EntryProblem) => never,
): number {
  const n = end - start;
  // Column and position in one number, so that the sort is numeric and stable.
  const order = new Float64Array(n);
  for (let i = 0; i < n; i++) order[i] = columns[start + i] * n + i;
  order.sort();
  const rowValues = values.slice(start, end);
  for (let i = 0; i < n; ) {
    const column = Math.floor(order[i] / n);
    let sum = 0;
    for (; i < n && Math.floor(order[i] / n) === column; i++) sum += rowValues[order[i] - column * n];
    const value = Math.fround(sum);
    if (value - value !== 0) report({ kind: "value", row, column, value });
    if (value === 0) continue;
    columns[kept] = column;
    values[kept] = value;
    kept++;
  }
  return kept;
}

/** Canonical CSR of a row-major block of `nRows` × `nCols` values. */
export function denseToCsr(
  nRows: number,
  nCols: number,
  values: Float32Array,
  report: (problem: EntryProblem) => never,
): Csr {
  const indptr = new Uint32Array(nRows + 1);
  let count = 0;
  for (let row = 0; row < nRows; row++) {
    const end = (row + 1) * nCols;
    for (let e = row * nCols; e < end; e++) {
      const value = values[e];
      if (value - value !== 0) report({ kind: "value", row, column: e - row * nCols, value });
      if (value !== 0) count++;
    }
    indptr[row + 1] = count;
  }
  const indices = nCols <= 65536 ? new Uint16Array(count) : new Uint32Array(count);
  const data = new Float32Array(count);
  let at = 0;
  for (let row = 0; row < nRows; row++) {
    for (let column = 0, e = row * nCols; column < nCols; column++, e++) {
      const value = values[e];
      if (value === 0) continue;
      indices[at] = column;
      data[at] = value;
      at++;
    }
  }
  return { nRows, nCols, indptr, indices, data };
}
