/** The cells of one batch, transformed if the trainer has a transform. @module */
import type { Csr } from "../../core/csr.ts";
import type { CellTransform } from "../types.ts";

export interface Batch {
  readonly x: Csr;
  /** The batch's rows of `x`. */
  readonly rows: Uint32Array;
}

/** The rows `at` of `x`: themselves, or copies that went through `transform`, which has their numbers `rows`. */
export function gatherBatch(
  x: Csr,
  at: Uint32Array,
  rows: Uint32Array,
  transform: CellTransform | null,
  step: number | null,
): Batch {
  if (transform === null || x.data === null) return { x, rows: at };
  const indptr = new Uint32Array(rows.length + 1);
  at.forEach((row, r) => {
    indptr[r + 1] = indptr[r] + x.indptr[row + 1] - x.indptr[row];
  });
  const indices = new Uint32Array(indptr[rows.length]);
  const data = new Float32Array(indices.length);
  at.forEach((row, r) => {
    const [from, to] = [x.indptr[row], x.indptr[row + 1]];
    indices.set(x.indices.subarray(from, to), indptr[r]);
    data.set(x.data!.subarray(from, to), indptr[r]);
    transform(data, indptr[r], indptr[r + 1], rows[r], step);
  });
  return { x: { nRows: rows.length, nCols: x.nCols, indptr, indices, data }, rows: rows.map((_, r) => r) };
}
