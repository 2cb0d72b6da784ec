/**
 * Approximate neighbours: an inverted file over the exact engine (docs/specification/3-prediction.md#knn-correction).
 * @module
 */
import type { DenseMatrix } from "../core/dense.ts";
import { createPauser, type Pause } from "../core/progress.ts";
import { permutation, streamKey } from "../core/rng.ts";
import type { Engine, KnnIndex, Neighbours } from "../kernels/types.ts";

/** How much of the reference a search looks at. */
export interface ApproximateOptions {
  /** Number of lists that the reference is divided into; null takes the square root of its rows. */
  readonly nLists: number | null;
  /** Number of nearest lists that each query searches. */
  readonly nProbes: number;
}

const DEFAULT_APPROXIMATE_OPTIONS: ApproximateOptions = { nLists: null, nProbes: 16 };

/** Points whose centroid is searched between two pauses. */
const BLOCK_ROWS = 2048;
/** Rounds of k-means, on this many points per list. */
const ROUNDS = 5;
const SAMPLE_PER_LIST = 64;
/** The centroids use this random stream with seed 0, so that the index depends on the reference alone. */
const STREAM = "knn-lists";

/**
 * Divides `reference` into lists around k-means centroids; a query searches the `nProbes` nearest lists exactly.
 *
 * Distances are exact, but neighbours may be missed. Neighbours are ordered by distance, then row. A query
 * whose lists hold fewer than `k` rows searches the whole reference. Source: Sivic & Zisserman, 2003; Jégou
 * et al., 2011.
 * @throws what the engine throws; ABORTED by the signal, from a search as well.
 */
export async function createApproximateIndex(
  engine: Engine,
  reference: DenseMatrix,
  options: Partial<ApproximateOptions> = {},
  signal?: AbortSignal,
): Promise<KnnIndex> {
  const { nLists, nProbes } = { ...DEFAULT_APPROXIMATE_OPTIONS, ...options };
  const size = Math.max(1, Math.min(reference.nRows, nLists ?? Math.floor(Math.sqrt(reference.nRows))));
  const pause = createPauser(signal);
  const centroids = await cluster(engine, reference, size, pause);
  const listOf = await nearestCentroid(engine, centroids, reference, pause);
  const members = rowsByList(listOf, size);
  const open: KnnIndex[] = [];
  try {
    const coarse = await engine.createKnnIndex(centroids);
    open.push(coarse);
    const lists: (KnnIndex | null)[] = [];
    for (const rows of members) {
      const list = rows.length === 0 ? null : await engine.createKnnIndex(takeRows(reference, rows));
      lists.push(list);
      if (list !== null) open.push(list);
      await pause();
    }
    return {
      search: (queries, k) =>
        searchLists({ engine, reference, coarse, lists, members, nProbes, pause }, queries, k),
      dispose() {
        for (const index of open) index.dispose();
      },
    };
  } catch (error) {
    for (const index of open) index.dispose();
    throw error;
  }
}

interface Lists {
  readonly engine: Engine;
  readonly reference: DenseMatrix;
  readonly coarse: KnnIndex;
  readonly lists: readonly (KnnIndex | null)[];
  readonly members: readonly Uint32Array[];
  readonly nProbes: number;
  readonly pause: Pause;
}

async function searchLists(index: Lists, queries: DenseMatrix, k: number): Promise<Neighbours> {
  const { reference, members, pause } = index;
  const found = Math.min(k, reference.nRows);
  const probes = await index.coarse.search(queries, index.nProbes);
  const indices = new Uint32Array(queries.nRows * found);
  const distances = new Float64Array(queries.nRows * found).fill(Number.POSITIVE_INFINITY);
  const counts = new Uint32Array(queries.nRows);
  const asking = rowsByList(probes.indices, members.length);
  for (const [list, slots] of asking.entries()) {
    const lookup = index.lists[list];
    if (lookup === null || lookup === undefined || slots.length === 0) continue;
    const cells = slots.map((slot) => Math.floor(slot / probes.k));
    const answer = await lookup.search(takeRows(queries, cells), found);
    const rows = members[list];
    cells.forEach((cell, q) => {
      for (let i = 0; i < answer.k; i++) {
        const row = rows[answer.indices[q * answer.k + i]];
        if (!insert(cell * found, found, answer.distances[q * answer.k + i], row, distances, indices)) break;
      }
      counts[cell] += answer.k;
    });
    await pause();
  }
  const short = Uint32Array.from(counts.keys()).filter((cell) => counts[cell] < found);
  if (short.length > 0) {
    const whole = await index.engine.createKnnIndex(reference);
    try {
      const answer = await whole.search(takeRows(queries, short), found);
      short.forEach((cell, q) => {
        indices.set(answer.indices.subarray(q * found, (q + 1) * found), cell * found);
        distances.set(answer.distances.subarray(q * found, (q + 1) * found), cell * found);
      });
    } finally {
      whole.dispose();
    }
  }
  return { k: found, indices, distances };
}

