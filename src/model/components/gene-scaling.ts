/** Standard scores of genes on sparse rows, clipped, without making the zeros of the matrix dense. @module */
import type { Csr } from "../../core/csr.ts";
import type { GeneScaling } from "./types.ts";

export interface ScalingOptions {
  /** A standard deviation below this counts as this, so that genes that hardly vary are not blown up. */
  readonly sdFloor: number;
  /** Standard scores above this become this. */
  readonly clip: number;
}

/**
 * Fits the scaling of each gene on the values of `x`.
 *
 * A standard score (value − mean) / sd differs from value / sd by a constant of the gene, which centring takes away
 * again. So a scaled value is value / sd, at most clip + mean / sd, and zeros stay zeros.
 */
export function fitGeneScaling(x: Csr, { sdFloor, clip }: ScalingOptions): GeneScaling {
  const { nRows, nCols, indices, data } = x;
  const sums = new Float64Array(nCols);
  const squares = new Float64Array(nCols);
  for (let e = 0; e < indices.length; e++) {
    const value = data === null ? 1 : data[e];
    sums[indices[e]] += value;
    squares[indices[e]] += value * value;
  }
  const scale = new Float32Array(nCols);
  const cap = new Float32Array(nCols);
  for (let g = 0; g < nCols; g++) {
    const mean = sums[g] / nRows;
    const variance = Math.max(0, squares[g] / nRows - mean * mean);
    const sd = Math.max(Math.sqrt(variance), sdFloor);
    scale[g] = 1 / sd;
    cap[g] = clip + mean / sd;
  }
  const totals = new Float64Array(nCols);
  for (let e = 0; e < indices.length; e++) {
    const g = indices[e];
    totals[g] += Math.min((data === null ? 1 : data[e]) * scale[g], cap[g]);
  }
  return { scale, cap, centre: Float32Array.from(totals, (total) => total / nRows) };
}

/** The scaled values of `x`, a matrix of its own. */
export function scaledValues(x: Csr, { scale, cap }: GeneScaling): Csr & { readonly data: Float32Array } {
  const { indices } = x;
  const data = new Float32Array(indices.length);
  for (let e = 0; e < data.length; e++) {
    const g = indices[e];
    data[e] = Math.min((x.data === null ? 1 : x.data[e]) * scale[g], cap[g]);
  }
  return { ...x, data };
}
