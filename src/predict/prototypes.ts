/**
 * One centroid per label, in place of its reference cells
 * (docs/specification/3-prediction.md#knn-correction).
 * @module
 */
import type { DenseMatrix } from "../core/dense.ts";

/** Centroids in the order of their labels; `labels` gives the code of each. */
export interface Prototypes {
  readonly points: DenseMatrix;
  readonly labels: Int32Array;
}

/**
 * The mean point of each label that occurs; cells without a label (-1) belong to none.
 *
 * Sums run in float64 in row order.
 */
export function labelPrototypes(points: DenseMatrix, codes: Int32Array, nLabels: number): Prototypes {
  const { nRows, nCols } = points;
  const sums = new Float64Array(nLabels * nCols);
  const counts = new Uint32Array(nLabels);
  for (let r = 0; r < nRows; r++) {
    const code = codes[r];
    if (code < 0) continue;
    counts[code]++;
    for (let d = 0; d < nCols; d++) sums[code * nCols + d] += points.data[r * nCols + d];
  }
  const labels = Int32Array.from(
    [...counts].map((count, code) => (count > 0 ? code : -1)).filter((code) => code >= 0),
  );
  const data = new Float32Array(labels.length * nCols);
  labels.forEach((code, p) => {
    for (let d = 0; d < nCols; d++) data[p * nCols + d] = sums[code * nCols + d] / counts[code];
  });
  return { points: { nRows: labels.length, nCols, data }, labels };
}
