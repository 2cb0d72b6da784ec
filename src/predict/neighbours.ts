/** Searches the neighbours of many cells block by block, to limit memory. @module */
import type { DenseMatrix } from "../core/dense.ts";
import { throwIfAborted, type WorkOptions } from "../core/progress.ts";
import type { Engine, Neighbours } from "../kernels/types.ts";
import { createApproximateIndex } from "./approximate.ts";

/** Cells searched at once at most; it limits memory and does not change the results. */
const MOST_CELLS = 8192;
/** Fewer where they and the reference make more products than these, so that the signal is heard in time. */
const MOST_PRODUCTS = 5e8;
/** Still enough for all threads. */
const LEAST_CELLS = 128;

/** Takes the cells of a block and their neighbours, one row each. */
export type NeighbourWatch = (cells: Uint32Array, neighbours: Neighbours) => void;

/**
 * Finds the `k` nearest reference points of the selected cells and passes them on block by block.
 *
 * `cells` are row numbers of `queries`. `visit` gets the cells of a block and their neighbours, one row each.
 * @throws ABORTED between blocks.
 */
export async function visitNeighbours(
  search: {
    readonly reference: DenseMatrix;
    /** All cells, or what makes the points of some. */
    readonly queries: DenseMatrix | ((rows: Uint32Array) => DenseMatrix);
    readonly cells: Uint32Array;
    readonly k: number;
    /** Exact or approximate search; exact by default. */
    readonly isApproximate?: boolean;
  },
  visit: NeighbourWatch,
  work: WorkOptions & { readonly engine: Engine },
): Promise<void> {
  const { reference, queries, cells, k, isApproximate = false } = search;
  if (cells.length === 0) return;
  const pointsOf = typeof queries === "function" ? queries : (rows: Uint32Array) => rowsOf(queries, rows);
  const index = isApproximate
    ? await createApproximateIndex(work.engine, reference, {}, work.signal)
    : await work.engine.createKnnIndex(reference);
  const most = isApproximate
    ? MOST_CELLS
    : Math.max(LEAST_CELLS, Math.min(MOST_CELLS, Math.ceil(MOST_PRODUCTS / (reference.data.length + 1))));
  try {
    for (let start = 0; start < cells.length; start += most) {
      throwIfAborted(work.signal);
      const block = cells.subarray(start, start + most);
      visit(block, await index.search(pointsOf(block), k));
      work.onProgress?.({ phase: "neighbours", done: start + block.length, total: cells.length });
    }
  } finally {
    index.dispose();
  }
}

/** All row numbers from 0 to `n` − 1, or those that `isChosen` marks. */
export function chosenCells(n: number, isChosen: ((cell: number) => boolean) | null): Uint32Array {
  const cells = new Uint32Array(n);
  let count = 0;
  for (let i = 0; i < n; i++) if (isChosen === null || isChosen(i)) cells[count++] = i;
  return cells.subarray(0, count);
}

function rowsOf(matrix: DenseMatrix, rows: Uint32Array): DenseMatrix {
  const { nCols } = matrix;
  const data = new Float32Array(rows.length * nCols);
  for (let i = 0; i < rows.length; i++)
    data.set(matrix.data.subarray(rows[i] * nCols, (rows[i] + 1) * nCols), i * nCols);
  return { nRows: rows.length, nCols, data };
}
