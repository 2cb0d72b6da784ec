/**
 * Normalises counts to log(1 + counts per 10,000), cell by cell, so that a matrix can be streamed. Zeros
 * stay zeros.
 *
 * It uses the library's logarithm, so that values have the same bits on every platform. They agree with
 * scanpy's `normalize_total(target_sum=1e4)` and `log1p` to float32 rounding.
 * @module
 */
import type { Csr } from "./csr.ts";
import { log } from "./math.ts";

/** The sum of a cell's counts after scaling. */
export const TARGET_SUM = 10_000;

/**
 * Replaces the counts `values[start]` to `values[end − 1]` of one cell by log(1 + count · 10,000 / their sum), in
 * place. A cell without counts stays as it is.
 */
export function normalizeCell(values: Float32Array, start: number, end: number): void {
  let sum = 0;
  for (let e = start; e < end; e++) sum += values[e];
  if (!(sum > 0)) return;
  const scale = TARGET_SUM / sum;
  // Small counts occur repeatedly within a cell, so their logarithms are computed once.
  for (let count = 0; count < SMALL.length; count++) SMALL[count] = -1;
  for (let e = start; e < end; e++) {
    const count = values[e];
    if (!(count < SMALL.length && Number.isInteger(count))) {
      values[e] = log(1 + count * scale);
      continue;
    }
    if (SMALL[count] < 0) SMALL[count] = log(1 + count * scale);
    values[e] = SMALL[count];
  }
}

/** Normalises every cell of a matrix with values, in place. */
export function normalizeCells({ nRows, indptr, data }: Csr): void {
  if (data === null) return;
  for (let r = 0; r < nRows; r++) normalizeCell(data, indptr[r], indptr[r + 1]);
}

/** The normalised values of small counts in the current cell, −1 where not yet computed. */
const SMALL = new Float32Array(32);
