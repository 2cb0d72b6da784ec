/** Sums of a matrix over the cells of each class. @module */
import type { Csr } from "../../core/csr.ts";
import type { Pause } from "../../core/progress.ts";

/** Rows between two pauses. */
const ROWS_AT_ONCE = 512;

/** Adds to `counts` [classes, genes] how many cells of each class express each gene. Codes below 0 are no class. */
export async function countExpressing(
  x: Csr,
  codes: Int32Array,
  counts: Uint32Array,
  pause: Pause,
): Promise<void> {
  const { nRows, nCols, indptr, indices, data } = x;
  for (let r = 0; r < nRows; r++) {
    if (r % ROWS_AT_ONCE === 0) await pause();
    if (codes[r] < 0) continue;
    const at = codes[r] * nCols;
    for (let e = indptr[r]; e < indptr[r + 1]; e++)
      if (data === null || data[e] > 0) counts[at + indices[e]]++;
  }
}

/** [classes, genes]: the mean of each gene over the cells of each class; zeros for a class without cells. */
export async function classMeans(
  x: Csr,
  codes: Int32Array,
  nClasses: number,
  pause: Pause,
): Promise<Float64Array> {
  const { nRows, nCols, indptr, indices, data } = x;
  const sums = new Float64Array(nClasses * nCols);
  const nCells = new Uint32Array(nClasses);
  for (let r = 0; r < nRows; r++) {
    if (r % ROWS_AT_ONCE === 0) await pause();
    if (codes[r] < 0) continue;
    nCells[codes[r]]++;
    const at = codes[r] * nCols;
    for (let e = indptr[r]; e < indptr[r + 1]; e++) sums[at + indices[e]] += data === null ? 1 : data[e];
  }
  for (let c = 0; c < nClasses; c++)
    if (nCells[c] > 0) for (let g = 0; g < nCols; g++) sums[c * nCols + g] /= nCells[c];
  return sums;
}

/** The rows of one class, from all over the matrix: at most `most`, evenly spaced. */
export function someRows(codes: Int32Array, nClasses: number, most: number): readonly Uint32Array[] {
  const nCells = new Uint32Array(nClasses);
  for (const code of codes) if (code >= 0) nCells[code]++;
  const seen = new Uint32Array(nClasses);
  const rows: number[][] = Array.from({ length: nClasses }, () => []);
  codes.forEach((code, row) => {
    if (code < 0) return;
    const n = Math.min(most, nCells[code]);
    // The middle of each of n equal parts.
    const next = Math.floor(((rows[code].length + 0.5) * nCells[code]) / n);
    if (seen[code]++ === next && rows[code].length < n) rows[code].push(row);
  });
  return rows.map((own) => Uint32Array.from(own));
}
