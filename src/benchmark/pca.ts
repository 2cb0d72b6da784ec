/** The two principal components on which a report plots the cells of a benchmark. @module */
import type { Csr } from "../core/csr.ts";
import type { DenseMatrix } from "../core/dense.ts";
import { nextTurn, throwIfAborted } from "../core/progress.ts";
import { randomUniform, streamKey } from "../core/rng.ts";
import { dot } from "../core/vectors.ts";

const STEPS = 60;

/** The first two principal components of a sparse matrix, cells × 2, without making it dense. */
export async function firstTwoComponents(x: Csr, signal: AbortSignal | undefined): Promise<DenseMatrix> {
  const { nRows, nCols } = x;
  const means = new Float64Array(nCols);
  for (let e = 0; e < x.indices.length; e++) means[x.indices[e]] += (x.data === null ? 1 : x.data[e]) / nRows;
  const points = new Float32Array(2 * nRows);
  const key = streamKey(0, "sparse plane");
  const axes: Float64Array[] = [];
  for (const a of [0, 1]) {
    let axis = Float64Array.from({ length: nCols }, (_, i) => randomUniform(key, a * nCols + i) - 0.5);
    for (let step = 0; step < STEPS; step++) {
      throwIfAborted(signal);
      await nextTurn();
      const next = timesTranspose(x, means, times(x, means, axis));
      for (const other of axes) {
        const along = dot(next, other);
        for (let i = 0; i < nCols; i++) next[i] -= along * other[i];
      }
      const length = Math.sqrt(dot(next, next));
      if (length === 0) break;
      axis = next.map((value) => value / length);
    }
    axes.push(axis);
    times(x, means, axis).forEach((value, row) => {
      points[2 * row + a] = value;
    });
  }
  return { nRows, nCols: 2, data: points };
}

/** (X − mean) v. */
function times({ nRows, indptr, indices, data }: Csr, means: Float64Array, v: Float64Array): Float64Array {
  const offset = dot(means, v);
  const out = new Float64Array(nRows);
  for (let row = 0; row < nRows; row++) {
    let sum = -offset;
    for (let e = indptr[row]; e < indptr[row + 1]; e++) sum += (data === null ? 1 : data[e]) * v[indices[e]];
    out[row] = sum;
  }
  return out;
}

/** (X − mean)ᵀ u. */
function timesTranspose(
  { nRows, nCols, indptr, indices, data }: Csr,
  means: Float64Array,
  u: Float64Array,
): Float64Array<ArrayBuffer> {
  const out = new Float64Array(nCols);
  let total = 0;
  for (let row = 0; row < nRows; row++) {
    total += u[row];
    for (let e = indptr[row]; e < indptr[row + 1]; e++)
      out[indices[e]] += (data === null ? 1 : data[e]) * u[row];
  }
  for (let i = 0; i < nCols; i++) out[i] -= means[i] * total;
  return out;
}
