/** A small dataset whose matrices are read once, however often their rows are asked for. @module */
import type { Csr, RowBlock } from "../../core/csr.ts";
import type { AnnData, Matrix, MatrixName, RowsOptions } from "../types.ts";

const MAX_ROWS = 2048;
const MAX_ENTRIES = 1 << 22;

/** `adata`, with the matrices that are small enough kept in memory after the first reading. */
export function keepSmallMatrices(adata: AnnData): AnnData {
  if (adata.nObs > MAX_ROWS) return adata;
  const kept = new Map<MatrixName, Promise<Matrix>>();
  return {
    ...adata,
    obs: adata.obs,
    var: adata.var,
    matrix(name = "X") {
      const matrix = kept.get(name) ?? adata.matrix(name).then(keptMatrix);
      kept.set(name, matrix);
      return matrix;
    },
  };
}

function keptMatrix(matrix: Matrix): Matrix {
  if ((matrix.nStored ?? matrix.nRows * matrix.nCols) > MAX_ENTRIES) return matrix;
  let blocks: readonly RowBlock[] | null = null;
  return {
    ...matrix,
    async *rows(options = {}) {
      if (blocks === null) {
        const read: RowBlock[] = [];
        for await (const block of matrix.rows({ signal: options.signal })) read.push(block);
        blocks = read;
      }
      const { start = 0, end = matrix.nRows } = options;
      for (const { firstRow, csr } of blocks)
        yield* piecesOf(csr, firstRow, {
          ...options,
          start: Math.max(start, firstRow),
          end: Math.min(end, firstRow + csr.nRows),
        });
    },
  };
}

/** Blocks of some rows of `csr`, whose first row is `base`, with values of their own. */
function* piecesOf(
  { nCols, nRows, indptr, indices, data }: Csr,
  base: number,
  { blockRows, maxRows, start = base, end = base + nRows }: RowsOptions,
): Generator<RowBlock> {
  const step = Math.max(1, blockRows ?? maxRows ?? nRows);
  for (let firstRow = start; firstRow < end; firstRow += step) {
    const last = Math.min(firstRow + step, end);
    const [from, to] = [indptr[firstRow - base], indptr[last - base]];
    yield {
      firstRow,
      csr: {
        nRows: last - firstRow,
        nCols,
        indptr: indptr.slice(firstRow - base, last - base + 1).map((at) => at - from),
        indices: indices.slice(from, to),
        data: data === null ? null : data.slice(from, to),
      },
    };
  }
}
