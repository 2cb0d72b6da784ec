/** The plane in which the cells of a space vary most. @module */
import type { DenseMatrix } from "../../core/dense.ts";
import { createPauser } from "../../core/progress.ts";
import { randomUniform, streamKey } from "../../core/rng.ts";

/** Steps to find one component; each reduces the error by the ratio of two eigenvalues. */
const STEPS = 300;

/** Rows between two pauses. */
const ROWS_AT_ONCE = 512;

/** The first two principal components, cells × 2. @throws ABORTED by the signal. */
export async function principalPlane(
  { nRows, nCols, data }: DenseMatrix,
  signal?: AbortSignal,
): Promise<DenseMatrix> {
  const pause = createPauser(signal);
  const means = new Float64Array(nCols);
  for (let e = 0; e < data.length; e++) means[e % nCols] += data[e] / nRows;
  const covariance = new Float64Array(nCols * nCols);
  for (let row = 0; row < nRows; row++) {
    if (row % ROWS_AT_ONCE === 0) await pause();
    for (let i = 0; i < nCols; i++) {
      const centred = data[row * nCols + i] - means[i];
      if (centred === 0) continue;
      for (let j = 0; j <= i; j++) covariance[i * nCols + j] += centred * (data[row * nCols + j] - means[j]);
    }
  }
  for (let i = 0; i < nCols; i++)
    for (let j = 0; j < i; j++) covariance[j * nCols + i] = covariance[i * nCols + j];
  const first = mainDirection(covariance, nCols, []);
  const axes = [first, mainDirection(covariance, nCols, [first])];
  const points = new Float32Array(2 * nRows);
  for (let row = 0; row < nRows; row++)
    axes.forEach((axis, a) => {
      let sum = 0;
      for (let i = 0; i < nCols; i++) sum += axis[i] * (data[row * nCols + i] - means[i]);
      points[2 * row + a] = sum;
    });
  return { nRows, nCols: 2, data: points };
}

/** Power iteration, orthogonal to the components found before. */
function mainDirection(matrix: Float64Array, n: number, before: readonly Float64Array[]): Float64Array {
  const key = streamKey(0, "principal plane");
  let axis = Float64Array.from({ length: n }, (_, i) => randomUniform(key, before.length * n + i) - 0.5);
  for (let step = 0; step < STEPS; step++) {
    const next = new Float64Array(n);
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) next[i] += matrix[i * n + j] * axis[j];
    for (const other of before) {
      let along = 0;
      for (let i = 0; i < n; i++) along += next[i] * other[i];
      for (let i = 0; i < n; i++) next[i] -= along * other[i];
    }
    let length = 0;
    for (const value of next) length += value * value;
    if (length === 0) return axis;
    length = Math.sqrt(length);
    axis = next.map((value) => value / length);
  }
  return axis;
}
