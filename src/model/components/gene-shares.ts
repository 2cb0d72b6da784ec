/** Which share of the counts of a reference each gene has, and genes that a query lacks. @module */
import type { Csr } from "../../core/csr.ts";

/** Share of all counts of `x` that each gene has; zeros if there are none. */
export function sharesOfCounts({ nCols, indices, data }: Csr): Float32Array {
  const sums = new Float64Array(nCols);
  let total = 0;
  for (let e = 0; e < indices.length; e++) {
    const value = data === null ? 1 : data[e];
    sums[indices[e]] += value;
    total += value;
  }
  return Float32Array.from(sums, (sum) => (total > 0 ? sum / total : 0));
}

/**
 * The share of the reference's counts that the genes with a non-zero byte in `measured` have; exactly 1 if there are all
 * of them.
 */
export function shareOfMeasured(geneShares: Float32Array, measured: Uint8Array): number {
  if (measured.every((bit) => bit !== 0)) return 1;
  let share = 0;
  for (let g = 0; g < measured.length; g++) if (measured[g] !== 0) share += geneShares[g];
  return share;
}
