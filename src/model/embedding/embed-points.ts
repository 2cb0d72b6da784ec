/** Lays points out on a map of two dimensions: UMAP over exact neighbours (McInnes and others, 2018). @module */
import type { DenseMatrix } from "../../core/dense.ts";
import { throwIfAborted, type WorkOptions } from "../../core/progress.ts";
import type { Engine, Neighbours } from "../../kernels/types.ts";
import type { NearnessCurve } from "./curve.ts";
import { joinNeighbours, neighbourStrengths } from "./fuzzy-graph.ts";
import { layOut } from "./lay-out.ts";

/** Points searched at once; it limits memory and does not change the results. */
const BLOCK = 4096;
/** The largest coordinate at the start. */
const START_REACH = 10;

export interface EmbedOptions {
  /** Neighbours of a point, itself among them. */
  readonly nNeighbors: number;
  readonly curve: NearnessCurve;
  readonly epochs: number;
  readonly key: number;
}

export type EmbedWork = WorkOptions & { readonly engine: Engine };

/** The map of `points`, [points, 2], from their first two columns. @throws ABORTED by the signal. */
export async function embedPoints(
  points: DenseMatrix,
  { nNeighbors, curve, epochs, key }: EmbedOptions,
  work: EmbedWork,
): Promise<DenseMatrix> {
  const found = await neighboursOf(points, nNeighbors - 1, work);
  const graph = joinNeighbours(found, neighbourStrengths(found, nNeighbors));
  return layOut(graph, startingPlaces(points), { curve, epochs, key }, work);
}

/**
 * Places of other points, such as those that were left out of the map: the mean of those of their `nNeighbors` nearest points
 * of the map, by the strengths of the graph.
 * @throws ABORTED by the signal.
 */
export async function placePoints(
  points: DenseMatrix,
  laidOut: { readonly points: DenseMatrix; readonly places: DenseMatrix },
  nNeighbors: number,
  work: EmbedWork,
): Promise<DenseMatrix> {
  const places = new Float32Array(2 * points.nRows);
  await visitNearest(laidOut.points, points, nNeighbors, work, (found, firstRow) => {
    const strengths = neighbourStrengths(found, nNeighbors);
    for (let row = 0; row < found.indices.length / found.k; row++) {
      let [x, y, sum] = [0, 0, 0];
      for (let e = row * found.k; e < (row + 1) * found.k; e++) {
        x += strengths[e] * laidOut.places.data[2 * found.indices[e]];
        y += strengths[e] * laidOut.places.data[2 * found.indices[e] + 1];
        sum += strengths[e];
      }
      places[2 * (firstRow + row)] = x / sum;
      places[2 * (firstRow + row) + 1] = y / sum;
    }
  });
  return { nRows: points.nRows, nCols: 2, data: places };
}

/** The `k` nearest other points of each point. */
async function neighboursOf(points: DenseMatrix, k: number, work: EmbedWork): Promise<Neighbours> {
  const indices = new Uint32Array(points.nRows * k);
  const distances = new Float64Array(points.nRows * k);
  await visitNearest(points, points, k + 1, work, (found, firstRow) => {
    for (let row = 0; row < found.indices.length / found.k; row++) {
      let at = (firstRow + row) * k;
      const end = at + k;
      // A point that is not among its own nearest, as many lie on its place, leaves out the last.
      for (let e = row * found.k; e < (row + 1) * found.k && at < end; e++) {
        if (found.indices[e] === firstRow + row) continue;
        indices[at] = found.indices[e];
        distances[at++] = found.distances[e];
      }
    }
  });
  return { k, indices, distances };
}

async function visitNearest(
  reference: DenseMatrix,
  { nRows, nCols, data }: DenseMatrix,
  k: number,
  { engine, signal, onProgress }: EmbedWork,
  visit: (found: Neighbours, firstRow: number) => void,
): Promise<void> {
  const index = await engine.createKnnIndex(reference);
  try {
    for (let start = 0; start < nRows; start += BLOCK) {
      throwIfAborted(signal);
      const end = Math.min(nRows, start + BLOCK);
      const queries = { nRows: end - start, nCols, data: data.subarray(start * nCols, end * nCols) };
      visit(await index.search(queries, k), start);
      onProgress?.({ phase: "neighbours", done: end, total: nRows });
    }
  } finally {
    index.dispose();
  }
}

/** The first two columns, in their proportion. */
function startingPlaces({ nRows, nCols, data }: DenseMatrix): DenseMatrix {
  const places = new Float32Array(2 * nRows);
  let reach = 0;
  for (let row = 0; row < nRows; row++)
    for (let axis = 0; axis < Math.min(2, nCols); axis++) {
      const value = data[row * nCols + axis];
      places[2 * row + axis] = value;
      reach = Math.max(reach, Math.abs(value));
    }
  if (reach > 0) for (let i = 0; i < places.length; i++) places[i] *= START_REACH / reach;
  return { nRows, nCols: 2, data: places };
}
