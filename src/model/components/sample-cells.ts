/** The cells of a reference that its component space is fitted on, gathered while the matrix streams. @module */
import type { Csr, RowBlock } from "../../core/csr.ts";
import { permutation } from "../../core/rng.ts";

/** With fewer cells nothing can be said about distances. */
export const LEAST_CELLS = 25;
/** More cells say little more about components, means and covariance. */
const MAX_CELLS = 10_000;
/** More stored values than this are left out, cell by cell. */
const MAX_VALUES = 12_000_000;
/** Components are fitted on so many cells that about as many values are passed over. */
const MAX_FITTED_VALUES = 4_000_000;
/** A class keeps all of its cells up to this number. */
const LEAST_PER_CLASS = 50;

/**
 * Chooses at most about `most` rows, rising: each class keeps the same share of its cells, and all of the few that it
 * has. Rows of code −1 are a class of their own.
 */
export function chooseCells(codes: Int32Array, key: number, most = MAX_CELLS): Uint32Array {
  const all = Uint32Array.from(codes, (_, row) => row);
  if (codes.length <= most) return all;
  const counts = new Map<number, number>();
  for (const code of codes) counts.set(code, (counts.get(code) ?? 0) + 1);
  const share = most / codes.length;
  const taken = new Map<number, number>();
  const isChosen = new Uint8Array(codes.length);
  for (const row of permutation(key, codes.length)) {
    const code = codes[row];
    const n = taken.get(code) ?? 0;
    if (n >= Math.max(LEAST_PER_CLASS, share * (counts.get(code) ?? 0))) continue;
    taken.set(code, n + 1);
    isChosen[row] = 1;
  }
  return all.filter((row) => isChosen[row] === 1);
}

/** As many of `rows`, in random order and then sorted, as have {@link MAX_FITTED_VALUES} values. */
export function rowsToFit(rows: Uint32Array, { indptr }: Csr, key: number): Uint32Array {
  const order = permutation(key, rows.length);
  let [n, values] = [0, 0];
  for (; n < order.length && values < MAX_FITTED_VALUES; n++)
    values += indptr[rows[order[n]] + 1] - indptr[rows[order[n]]];
  return order
    .subarray(0, n)
    .map((at) => rows[at])
    .sort();
}

/** How many of `rows` to gather when a row stores `meanStored` values on average. */
export function cellsForValues(meanStored: number): number {
  return Math.max(1, Math.min(MAX_CELLS, Math.floor(MAX_VALUES / Math.max(1, meanStored))));
}

/** Gathers rows of a matrix from its blocks, which come in order. */
export interface RowCollector {
  add(block: RowBlock): void;
  /** The rows so far, with their values. */
  finish(): Csr & { readonly data: Float32Array };
}

/** A collector of `rows`, which rise, of a matrix of `nCols` columns. */
export function createRowCollector(rows: Uint32Array, nCols: number): RowCollector {
  const indptr = new Uint32Array(rows.length + 1);
  let indices = nCols <= 65536 ? new Uint16Array(1024) : new Uint32Array(1024);
  let data = new Float32Array(1024);
  let [next, used] = [0, 0];

  function reserve(n: number): void {
    if (n <= data.length) return;
    const size = Math.max(n, 2 * data.length);
    const [wider, longer] = [
      nCols <= 65536 ? new Uint16Array(size) : new Uint32Array(size),
      new Float32Array(size),
    ];
    wider.set(indices.subarray(0, used));
    longer.set(data.subarray(0, used));
    [indices, data] = [wider, longer];
  }

  return {
    add({ firstRow, csr }) {
      for (; next < rows.length && rows[next] < firstRow + csr.nRows; next++) {
        const [start, end] = [csr.indptr[rows[next] - firstRow], csr.indptr[rows[next] - firstRow + 1]];
        reserve(used + end - start);
        indices.set(csr.indices.subarray(start, end), used);
        if (csr.data === null) data.fill(1, used, used + end - start);
        else data.set(csr.data.subarray(start, end), used);
        used += end - start;
        indptr[next + 1] = used;
      }
    },
    finish: () => ({
      nRows: rows.length,
      nCols,
      indptr,
      indices: indices.subarray(0, used),
      data: data.subarray(0, used),
    }),
  };
}
