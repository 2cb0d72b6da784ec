import { expect, test } from "vitest";
import { createAnnData } from "../containers/in-memory.ts";
import { cellsWhere, selectObs } from "./select-cells.ts";

const dataset = () =>
  createAnnData({
    X: { nRows: 4, nCols: 3, data: Float32Array.of(1, 0, 2, 0, 3, 0, 0, 0, 0, 4, 5, 6) },
    obs: {
      index: ["a", "b", "c", "d"],
      columns: {
        type: ["B", "T", null, "T"],
        age: [3, Number.NaN, 5, 6],
        doublet: [false, true, false, true],
      },
    },
    var: { index: ["g1", "g2", "g3"] },
    obsm: { X_umap: { nRows: 4, nCols: 2, data: Float32Array.of(0, 1, 2, 3, 4, 5, 6, 7) } },
  });

test("selected cells keep their values, labels and coordinates, and nothing else", async () => {
  const part = await selectObs(await dataset(), Uint32Array.of(1, 3));
  expect(part.nObs).toBe(2);
  expect(part.obs.index).toEqual(["b", "d"]);
  const blocks = [];
  for await (const { csr } of (await part.matrix()).rows()) blocks.push(csr);
  expect(blocks).toHaveLength(1);
  expect([...blocks[0].indptr]).toEqual([0, 1, 4]);
  expect([...blocks[0].indices]).toEqual([1, 0, 1, 2]);
  expect([...blocks[0].data!]).toEqual([3, 4, 5, 6]);
  expect([...(await part.obsm("X_umap")).data]).toEqual([2, 3, 6, 7]);
  expect(await part.obs.column("doublet")).toMatchObject({ values: Uint8Array.of(1, 1) });
});

test("cells are found by the text of a label; a missing one is null", async () => {
  const { obs } = await dataset();
  expect([...cellsWhere(await obs.column("type"), (label) => label === "T")]).toEqual([1, 3]);
  expect([...cellsWhere(await obs.column("type"), (label) => label === null)]).toEqual([2]);
  expect([...cellsWhere(await obs.column("age"), (label) => label === "3.0" || label === null)]).toEqual([
    0, 1,
  ]);
  expect([...cellsWhere(await obs.column("doublet"), (label) => label === "True")]).toEqual([1, 3]);
});

test("row numbers that do not rise or do not exist are refused", async () => {
  const adata = await dataset();
  await expect(selectObs(adata, Uint32Array.of(2, 1))).rejects.toMatchObject({ code: "USAGE" });
  await expect(selectObs(adata, Uint32Array.of(4))).rejects.toMatchObject({ code: "USAGE" });
});
