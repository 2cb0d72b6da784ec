/** Matrices that are read once. */
import { expect, test } from "vitest";
import { createAnnData } from "../containers/in-memory.ts";
import type { Matrix, RowsOptions } from "../types.ts";
import { keepSmallMatrices } from "./kept-rows.ts";

const N = 23;
const index = (prefix: string, n: number) => Array.from({ length: n }, (_, i) => `${prefix}${i}`);

async function rowsOf(matrix: Matrix, options: RowsOptions): Promise<number[][]> {
  const rows: number[][] = [];
  for await (const { firstRow, csr } of matrix.rows(options)) {
    expect(firstRow).toBe((options.start ?? 0) + rows.length);
    for (let r = 0; r < csr.nRows; r++) {
      const row = new Array<number>(csr.nCols).fill(0);
      for (let at = csr.indptr[r]; at < csr.indptr[r + 1]; at++) row[csr.indices[at]] = csr.data?.[at] ?? 1;
      rows.push(row);
    }
    csr.data?.fill(-1); // a reader may change its block
  }
  return rows;
}

test("rows come out as stored, in any part and block, and are read from the source once", async () => {
  const base = await createAnnData({
    X: { nRows: N, nCols: 5, data: Float32Array.from({ length: N * 5 }, (_, i) => (i * 7) % 4) },
    obs: { index: index("c", N) },
    var: { index: index("g", 5) },
  });
  let nReads = 0;
  const counted = {
    ...base,
    async matrix(): Promise<Matrix> {
      const matrix = await base.matrix();
      return {
        ...matrix,
        rows: (options) => {
          nReads++;
          // A source may give smaller blocks than asked for.
          return matrix.rows({ ...options, blockRows: 4 });
        },
      };
    },
  };
  const kept = await keepSmallMatrices(counted).matrix();
  const plain = await base.matrix();
  for (const options of [
    {},
    { blockRows: 3 },
    { start: 5, end: 19 },
    { start: 7, end: 8 },
    { maxRows: 6, start: 2 },
  ])
    expect(await rowsOf(kept, options)).toEqual(await rowsOf(plain, options));
  expect(nReads).toBe(1);
});
