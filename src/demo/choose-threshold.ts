/** Chooses the distance from the reference above which a cell is Unknown. @module */
import type { DenseMatrix } from "../core/dense.ts";
import type { WorkOptions } from "../core/progress.ts";
import { AtlasmtlError, option, phrase } from "../errors.ts";
import type { Engine } from "../kernels/types.ts";
import type { ValidationSplit } from "../model/validation-split.ts";

export interface HeldOutThreshold {
  /** The distance that at most 1 − `quantile` of the held-out cells exceed. */
  readonly threshold: number;
  readonly quantile: number;
  readonly nHeldOut: number;
}

/**
 * The `quantile` (0 < q ≤ 1) of the distance of held-out reference cells to their nearest training cell.
 *
 * Held-out cells are of known types and were not trained on, like query cells of known types; so about 1 − q of those
 * lie beyond the threshold. `points` are the reference cells in the KNN space.
 * @throws USAGE without held-out cells.
 */
export async function heldOutThreshold(
  points: DenseMatrix,
  split: ValidationSplit,
  quantile: number,
  { engine }: WorkOptions & { readonly engine: Engine },
): Promise<HeldOutThreshold> {
  const nHeldOut = split.val.length;
  if (nHeldOut === 0)
    throw new AtlasmtlError("USAGE", "a threshold needs held-out cells, and there are none", {
      hint: phrase`train with ${option("valFraction")} above 0`,
    });
  const index = await engine.createKnnIndex(pick(points, split.train));
  try {
    const { distances } = await index.search(pick(points, split.val), 1);
    const sorted = distances.slice().sort();
    return { threshold: sorted[Math.max(0, Math.ceil(quantile * nHeldOut) - 1)], quantile, nHeldOut };
  } finally {
    index.dispose();
  }
}

function pick({ nCols, data }: DenseMatrix, rows: Uint32Array): DenseMatrix {
  const picked = new Float32Array(rows.length * nCols);
  rows.forEach((row, i) => {
    picked.set(data.subarray(row * nCols, (row + 1) * nCols), i * nCols);
  });
  return { nRows: rows.length, nCols, data: picked };
}
