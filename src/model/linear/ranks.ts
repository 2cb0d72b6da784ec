/** Ranks of the expressed genes within each cell. @module */
import type { Csr } from "../../core/csr.ts";

/** Whole values below this are ranked by counting them. */
const COUNTED = 256;

/**
 * Replaces each stored value of a cell by its rank among them, divided by their number: equal values share their mean
 * rank, the largest is near 1. Zeros stay zeros. Depth, normalisation and any rising transform leave ranks as they are.
 */
export function rankRows(x: Csr): Csr & { readonly data: Float32Array } {
  const { nRows, indptr, indices } = x;
  const data = new Float32Array(indices.length);
  const table = new Float64Array(COUNTED);
  for (let r = 0; r < nRows; r++) {
    const [start, end] = [indptr[r], indptr[r + 1]];
    if (x.data === null) data.fill((end - start + 1) / (2 * (end - start)), start, end);
    else if (!rankCounts(x.data, start, end, data, table)) rankValues(x.data, start, end, data);
  }
  return { ...x, data };
}

/** Ranks small whole numbers; false for other values, of which nothing is written. */
function rankCounts(
  values: Float32Array,
  start: number,
  end: number,
  into: Float32Array,
  table: Float64Array,
): boolean {
  table.fill(0);
  for (let e = start; e < end; e++) {
    const value = values[e];
    if (!(value >= 0 && value < COUNTED && Number.isInteger(value))) return false;
    table[value]++;
  }
  const n = end - start - table[0];
  table[0] = 0;
  let below = 0;
  for (let value = 1; value < COUNTED; value++) {
    const equal = table[value];
    table[value] = (below + (equal + 1) / 2) / n;
    below += equal;
  }
  for (let e = start; e < end; e++) into[e] = table[values[e]];
  return true;
}

function rankValues(values: Float32Array, start: number, end: number, into: Float32Array): void {
  const rising = values
    .subarray(start, end)
    .filter((value) => value !== 0)
    .sort();
  for (let e = start; e < end; e++) {
    if (values[e] === 0) continue;
    const below = countBelow(rising, values[e], false);
    const upTo = countBelow(rising, values[e], true);
    into[e] = (below + upTo + 1) / 2 / rising.length;
  }
}

/** How many of `rising` are below `value`, or at most `value`. */
function countBelow(rising: Float32Array, value: number, orEqual: boolean): number {
  let [low, high] = [0, rising.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rising[middle] < value || (orEqual && rising[middle] === value)) low = middle + 1;
    else high = middle;
  }
  return low;
}
