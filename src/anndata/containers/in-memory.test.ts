import { expect, test } from "vitest";
import { Float } from "../../core/config.ts";
import { describeAnnData } from "../inspect/describe.ts";
import { type AnnDataInput, createAnnData } from "./in-memory.ts";

const counts = {
  nRows: 2,
  nCols: 3,
  indptr: Uint32Array.of(0, 1, 2),
  indices: Uint16Array.of(1, 2),
  data: null,
};
const umap = { nRows: 2, nCols: 1, data: Float32Array.of(1, 2) };
const input: AnnDataInput = {
  X: { nRows: 2, nCols: 3, data: Float32Array.of(1, 0, 2, 0, 3, 0) },
  layers: { counts },
  obs: { index: ["c1", "c2"], columns: { ct: ["T", null], n: [1, 2], ok: [true, false] } },
  var: { index: ["g1", "g2", "g3"] },
  obsm: { X_umap: umap },
  uns: new Map([["a", new Float(1)]]),
};

test("arrays in memory read like a file", async () => {
  const adata = await createAnnData(input);
  expect([adata.nObs, adata.nVars, adata.hasX, adata.hasRaw]).toEqual([2, 3, true, false]);
  expect([adata.obsmKeys, adata.layerKeys, adata.unsKeys]).toEqual([["X_umap"], ["counts"], ["a"]]);
  expect(await adata.obs.column("ct")).toEqual({
    kind: "categorical",
    codes: Int32Array.of(0, -1),
    categories: ["T"],
    ordered: false,
  });
  expect(await adata.obs.column("n")).toMatchObject({ kind: "number", dtype: "int64" });
  expect(await adata.obs.column("ok")).toMatchObject({ kind: "boolean", values: Uint8Array.of(1, 0) });
  const rows = [];
  for await (const { csr } of (await adata.matrix("layers/counts")).rows()) rows.push(csr);
  expect(rows).toEqual([{ ...counts, data: Float32Array.of(1, 1) }]);
  expect(await adata.obsm("X_umap")).toBe(umap);
  expect(await adata.uns("a")).toEqual(new Float(1));
});

test("reading changes nothing of the caller's arrays", async () => {
  const X = {
    nRows: 1,
    nCols: 4,
    indptr: Uint32Array.of(0, 3),
    indices: Uint16Array.of(3, 1, 3),
    data: Float32Array.of(1, 0, 2),
  };
  const adata = await createAnnData({ X, obs: { index: ["c"] }, var: { index: ["a", "b", "c", "d"] } });
  for await (const { csr } of (await adata.matrix()).rows())
    expect([csr.indices, csr.data]).toEqual([Uint16Array.of(3), Float32Array.of(3)]);
  expect([X.indices, X.data]).toEqual([Uint16Array.of(3, 1, 3), Float32Array.of(1, 0, 2)]);
});

test("sizes that do not agree are BAD_DATA, names that are not there NOT_FOUND", async () => {
  const X = { nRows: 3, nCols: 3, data: new Float32Array(9) };
  await expect(createAnnData({ ...input, X })).rejects.toMatchObject({ code: "BAD_DATA", where: "X" });
  const adata = await createAnnData(input);
  await expect(adata.matrix("raw/X")).rejects.toMatchObject({ code: "NOT_FOUND" });
  await expect(adata.obs.column("Ct")).rejects.toThrow('did you mean "ct"?');
  await expect(adata.obsm("X_pca")).rejects.toMatchObject({ code: "NOT_FOUND", hint: "obsm: X_umap" });
});

test("a dataset is described in full", async () => {
  const summary = await describeAnnData(await createAnnData(input));
  expect(summary).toMatchObject({
    nObs: 2,
    nVars: 3,
    matrices: [
      { name: "X", storage: "dense", nStored: null },
      { name: "layers/counts", storage: "csr", nStored: 2 },
    ],
    obs: [
      { name: "ct", kind: "categorical", nMissing: 1, nClasses: 1, classes: [{ name: "T", count: 1 }] },
      { name: "n", kind: "number", dtype: "int64", range: [1, 2] },
      { name: "ok", kind: "boolean", nClasses: 2 },
    ],
    obsm: [{ path: "obsm/X_umap", shape: [2, 1] }],
    uns: [{ path: "uns/a" }],
    other: [],
  });
});
