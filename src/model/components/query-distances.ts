/** How far the cells of a query are from the classes of the reference (docs/specification/3-prediction.md#distance). @module */
import type { DenseMatrix } from "../../core/dense.ts";
import { createPauser, type Pause } from "../../core/progress.ts";
import { countBelow } from "../../core/quantiles.ts";
import { solveLower } from "./cholesky.ts";
import {
  type ClassPoints,
  classPoints,
  inClassUnits,
  type NearestClasses,
  nearestClasses,
} from "./class-distances.ts";
import { classSpreads, commonSpread } from "./class-spread.ts";
import { distanceRatio, MEDIAN, queryShift } from "./query-shift.ts";
import type { ClassDistances, ComponentSpace } from "./types.ts";

/** The shift of a query is estimated on as many of its cells, evenly spaced. */
const MAX_SHIFT_CELLS = 20_000;

/** The distances of all cells in one label column. */
export interface ColumnDistances {
  readonly column: string;
  /** For each cell the share of held-out reference cells that are nearer to their class, 0 to 1. */
  readonly percentiles: Float32Array;
  /** The nearest class of each cell. */
  readonly classes: Int32Array;
  /** How much wider the query lies about the classes than held-out cells do, in the median over the classes; at least 1. */
  readonly spread: number;
}

/**
 * What distances are divided by before they are compared with those of held-out cells: `common`, for all cells the square
 * root of what the first quartiles of the classes say; `classes`, for each cell by its nearest class (`class-spread.ts`).
 */
export type SpreadRule = "common" | "classes";

/** The distances of a query. */
export interface QueryDistances {
  readonly columns: readonly ColumnDistances[];
  /** The length of the shift that was taken away, in units of the spread within classes of the last column. */
  readonly shift: number;
  /**
   * The shift score: how far the cells lie from their classes of the last column before the shift was taken away, in
   * medians of held-out cells. About 1 for cells as those of the reference; null if every class has too few cells.
   */
  readonly shiftScore: number | null;
}

/**
 * Measures all cells, after the shift of the query as a whole has been taken away.
 * @throws ABORTED by the signal.
 */
export async function queryDistances(
  scores: DenseMatrix,
  { columns }: ComponentSpace,
  rule: SpreadRule,
  signal?: AbortSignal,
): Promise<QueryDistances> {
  const pause = createPauser(signal);
  const { finest, some, means } = finestOf(scores, columns);
  const shift = await queryShift(some, means, pause);
  let squares = 0;
  for (const step of shift) squares += step * step;
  const inScores = timesLower(finest.factor, shift);
  const measured: ColumnDistances[] = [];
  for (const column of columns) measured.push(await measureColumn(scores, column, inScores, rule, pause));
  return {
    columns: measured,
    shift: Math.sqrt(squares),
    shiftScore: await scoreOf(finest, some, means, pause),
  };
}

/** {@link QueryDistances.shiftScore} of `scores` alone. @throws ABORTED by the signal. */
export async function shiftScoreOf(
  scores: DenseMatrix,
  { columns }: ComponentSpace,
  signal?: AbortSignal,
): Promise<number | null> {
  const { finest, some, means } = finestOf(scores, columns);
  return scoreOf(finest, some, means, createPauser(signal));
}

/** Some rows in units of the classes of the last column. */
function finestOf(scores: DenseMatrix, columns: readonly ClassDistances[]) {
  const finest = columns[columns.length - 1];
  return { finest, some: inClassUnits(someRows(scores), finest), means: classPoints(finest) };
}

async function scoreOf(
  { medians }: ClassDistances,
  some: Float64Array,
  means: ClassPoints,
  pause: Pause,
): Promise<number | null> {
  const nearest = await nearestClasses(some, means, new Float64Array(means.nDims), pause);
  return distanceRatio(nearest, medians, MEDIAN);
}

async function measureColumn(
  scores: DenseMatrix,
  column: ClassDistances,
  shiftInScores: Float64Array,
  rule: SpreadRule,
  pause: Pause,
): Promise<ColumnDistances> {
  const shift = Float64Array.from(shiftInScores);
  solveLower(column.factor, scores.nCols, shift);
  const nearest = await nearestByBlocks(scores, column, shift, pause);
  await pause();
  const { spread, divisors } =
    rule === "common" ? commonSpread(nearest, column) : classSpreads(nearest, column);
  await pause();
  const { heldOut } = column;
  const percentiles = Float32Array.from(
    nearest.distances,
    (distance, i) => countBelow(heldOut, distance / divisors(nearest.classes[i])) / (heldOut.length + 1),
  );
  return { column: column.column, percentiles, classes: nearest.classes, spread };
}

/** Rows that are in class units, in float64, at a time. */
const BLOCK_ROWS = 8192;

async function nearestByBlocks(
  scores: DenseMatrix,
  column: ClassDistances,
  shift: Float64Array,
  pause: Pause,
): Promise<NearestClasses> {
  const { nRows, nCols, data } = scores;
  const means = classPoints(column);
  const all = { classes: new Int32Array(nRows), distances: new Float64Array(nRows) };
  for (let start = 0; start < nRows; start += BLOCK_ROWS) {
    const end = Math.min(start + BLOCK_ROWS, nRows);
    const block = { nRows: end - start, nCols, data: data.subarray(start * nCols, end * nCols) };
    const { classes, distances } = await nearestClasses(inClassUnits(block, column), means, shift, pause);
    all.classes.set(classes, start);
    all.distances.set(distances, start);
  }
  return all;
}

/** Evenly spaced rows, all of them if there are few. */
function someRows({ nRows, nCols, data }: DenseMatrix): DenseMatrix {
  if (nRows <= MAX_SHIFT_CELLS) return { nRows, nCols, data };
  const some = new Float32Array(MAX_SHIFT_CELLS * nCols);
  for (let i = 0; i < MAX_SHIFT_CELLS; i++) {
    const row = Math.floor((i * nRows) / MAX_SHIFT_CELLS);
    some.set(data.subarray(row * nCols, (row + 1) * nCols), i * nCols);
  }
  return { nRows: MAX_SHIFT_CELLS, nCols, data: some };
}

/** L x, with L a lower factor. */
function timesLower(factor: Float32Array, x: Float64Array): Float64Array {
  const n = x.length;
  return Float64Array.from(x, (_, i) => {
    let sum = 0;
    for (let k = 0; k <= i; k++) sum += factor[i * n + k] * x[k];
    return sum;
  });
}
