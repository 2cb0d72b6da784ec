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
 * Replaces the counts `values[start]` to `values[end − 1]` of one cell by log(1 + count · `target` / their sum), in
 * place, and returns their sum. A cell without counts stays as it is.
 */
export function normalizeCell(
  values: Float32Array,
  start: number,
  end: number,
  target: number = TARGET_SUM,
): number {
  let sum = 0;
  for (let e = start; e < end; e++) sum += values[e];
  if (!(sum > 0)) return sum;
  const scale = target / sum;
  // Small counts occur repeatedly within a cell, so their logarithms are computed once.
  SMALL.fill(-1);
  for (let e = start; e < end; e++) {
    const count = values[e];
    if (!(count >= 0 && count < SMALL.length && Number.isInteger(count))) {
      values[e] = log(1 + count * scale);
      continue;
    }
    if (SMALL[count] < 0) SMALL[count] = log(1 + count * scale);
    values[e] = SMALL[count];
  }
  return sum;
}

/** Normalises every cell of a matrix with values, in place. */
export function normalizeCells({ nRows, indptr, data }: Csr): void {
  if (data === null) return;
  for (let r = 0; r < nRows; r++) normalizeCell(data, indptr[r], indptr[r + 1]);
}

/**
 * The rows with the counts of each cell as log(1 + count · `target` / their sum), a matrix of its own; zeros for a cell
 * without counts. `onTotal` gets the sum of each row.
 */
export function normalizedRows(
  rows: Csr,
  target: number,
  onTotal?: (row: number, total: number) => void,
): Csr & { readonly data: Float32Array } {
  const { nRows, indptr, indices } = rows;
  const data = rows.data?.slice() ?? new Float32Array(indices.length).fill(1);
  for (let r = 0; r < nRows; r++) {
    const total = normalizeCell(data, indptr[r], indptr[r + 1], target);
    if (!(total > 0)) data.fill(0, indptr[r], indptr[r + 1]);
    onTotal?.(r, total);
  }
  return { ...rows, data };
}

/** The normalised values of small counts in the current cell, −1 where not yet computed. */
const SMALL = new Float32Array(32);
