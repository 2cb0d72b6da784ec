/**
 * Distances of cells with those of their nearest cells of the query: a new type is many cells that lie off together, and a cell
 * of a known type that lies off has neighbours that do not (docs/specification/3-prediction.md#distance).
 * @module
 */
import type { DenseMatrix } from "../core/dense.ts";
import { exp, log } from "../core/math.ts";
import type { WorkOptions } from "../core/progress.ts";
import type { Engine } from "../kernels/types.ts";
import { inClassUnits } from "../model/components/class-distances.ts";
import type { ColumnDistances } from "../model/components/query-distances.ts";
import { LEAST_QUERY_CELLS } from "../model/components/query-shift.ts";
import type { ClassDistances, ComponentSpace } from "../model/components/types.ts";
import { chosenCells, visitNeighbours } from "./neighbours.ts";

const K = 15;
const WEIGHT = 0.7;
/** A cell that fewer held-out cells than these are nearer than is not unlike the reference, whatever its neighbours are. */
const LEAST_SHARE = 0.5;
/** Neighbours are looked for among as many cells of the query, evenly spaced; if there are more, by lists of near ones. */
const MOST_CELLS = 20_000;

type Work = Pick<WorkOptions, "signal"> & { readonly engine: Engine };

/**
 * By column the distance of each cell, 0 to 1, from its share and those of its neighbours: the cube root of 0.3 of its own and
 * 0.7 of the mean of its 15 nearest cells. The cube root keeps the threshold where it is for shares, at 1 − `known_loss`: means
 * are seldom near 1. Shares below one half stay, and so do all of fewer than 50 cells.
 * @throws ABORTED by the signal.
 */
export async function smoothDistances(
  measured: readonly ColumnDistances[],
  scores: DenseMatrix,
  { columns }: ComponentSpace,
  work: Work,
): Promise<readonly Float32Array[]> {
  const smoothed = measured.map(({ percentiles }) => percentiles.slice());
  if (scores.nRows < LEAST_QUERY_CELLS || scores.nCols === 0) return smoothed;
  const finest = measured[measured.length - 1].percentiles;
  const cells = chosenCells(scores.nRows, (cell) => finest[cell] >= LEAST_SHARE);
  await visitNearest(scores, columns[columns.length - 1], cells, work, (cell, near) => {
    measured.forEach(({ percentiles }, c) => {
      if (percentiles[cell] < LEAST_SHARE) return;
      let sum = 0;
      for (const other of near) sum += percentiles[other];
      const mean = near.length === 0 ? percentiles[cell] : sum / near.length;
      smoothed[c][cell] = exp(log((1 - WEIGHT) * percentiles[cell] + WEIGHT * mean) / 3);
    });
  });
  return smoothed;
}

/** Calls `visit` with the nearest others of each of `cells`, in units of the classes of `column`; ties by row. */
async function visitNearest(
  scores: DenseMatrix,
  column: ClassDistances,
  cells: Uint32Array,
  { engine, signal }: Work,
  visit: (cell: number, near: readonly number[]) => void,
): Promise<void> {
  const { nRows } = scores;
  const isAll = nRows <= MOST_CELLS;
  const among = Uint32Array.from({ length: Math.min(nRows, MOST_CELLS) }, (_, i) =>
    isAll ? i : Math.floor((i * nRows) / MOST_CELLS),
  );
  const queries = (rows: Uint32Array): DenseMatrix => pointsOf(scores, column, rows);
  await visitNeighbours(
    { reference: queries(among), queries, cells, k: K + 1, isApproximate: !isAll },
    (block, { k, indices }) => {
      block.forEach((cell, r) => {
        const found = Array.from(indices.subarray(r * k, (r + 1) * k), (at) => among[at]);
        visit(cell, found.filter((other) => other !== cell).slice(0, K));
      });
    },
    { engine, signal },
  );
}

/** `rows` of `scores` in units of the classes. */
function pointsOf({ nCols, data }: DenseMatrix, column: ClassDistances, rows: Uint32Array): DenseMatrix {
  const own = new Float32Array(rows.length * nCols);
  rows.forEach((row, i) => {
    own.set(data.subarray(row * nCols, (row + 1) * nCols), i * nCols);
  });
  const some = { nRows: rows.length, nCols, data: own };
  return { ...some, data: Float32Array.from(inClassUnits(some, column)) };
}
