/** Leaves out columns of a matrix while its rows stream. @module */
import type { Matrix } from "../types.ts";

/** `matrix` with the columns that `toColumn` keeps: of each old column the new one, or -1. */
export function withColumns(matrix: Matrix, toColumn: Int32Array, nCols: number): Matrix {
  if (nCols === matrix.nCols) return matrix;
  const oldColumn = new Int32Array(nCols);
  toColumn.forEach((column, old) => {
    if (column >= 0) oldColumn[column] = old;
  });
  return {
    ...matrix,
    nCols,
    nStored: null,
    entryName: async (row, column) =>
      (await matrix.entryName?.(row, oldColumn[column])) ?? `column ${column} of row ${row}`,
    async *rows(options) {
      for await (const { firstRow, csr } of matrix.rows(options)) {
        const { nRows, indptr, indices, data } = csr;
        const starts = new Uint32Array(nRows + 1);
        const columns = nCols <= 65536 ? new Uint16Array(indices.length) : new Uint32Array(indices.length);
        const values = data === null ? null : new Float32Array(indices.length);
        let kept = 0;
        for (let r = 0; r < nRows; r++) {
          for (let e = indptr[r]; e < indptr[r + 1]; e++) {
            const column = toColumn[indices[e]];
            if (column < 0) continue;
            columns[kept] = column;
            if (values !== null) values[kept] = data![e];
            kept++;
          }
          starts[r + 1] = kept;
        }
        yield {
          firstRow,
          csr: {
            nRows,
            nCols,
            indptr: starts,
            indices: columns.subarray(0, kept),
            data: values?.subarray(0, kept) ?? null,
          },
        };
      }
    },
  };
}
