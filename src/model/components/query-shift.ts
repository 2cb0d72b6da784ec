/**
 * How a query as a whole lies off the reference: another laboratory, another chemistry. The shift of its cells is
 * estimated class by class and taken away, so that a cell is foreign only where its neighbours of other types are not.
 * @module
 */

import type { Pause } from "../../core/progress.ts";
import { medianOf, quantileOf } from "../../core/quantiles.ts";
import { type ClassPoints, type NearestClasses, nearestClasses } from "./class-distances.ts";

/** Fewer cells than this say nothing about the shift of their query. */
export const LEAST_QUERY_CELLS = 50;
/** A class has a say when as many cells are nearest to it. */
export const LEAST_CLASS_CELLS = 10;
/** With fewer classes than this, a new type cannot be told from a shift. */
const LEAST_CLASSES = 3;
const ROUNDS = 3;
/** The share of the cells of a class, the nearest, that its shift is taken from; new types lie further out. */
const NEAREST_SHARE = 0.6;
const LEAST_NEAREST = 5;
/** Shares of the quantiles that a query is compared by. */
export const QUARTILE = 0.25;
export const MEDIAN = 0.5;

/** Rows of `classes` by class, in rising order. */
export function rowsByClass({ classes }: NearestClasses): ReadonlyMap<number, number[]> {
  const rows = new Map<number, number[]>();
  classes.forEach((c, row) => {
    const own = rows.get(c);
    if (own === undefined) rows.set(c, [row]);
    else own.push(row);
  });
  return rows;
}

/**
 * The shift of the query's points, the same for all of them; zero where too few cells or classes speak for one.
 *
 * It is, along each axis, the median over the classes of the way from the class mean to the mean of the nearest cells
 * of that class, found in three rounds, each of which starts from the points as the round before left them.
 */
export async function queryShift(
  points: Float64Array,
  means: ClassPoints,
  pause: Pause,
): Promise<Float64Array> {
  const { nDims } = means;
  const shift = new Float64Array(nDims);
  if (nDims === 0 || points.length / nDims < LEAST_QUERY_CELLS) return shift;
  for (let round = 0; round < ROUNDS; round++) {
    const nearest = await nearestClasses(points, means, shift, pause);
    const steps: Float64Array[] = [];
    const byClass = rowsByClass(nearest);
    means.classes.forEach((c, at) => {
      const rows = byClass.get(c) ?? [];
      if (rows.length >= LEAST_CLASS_CELLS) steps.push(wayOf(rows, at, nearest, points, means, shift));
    });
    if (steps.length < LEAST_CLASSES) return shift;
    for (let k = 0; k < nDims; k++) shift[k] += medianOf(steps.map((step) => step[k]));
  }
  return shift;
}

/** From the mean of class `at` to the mean of the nearest of `rows`, beyond `shift`. */
function wayOf(
  rows: readonly number[],
  at: number,
  { distances }: NearestClasses,
  points: Float64Array,
  { nDims, points: means }: ClassPoints,
  shift: Float64Array,
): Float64Array {
  const n = Math.max(LEAST_NEAREST, Math.floor(NEAREST_SHARE * rows.length));
  const nearest = [...rows].sort((a, b) => distances[a] - distances[b] || a - b).slice(0, n);
  const way = new Float64Array(nDims);
  for (const row of nearest)
    for (let k = 0; k < nDims; k++) way[k] += points[row * nDims + k] / nearest.length;
  for (let k = 0; k < nDims; k++) way[k] -= means[at * nDims + k] + shift[k];
  return way;
}

/**
 * How far the query's cells lie from their classes compared with held-out cells of the reference: the median over the
 * classes of the ratio of a quantile of distances to that of held-out cells. Null if every class has too few cells.
 */
export function distanceRatio(
  nearest: NearestClasses,
  ofHeldOut: ArrayLike<number>,
  share: number,
): number | null {
  const ratios: number[] = [];
  for (const [c, rows] of rowsByClass(nearest)) {
    const own = ofHeldOut[c];
    if (rows.length < LEAST_CLASS_CELLS || !(own > 0)) continue;
    const rising = Float64Array.from(rows, (row) => nearest.distances[row]).sort();
    ratios.push(quantileOf(rising, share) / own);
  }
  return ratios.length === 0 ? null : medianOf(ratios);
}

/** The quantile of a class of few cells is drawn towards that of all cells, by as many cells as these. */
const QUANTILE_WEIGHT = 10;

/** For each class a quantile of the distances of its nearest cells; that of all cells where there are none. */
export function classQuantiles(nearest: NearestClasses, nClasses: number, share: number): Float32Array {
  if (nearest.distances.length === 0) return new Float32Array(nClasses);
  const ofAll = quantileOf(nearest.distances.slice().sort(), share);
  const quantiles = new Float32Array(nClasses).fill(ofAll);
  for (const [c, rows] of rowsByClass(nearest)) {
    const own = quantileOf(Float64Array.from(rows, (row) => nearest.distances[row]).sort(), share);
    quantiles[c] = (rows.length * own + QUANTILE_WEIGHT * ofAll) / (rows.length + QUANTILE_WEIGHT);
  }
  return quantiles;
}