/** Inserts a neighbour among the `k` from `at` on, by distance; false if it is farther than all of them. */
function insert(
  at: number,
  k: number,
  distance: number,
  row: number,
  distances: Float64Array,
  indices: Uint32Array,
): boolean {
  const isAfter = (i: number): boolean =>
    distances[i] > distance || (distances[i] === distance && indices[i] > row);
  let i = at + k - 1;
  if (!isAfter(i)) return false;
  for (; i > at && isAfter(i - 1); i--) {
    distances[i] = distances[i - 1];
    indices[i] = indices[i - 1];
  }
  distances[i] = distance;
  indices[i] = row;
  return true;
}

/** Centroids by k-means over a sample, sums in float64 in row order; an empty list keeps its centroid. */
async function cluster(
  engine: Engine,
  reference: DenseMatrix,
  size: number,
  pause: Pause,
): Promise<DenseMatrix> {
  const { nCols } = reference;
  const order = permutation(streamKey(0, STREAM), reference.nRows);
  const sample = takeRows(reference, order.subarray(0, size * SAMPLE_PER_LIST));
  let centroids = takeRows(reference, order.subarray(0, size));
  for (let round = 0; round < ROUNDS; round++) {
    const listOf = await nearestCentroid(engine, centroids, sample, pause);
    const sums = new Float64Array(size * nCols);
    const counts = new Uint32Array(size);
    listOf.forEach((list, r) => {
      counts[list]++;
      for (let d = 0; d < nCols; d++) sums[list * nCols + d] += sample.data[r * nCols + d];
    });
    const data = centroids.data.slice();
    for (let list = 0; list < size; list++)
      if (counts[list] > 0)
        for (let d = 0; d < nCols; d++) data[list * nCols + d] = sums[list * nCols + d] / counts[list];
    centroids = { nRows: size, nCols, data };
  }
  return centroids;
}

async function nearestCentroid(
  engine: Engine,
  centroids: DenseMatrix,
  points: DenseMatrix,
  pause: Pause,
): Promise<Uint32Array> {
  const index = await engine.createKnnIndex(centroids);
  const { nRows, nCols, data } = points;
  const nearest = new Uint32Array(nRows);
  try {
    for (let start = 0; start < nRows; start += BLOCK_ROWS) {
      const end = Math.min(start + BLOCK_ROWS, nRows);
      const block = { nRows: end - start, nCols, data: data.subarray(start * nCols, end * nCols) };
      nearest.set((await index.search(block, 1)).indices, start);
      await pause();
    }
    return nearest;
  } finally {
    index.dispose();
  }
}

/** The positions of each list in `listOf`, ascending. */
function rowsByList(listOf: Uint32Array, nLists: number): Uint32Array[] {
  const counts = new Uint32Array(nLists);
  for (const list of listOf) counts[list]++;
  const rows = Array.from(counts, (count) => new Uint32Array(count));
  counts.fill(0);
  listOf.forEach((list, r) => {
    rows[list][counts[list]++] = r;
  });
  return rows;
}

function takeRows({ nCols, data }: DenseMatrix, rows: Uint32Array): DenseMatrix {
  const taken = new Float32Array(rows.length * nCols);
  rows.forEach((row, i) => {
    taken.set(data.subarray(row * nCols, (row + 1) * nCols), i * nCols);
  });
  return { nRows: rows.length, nCols, data: taken };
}
