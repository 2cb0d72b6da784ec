/** Exact nearest neighbours on the kernels; see assembly/knn.ts for the method. @module */
import type { DenseMatrix } from "../../core/dense.ts";
import { createPauser } from "../../core/progress.ts";
import { AtlasmtlError } from "../../errors.ts";
import type { KnnIndex, Neighbours } from "../types.ts";
import { PANEL, planScratch } from "./layout.ts";
import { compactTable, createPlan } from "./memory.ts";
import { TASK } from "./pool.ts";
import type { Session } from "./session.ts";
import { SEARCH, writeRecord } from "./structs.ts";

/** Queries of one job, and of one task. */
const JOB_QUERIES = 512;
const CHUNK_QUERIES = 32;

/**
 * An index over the rows of `reference` under Euclidean distance; order by squared distance, then row.
 * @throws BAD_DATA when a coordinate is not finite; LIMIT when the arena cannot hold it. Searches throw MISMATCH
 * for queries of another width and USAGE for a k below 1.
 */
export function createKnnIndex(session: Session, reference: DenseMatrix): KnnIndex {
  requireFinite(reference, "reference");
  const { arena, kernels, pool } = session;
  const { nRows, nCols: dim } = reference;
  const nPanels = Math.ceil(nRows / PANEL);
  const plan = createPlan();
  const panels = plan.reserve(nPanels * dim * PANEL * 4);
  const norms = plan.reserve(nPanels * PANEL * 4);
  const panelNorms = plan.reserve(nPanels * 4);
  const record = plan.reserve(SEARCH.length * 4);
  const table = plan.reserve(256);
  const zeros = plan.reserve(64);
  const region = arena.allocate(plan.bytes, `a neighbour index of ${nRows} x ${dim}`);
  const base = region.address;
  const fixed = {
    nReferences: nRows,
    dim,
    references: base + panels,
    norms: base + norms,
    panelNorms: base + panelNorms,
    chunkRows: CHUNK_QUERIES,
    compactTable: base + table,
    zeros: base + zeros,
    ...errorFactors(dim),
  };
  const idle = { nQueries: 0, queries: 0, k: 0, indices: 0, distances: 0, scratch: 0 };
  const views = arena.views();
  views.u8.set(compactTable(), base + table);
  toPanels(reference, views.f32.subarray(fixed.references / 4, fixed.references / 4 + nPanels * dim * PANEL));
  writeRecord(views, base + record, SEARCH, { ...fixed, ...idle });
  kernels.prepareReferences(base + record, 0, nPanels);
  let disposed = false;

  return {
    async search(queries, k) {
      if (disposed) throw new AtlasmtlError("USAGE", "this index has been disposed of");
      if (queries.nCols !== dim)
        throw new AtlasmtlError(
          "MISMATCH",
          `the queries have ${queries.nCols} columns, the reference ${dim}`,
        );
      if (!Number.isInteger(k) || k < 1)
        throw new AtlasmtlError("USAGE", `the number of neighbours is ${k}, expected an integer from 1`);
      requireFinite(queries, "query");
      const nNeighbours = Math.min(k, nRows);
      const result: Neighbours = {
        k: nNeighbours,
        indices: new Uint32Array(queries.nRows * nNeighbours),
        distances: new Float64Array(queries.nRows * nNeighbours),
      };
      if (nNeighbours === 0 || queries.nRows === 0) return result;

      const work = createPlan();
      const rows = Math.min(JOB_QUERIES, queries.nRows);
      const queryAt = work.reserve(rows * dim * 4);
      const indicesAt = work.reserve(rows * nNeighbours * 4);
      const distancesAt = work.reserve(rows * nNeighbours * 8);
      const scratch = planScratch(work, {
        numThreads: pool.numThreads,
        capacity: 4,
        maxWidth: dim,
        chunkRows: CHUNK_QUERIES,
        maxUpdateRows: 0,
      });
      const room = arena.allocate(work.bytes, `a search for ${nNeighbours} neighbours`);
      try {
        scratch.write(arena.views(), room.address);
        const pause = createPauser();
        for (let first = 0; first < queries.nRows; first += rows) {
          const n = Math.min(rows, queries.nRows - first);
          const { f32, f64, u32 } = arena.views();
          f32.set(queries.data.subarray(first * dim, (first + n) * dim), (room.address + queryAt) / 4);
          writeRecord({ u32, f32 }, base + record, SEARCH, {
            ...fixed,
            nQueries: n,
            queries: room.address + queryAt,
            k: nNeighbours,
            indices: room.address + indicesAt,
            distances: room.address + distancesAt,
            scratch: room.address + scratch.records,
          });
          pool.start([{ kind: TASK.search, argument: base + record, nTasks: Math.ceil(n / CHUNK_QUERIES) }]);
          pool.join();
          const from = (room.address + indicesAt) / 4;
          result.indices.set(u32.subarray(from, from + n * nNeighbours), first * nNeighbours);
          const squares = (room.address + distancesAt) / 8;
          for (let i = 0; i < n * nNeighbours; i++)
            result.distances[first * nNeighbours + i] = Math.sqrt(f64[squares + i]);
          await pause();
        }
      } finally {
        arena.release(room);
      }
      return result;
    },
    dispose() {
      if (disposed) return;
      disposed = true;
      arena.release(region);
    },
  };
}

/** Factors of the filter's error bound in assembly/knn.ts: g = n u / (1 - n u) for sums of n float32 terms. */
function errorFactors(dim: number): { crossError: number; normError: number } {
  const u = 2 ** -24;
  const n = (dim + 4) * u;
  return { crossError: n < 0.5 ? (2.1 * n) / (1 - n) : Number.POSITIVE_INFINITY, normError: 4 * u };
}

/** Rows to panels `[ceil(n / 16)][dim][16]`. */
function toPanels({ nRows, nCols, data }: DenseMatrix, out: Float32Array): void {
  for (let first = 0; first < nRows; first += PANEL) {
    const n = Math.min(PANEL, nRows - first);
    let at = first * nCols;
    for (let d = 0; d < nCols; d++, at += PANEL)
      for (let j = 0; j < n; j++) out[at + j] = data[(first + j) * nCols + d];
  }
}

function requireFinite({ data, nCols }: DenseMatrix, what: string): void {
  // A loop, since a reference has tens of millions of coordinates.
  let at = 0;
  while (at < data.length && Number.isFinite(data[at])) at++;
  if (at === data.length) return;
  const row = Math.floor(at / nCols);
  throw new AtlasmtlError(
    "BAD_DATA",
    `${what} row ${row} has the coordinate ${data[at]}, expected finite numbers`,
  );
}
