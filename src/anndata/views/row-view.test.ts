import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { createAnnData } from "../containers/in-memory.ts";
import type { AnnData, Matrix } from "../types.ts";
import { viewRows } from "./row-view.ts";
import { selectObs } from "./select-cells.ts";

const N = 30;
const base = (): Promise<AnnData> =>
  createAnnData({
    X: { nRows: N, nCols: 5, data: Float32Array.from({ length: N * 5 }, (_, i) => (i % 3 === 0 ? 0 : i)) },
    obs: {
      index: Array.from({ length: N }, (_, i) => `c${i}`),
      columns: { n: Array.from({ length: N }, (_, i) => i) },
    },
    var: { index: ["a", "b", "c", "d", "e"], columns: { id: ["1", "2", "3", "4", "5"] } },
    obsm: { X_pca: { nRows: N, nCols: 2, data: Float32Array.from({ length: N * 2 }, (_, i) => i) } },
  });

async function table(matrix: Matrix, options = {}): Promise<number[][]> {
  const rows: number[][] = [];
  for await (const { firstRow, csr } of matrix.rows(options))
    for (let r = 0; r < csr.nRows; r++) {
      const row = new Array<number>(csr.nCols).fill(0);
      for (let e = csr.indptr[r]; e < csr.indptr[r + 1]; e++) row[csr.indices[e]] = csr.data![e];
      rows.push([firstRow + r, ...row]);
    }
  return rows;
}

describe("viewRows", () => {
  it("shows what a copy of these cells holds, block by block and in part", async () => {
    const adata = await base();
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.nat(N - 1), { minLength: 1 }),
        fc.integer({ min: 1, max: 7 }),
        fc.nat(N),
        fc.nat(N),
        async (picked, blockRows, a, b) => {
          const rows = Uint32Array.from(picked).sort();
          const view = await viewRows(adata, rows);
          const copy = await selectObs(adata, rows);
          const [low, high] = [Math.min(a, b, rows.length), Math.min(Math.max(a, b), rows.length)];
          const [seen, expected] = [await view.matrix(), await copy.matrix()];
          expect(await table(seen, { blockRows })).toEqual(await table(expected));
          expect(await table(seen, { blockRows, start: low, end: high })).toEqual(
            await table(expected, { start: low, end: high }),
          );
          expect(view.obs.index).toEqual(copy.obs.index);
          expect(await view.obs.column("n")).toEqual(await copy.obs.column("n"));
          expect(await view.obsm("X_pca")).toEqual(await copy.obsm("X_pca"));
        },
      ),
      { numRuns: 50 },
    );
  });

  it("keeps the columns of genes, and refuses rows that do not rise", async () => {
    const adata = await base();
    expect((await viewRows(adata, Uint32Array.of(1, 4))).var.columns).toEqual(["id"]);
    await expect(viewRows(adata, Uint32Array.of(4, 1))).rejects.toMatchObject({ code: "USAGE" });
    await expect(viewRows(adata, Uint32Array.of(N))).rejects.toMatchObject({ code: "USAGE" });
  });
});
