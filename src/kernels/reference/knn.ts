/** Exact nearest neighbours by brute force. @module */
import type { DenseMatrix } from "../../core/dense.ts";
import { createPauser } from "../../core/progress.ts";
import { AtlasmtlError } from "../../errors.ts";
import type { KnnIndex, Neighbours } from "../types.ts";

/**
 * An index over the rows of `reference` under Euclidean distance.
 *
 * A squared distance is one float64 sum over the columns in ascending order; it only grows, so a row is left
 * as soon as it exceeds the k-th best. The order is by squared distance, then by row number.
 * @throws BAD_DATA when a coordinate is not finite; MISMATCH when a query has another width.
 */
export function createKnnIndex(reference: DenseMatrix): KnnIndex {
  requireFinite(reference, "reference");
  const { nRows, nCols, data } = reference;
  return {
    async search(queries, k) {
      if (queries.nCols !== nCols)
        throw new AtlasmtlError(
          "MISMATCH",
          `the queries have ${queries.nCols} columns, the reference ${nCols}`,
        );
      if (!Number.isInteger(k) || k < 1)
        throw new AtlasmtlError("USAGE", `the number of neighbours is ${k}, expected an integer from 1`);
      requireFinite(queries, "query");
      const nNeighbours = Math.min(k, nRows);
      const result = {
        k: nNeighbours,
        indices: new Uint32Array(queries.nRows * nNeighbours),
        distances: new Float64Array(queries.nRows * nNeighbours),
      } satisfies Neighbours;
      const pause = createPauser();
      for (let q = 0; q < queries.nRows; q++) {
        const query = queries.data.subarray(q * nCols, (q + 1) * nCols);
        const best = result.distances.subarray(q * nNeighbours, (q + 1) * nNeighbours);
        const rows = result.indices.subarray(q * nNeighbours, (q + 1) * nNeighbours);
        searchOne(query, data, nRows, best, rows);
        for (let i = 0; i < nNeighbours; i++) best[i] = Math.sqrt(best[i]);
        await pause();
      }
      return result;
    },
    dispose() {},
  };
}

/** Fills `best` with the smallest squared distances, rising, and `rows` with their rows. */
function searchOne(
  query: Float32Array,
  data: Float32Array,
  nRows: number,
  best: Float64Array,
  rows: Uint32Array,
): void {
  const width = query.length;
  const k = best.length;
  best.fill(Number.POSITIVE_INFINITY);
  let limit = Number.POSITIVE_INFINITY;
  for (let r = 0; r < nRows; r++) {
    let sum = 0;
    for (let i = 0; i < width && sum < limit; ) {
      const end = Math.min(i + 8, width);
      for (; i < end; i++) {
        const difference = query[i] - data[r * width + i];
        sum += difference * difference;
      }
    }
    if (sum >= limit) continue;
    let at = k - 1;
    for (; at > 0 && best[at - 1] > sum; at--) {
      best[at] = best[at - 1];
      rows[at] = rows[at - 1];
    }
    best[at] = sum;
    rows[at] = r;
    limit = best[k - 1];
  }
}

function requireFinite({ data, nCols }: DenseMatrix, what: string): void {
  const at = data.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  const row = Math.floor(at / nCols);
  throw new AtlasmtlError(
    "BAD_DATA",
    `${what} row ${row} has the coordinate ${data[at]}, expected finite numbers`,
  );
}
