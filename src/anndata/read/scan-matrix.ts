/** Reads a whole matrix once without keeping it, with the checks of {@link readCompactCsr}. @module */
import type { Matrix } from "../types.ts";
import { type CompactOptions, refuseNegative } from "./whole-matrix.ts";

/** What a matrix holds. */
export interface MatrixScan {
  /** Entries other than zero. */
  readonly nStored: number;
  /** Those of the row that has most. */
  readonly longestRow: number;
}

/** @throws BAD_DATA for a negative value with `binary`, or like `Matrix.rows`; ABORTED by the signal. */
export async function scanMatrix(
  matrix: Matrix,
  { binary, numThreads, signal, onBlock, onRow, onProgress }: Omit<CompactOptions, "rows">,
): Promise<MatrixScan> {
  let [nStored, longestRow] = [0, 0];
  for await (const { firstRow, csr } of matrix.rows({ reuse: true, numThreads, signal })) {
    if (binary && csr.data !== null) await refuseNegative(matrix, firstRow, csr);
    onBlock?.({ firstRow, csr });
    const { indptr, indices, nRows } = csr;
    const values =
      binary || onRow === undefined ? null : (csr.data ?? new Float32Array(indices.length).fill(1));
    for (let r = 0; r < nRows; r++) {
      longestRow = Math.max(longestRow, indptr[r + 1] - indptr[r]);
      if (values !== null) onRow?.(values, indptr[r], indptr[r + 1], firstRow + r);
    }
    nStored += indices.length;
    onProgress?.({ phase: "read", done: firstRow + nRows, total: matrix.nRows });
  }
  return { nStored, longestRow };
}
