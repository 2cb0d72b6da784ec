/** Distances of cells to the classes of the reference, by the covariance within classes. @module */
import type { DenseMatrix } from "../../core/dense.ts";
import type { Pause } from "../../core/progress.ts";
import { choleskyFactor, solveLower } from "./cholesky.ts";
import type { ClassDistances } from "./types.ts";

/** The covariance is drawn towards a sphere of its mean variance by this share. */
const SHRINKAGE = 0.03;

/** Classes as points in their own units, in which the covariance within classes is a unit sphere. */
export interface ClassPoints {
  readonly nDims: number;
  /** Classes that have cells. */
  readonly classes: Int32Array;
  /** [classes.length, nDims] */
  readonly points: Float64Array;
}

/** Which class is nearest to each cell, and how far away it is. */
export interface NearestClasses {
  readonly classes: Int32Array;
  readonly distances: Float64Array;
}

/**
 * The class means and the pooled covariance within classes of the cells `rows`; cells of code −1 are left out.
 *
 * The Mahalanobis distance to the nearest class mean under one covariance is that of linear discriminant analysis
 * (Lee and others, 2018, use it to find foreign inputs of a network).
 */
export function fitClassDistances(
  scores: DenseMatrix,
  codes: Int32Array,
  nClasses: number,
  rows: Uint32Array,
): Pick<ClassDistances, "means" | "factor"> {
  const { nCols: width, data } = scores;
  const counts = new Uint32Array(nClasses);
  const sums = new Float64Array(nClasses * width);
  let n = 0;
  for (const row of rows) {
    const code = codes[row];
    if (code < 0) continue;
    counts[code]++;
    n++;
    for (let k = 0; k < width; k++) sums[code * width + k] += data[row * width + k];
  }
  const means = Float32Array.from(sums, (sum, i) => sum / counts[Math.floor(i / width)]);
  const covariance = new Float64Array(width * width);
  const from = new Float64Array(width);
  for (const row of rows) {
    const code = codes[row];
    if (code < 0) continue;
    for (let k = 0; k < width; k++) from[k] = data[row * width + k] - means[code * width + k];
    for (let i = 0; i < width; i++)
      for (let j = 0; j <= i; j++) covariance[i * width + j] += (from[i] * from[j]) / n;
  }
  let trace = 0;
  for (let k = 0; k < width; k++) trace += covariance[k * width + k];
  for (let i = 0; i < width; i++) {
    for (let j = 0; j < i; j++) covariance[j * width + i] = covariance[i * width + j];
    covariance[i * width + i] += (SHRINKAGE * trace) / width;
  }
  return { means, factor: Float32Array.from(choleskyFactor(covariance, width)) };
}

/** Points in the units of `column`; a matrix of its own. */
export function inClassUnits(scores: DenseMatrix, { factor }: Pick<ClassDistances, "factor">): Float64Array {
  const points = Float64Array.from(scores.data);
  for (let row = 0; row < scores.nRows; row++) solveLower(factor, scores.nCols, points, row * scores.nCols);
  return points;
}

/** The class means in those units. */
export function classPoints({ means, factor }: Pick<ClassDistances, "means" | "factor">): ClassPoints {
  const width = Math.round(Math.sqrt(factor.length));
  const classes: number[] = [];
  const points: number[] = [];
  for (let c = 0; c * width < means.length; c++) {
    if (Number.isNaN(means[c * width])) continue;
    const point = Float64Array.from(means.subarray(c * width, (c + 1) * width));
    solveLower(factor, width, point);
    classes.push(c);
    points.push(...point);
  }
  return { nDims: width, classes: Int32Array.from(classes), points: Float64Array.from(points) };
}

/** Rows between two pauses. */
const ROWS_AT_ONCE = 256;

/** The nearest class of each point minus `shift`; of equals the first. */
export async function nearestClasses(
  points: Float64Array,
  { nDims, classes, points: means }: ClassPoints,
  shift: Float64Array,
  pause: Pause,
): Promise<NearestClasses> {
  const n = nDims === 0 ? 0 : points.length / nDims;
  const nearest = new Int32Array(n);
  const distances = new Float64Array(n);
  const point = new Float64Array(nDims);
  for (let row = 0; row < n; row++) {
    if (row % ROWS_AT_ONCE === 0) await pause();
    for (let k = 0; k < nDims; k++) point[k] = points[row * nDims + k] - shift[k];
    let [best, least] = [0, Number.POSITIVE_INFINITY];
    for (let c = 0; c < classes.length; c++) {
      let sum = 0;
      // A class that is further away already is left early.
      for (let k = 0; k < nDims && sum < least; k++) {
        const difference = point[k] - means[c * nDims + k];
        sum += difference * difference;
      }
      if (sum < least) [best, least] = [c, sum];
    }
    nearest[row] = classes[best];
    distances[row] = Math.sqrt(least);
  }
  return { classes: nearest, distances };
}
