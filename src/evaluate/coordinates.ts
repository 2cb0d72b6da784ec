/**
 * Measures how well predicted coordinates agree with the true ones and preserve their neighbourhoods
 * (docs/specification/5-benchmark.md#metrics).
 * @module
 */
import type { DenseMatrix } from "../core/dense.ts";
import { nextTurn, throwIfAborted, type WorkOptions } from "../core/progress.ts";
import { permutation, streamKey } from "../core/rng.ts";
import { AtlasmtlError } from "../errors.ts";

export interface CoordinateOptions {
  /** Neighbours of a cell, fewer than half of the cells. */
  readonly k?: number;
  /** Maximum number of cells that are compared with each other; of more, this many are drawn by `seed`. */
  readonly maxCells?: number;
  readonly seed?: number;
}

/** Computing ranks takes time with the square of the cells: seconds for 4,000. */
const COORDINATE_DEFAULTS = { k: 10, maxCells: 4000, seed: 0 } as const;

/** Scores of one coordinate head. */
export interface CoordinateMetrics {
  /** Root mean square of the differences over all finite cells and dimensions, in the units of the coordinates. */
  readonly rmse: number;
  /** 0 to 1: predicted neighbours are true neighbours. */
  readonly trustworthiness: number;
  /** 0 to 1: true neighbours are predicted neighbours. */
  readonly continuity: number;
  /** Mean share of the k true neighbours that are among the k predicted ones. */
  readonly neighborOverlap: number;
  /** Cells with finite true and predicted coordinates. */
  readonly nCells: number;
  /** Cells that the three neighbourhood scores were computed on. */
  readonly nCompared: number;
}

/**
 * Scores predicted against true coordinates of the same cells; cells with a value that is not finite are left
 * out. The neighbourhood scores are NaN with 2k cells or fewer.
 *
 * Source: Venna & Kaski, ICANN 2001 (trustworthiness, continuity); ties go to the earlier cell.
 * @throws MISMATCH when the shapes differ, USAGE for a `k` below 1, ABORTED by the signal.
 */
export async function scoreCoordinates(
  truth: DenseMatrix,
  predicted: DenseMatrix,
  options: CoordinateOptions = {},
  work: WorkOptions = {},
): Promise<CoordinateMetrics> {
  const { k, maxCells, seed } = { ...COORDINATE_DEFAULTS, ...options };
  if (truth.nRows !== predicted.nRows || truth.nCols !== predicted.nCols)
    throw new AtlasmtlError(
      "MISMATCH",
      `the true coordinates are ${truth.nRows} × ${truth.nCols}, the predicted ones ${predicted.nRows} × ${predicted.nCols}`,
      { hint: "give the coordinates of the same cells in the same space" },
    );
  if (!(Number.isInteger(k) && k >= 1))
    throw new AtlasmtlError("USAGE", `k is ${k}, expected a whole number of 1 or more`);
  const cells = finiteRows(truth, predicted);
  const rmse = rootMeanSquare(truth, predicted, cells);
  const compared = drawn(cells, maxCells, seed);
  const n = compared.length;
  const none = { trustworthiness: Number.NaN, continuity: Number.NaN, neighborOverlap: Number.NaN };
  const scores = n <= 2 * k ? none : await compareNeighbourhoods(truth, predicted, compared, k, work);
  return { rmse, ...scores, nCells: cells.length, nCompared: n };
}

function finiteRows(a: DenseMatrix, b: DenseMatrix): Uint32Array {
  const isFiniteRow = ({ nCols, data }: DenseMatrix, row: number): boolean =>
    data.subarray(row * nCols, (row + 1) * nCols).every(Number.isFinite);
  const rows: number[] = [];
  for (let row = 0; row < a.nRows; row++) if (isFiniteRow(a, row) && isFiniteRow(b, row)) rows.push(row);
  return Uint32Array.from(rows);
}

function rootMeanSquare(a: DenseMatrix, b: DenseMatrix, rows: Uint32Array): number {
  const { nCols } = a;
  let sum = 0;
  for (const row of rows)
    for (let e = row * nCols; e < (row + 1) * nCols; e++) sum += (a.data[e] - b.data[e]) ** 2;
  return rows.length * nCols === 0 ? Number.NaN : Math.sqrt(sum / (rows.length * nCols));
}

/** At most `limit` row numbers, ascending. */
function drawn(rows: Uint32Array, limit: number, seed: number): Uint32Array {
  if (rows.length <= limit) return rows;
  const order = permutation(streamKey(seed, "coordinate metrics"), rows.length);
  return order
    .slice(0, limit)
    .map((i) => rows[i])
    .sort();
}

async function compareNeighbourhoods(
  truth: DenseMatrix,
  predicted: DenseMatrix,
  cells: Uint32Array,
  k: number,
  { signal, onProgress }: WorkOptions,
): Promise<Pick<CoordinateMetrics, "trustworthiness" | "continuity" | "neighborOverlap">> {
  const n = cells.length;
  const ofTruth = new Float64Array(n);
  const ofPredicted = new Float64Array(n);
  let intruders = 0;
  let missed = 0;
  let shared = 0;
  for (let i = 0; i < n; i++) {
    if (i % 256 === 0) {
      throwIfAborted(signal);
      await nextTurn();
      onProgress?.({ phase: "coordinates", done: i, total: n });
    }
    distancesFrom(truth, cells, i, ofTruth);
    distancesFrom(predicted, cells, i, ofPredicted);
    const nearTruth = nearest(ofTruth, i, k);
    const nearPredicted = nearest(ofPredicted, i, k);
    for (const j of nearPredicted) {
      if (nearTruth.includes(j)) shared++;
      else intruders += rankOf(ofTruth, i, j) - k;
    }
    for (const j of nearTruth) if (!nearPredicted.includes(j)) missed += rankOf(ofPredicted, i, j) - k;
  }
  const scale = 2 / (n * k * (2 * n - 3 * k - 1));
  return {
    trustworthiness: 1 - scale * intruders,
    continuity: 1 - scale * missed,
    neighborOverlap: shared / (n * k),
  };
}

/** Squared distances from cell `i` to all cells. */
function distancesFrom({ nCols, data }: DenseMatrix, cells: Uint32Array, i: number, out: Float64Array): void {
  const from = cells[i] * nCols;
  for (let j = 0; j < cells.length; j++) {
    const to = cells[j] * nCols;
    let sum = 0;
    for (let d = 0; d < nCols; d++) {
      const difference = data[from + d] - data[to + d];
      sum += difference * difference;
    }
    out[j] = sum;
  }
}

/** The `k` nearest other cells, nearest first. */
function nearest(distances: Float64Array, self: number, k: number): number[] {
  const found: number[] = [];
  for (let j = 0; j < distances.length; j++) {
    if (j === self || (found.length === k && distances[j] >= distances[found[k - 1]])) continue;
    let at = Math.min(found.length, k - 1);
    while (at > 0 && distances[found[at - 1]] > distances[j]) {
      found[at] = found[at - 1];
      at--;
    }
    found[at] = j;
  }
  return found;
}

/** 1 for the nearest other cell. */
function rankOf(distances: Float64Array, self: number, cell: number): number {
  const limit = distances[cell];
  let rank = 1;
  for (let j = 0; j < distances.length; j++)
    if (j !== self && (distances[j] < limit || (distances[j] === limit && j < cell))) rank++;
  return rank;
}
