/** Judges what values a matrix holds by a sample of rows from all over it. @module */
import type { Matrix } from "../types.ts";
import { createStatistics } from "./statistics.ts";
import type { MatrixJudgement } from "./types.ts";
import { judge } from "./verdict.ts";

/** Size of the sample: number of blocks, and rows per block. */
const BLOCKS = 8;
const BLOCK_ROWS = 32;
/** A CSC matrix with more entries than this is not sampled, because one row needs the whole matrix. */
const MAX_COLUMNWISE = 1 << 26;

/**
 * Judges `matrix` by blocks of rows over the whole of it; by its first rows if it is stored by columns or as text.
 * @returns null if sampling would read all of a large matrix.
 * @throws like `Matrix.rows`.
 */
export async function judgeMatrix(matrix: Matrix, signal?: AbortSignal): Promise<MatrixJudgement | null> {
  const blocks = sampleBlocks(matrix);
  if (blocks === null) return null;
  const statistics = createStatistics(matrix.nCols);
  for (const [start, end] of blocks)
    for await (const { csr } of matrix.rows({ start, end, signal })) statistics.add(csr);
  return judge(statistics.finish());
}

/** The blocks of rows that stand for the matrix; null if reading them would read all of a large matrix. */
export function sampleBlocks({
  nRows,
  nStored,
  storage,
  isSequential,
}: Matrix): [start: number, end: number][] | null {
  if (storage === "csc" && (nStored ?? 0) > MAX_COLUMNWISE) return null;
  const wanted = BLOCKS * BLOCK_ROWS;
  if (nRows <= wanted || storage === "csc" || isSequential === true) return [[0, Math.min(nRows, wanted)]];
  return Array.from({ length: BLOCKS }, (_, i) => {
    const start = Math.floor((i * (nRows - BLOCK_ROWS)) / (BLOCKS - 1));
    return [start, start + BLOCK_ROWS];
  });
}
