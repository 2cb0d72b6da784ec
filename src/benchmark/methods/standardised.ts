/** Standardised values of a sparse matrix, without making it dense. @module */
import type { Csr } from "../../core/csr.ts";
import type { SparseRows } from "../../model/feature-rows.ts";

/** Values are cut at this many standard deviations, as CellTypist does. */
const CLIP = 10;

/** Means and standard deviations of columns; a constant column has a deviation of 1. */
export interface Scale {
  readonly means: Float64Array;
  readonly deviations: Float64Array;
}

/** The scale of all columns over the rows of a matrix (n, not n − 1, as scikit-learn's StandardScaler). */
export function scaleOf({ nRows, nCols, indices, data }: Csr): Scale {
  const means = new Float64Array(nCols);
  const squares = new Float64Array(nCols);
  const counts = new Float64Array(nCols);
  for (let e = 0; e < indices.length; e++) {
    means[indices[e]] += (data === null ? 1 : data[e]) / nRows;
    counts[indices[e]]++;
  }
  for (let e = 0; e < indices.length; e++) {
    const difference = (data === null ? 1 : data[e]) - means[indices[e]];
    squares[indices[e]] += difference * difference;
  }
  const deviations = squares.map((sum, column) => {
    const zeros = (nRows - counts[column]) * means[column] * means[column];
    const variance = (sum + zeros) / Math.max(1, nRows);
    return variance > 1e-12 ? Math.sqrt(variance) : 1;
  });
  return { means, deviations };
}

/** Standardises with the given scale. */
export function standardise(matrix: Csr, { means, deviations }: Scale): SparseRows {
  const base = means.map((mean, column) => Math.max(-CLIP, -mean / deviations[column]));
  const { nRows, nCols, indptr, indices, data } = matrix;
  const values = Float64Array.from(indices, (column, e) => {
    const value = ((data === null ? 1 : data[e]) - means[column]) / deviations[column];
    return Math.min(CLIP, Math.max(-CLIP, value)) - base[column];
  });
  return { nRows, nCols, indptr, indices, values, base };
}
