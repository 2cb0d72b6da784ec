/** Cells as a poorer experiment, or one with other efficiencies by gene, would have counted them. @module */
import type { Csr } from "../../core/csr.ts";
import { exp } from "../../core/math.ts";
import { hash32, randomUniform } from "../../core/rng.ts";
import { thinCell, WHOLE_SHARE } from "../count-thinning.ts";
import type { Stress } from "./types.ts";

/** The counts `x` under a stress, without zeros. The same key gives the same counts. */
export function stressedCells(x: Csr, { depth, gain }: Stress, key: number): Csr {
  const { nRows, nCols, indptr, indices } = x;
  const factors = gain === 0 ? null : geneFactors(nCols, gain, key);
  const share = Math.round(depth * WHOLE_SHARE);
  const data = x.data === null ? new Float32Array(indices.length).fill(1) : x.data.slice();
  const starts = new Uint32Array(nRows + 1);
  const kept = indices.slice();
  let n = 0;
  for (let r = 0; r < nRows; r++) {
    const [start, end] = [indptr[r], indptr[r + 1]];
    const cellKey = hash32((key + r) | 0);
    if (factors !== null)
      for (let e = start; e < end; e++) {
        const expected = data[e] * factors[indices[e]];
        data[e] = Math.floor(expected + randomUniform(cellKey, e - start));
      }
    if (share < WHOLE_SHARE) thinCell(data, start, end, share, cellKey);
    for (let e = start; e < end; e++) {
      if (data[e] === 0) continue;
      kept[n] = indices[e];
      data[n++] = data[e];
    }
    starts[r + 1] = n;
  }
  return { nRows, nCols, indptr: starts, indices: kept.subarray(0, n), data: data.subarray(0, n) };
}

/** A factor for every gene: the exponential of a normal number, with a mean of 1. */
function geneFactors(nGenes: number, gain: number, key: number): Float64Array {
  return Float64Array.from({ length: nGenes }, (_, g) => {
    // The sum of twelve uniform numbers has a variance of 1.
    let normal = -6;
    for (let i = 0; i < 12; i++) normal += randomUniform(key, 12 * g + i);
    return exp(gain * normal - (gain * gain) / 2);
  });
}
