/** The same data in several containers give the same dataset. */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { openAnnData } from "../../src/anndata/open.ts";
import type { AnnData, Column, MatrixName } from "../../src/anndata/types.ts";
import { describeOdd } from "../helpers/odd-sets.ts";

/** The sizes of the blocks of a matrix and a digest of each: to compare the values one by one takes seconds. */
async function rowsOf(adata: AnnData, name: MatrixName): Promise<unknown> {
  const rows: unknown[] = [];
  for await (const { csr } of (await adata.matrix(name)).rows({ blockRows: 64 })) {
    const hash = createHash("sha256");
    for (const part of [csr.indptr, csr.indices, csr.data ?? new Float32Array(0)])
      hash.update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength));
    rows.push([csr.nRows, csr.nCols, csr.indices.length, hash.digest("hex")]);
  }
  return rows;
}

const openAll = (...paths: readonly string[]): Promise<AnnData[]> =>
  Promise.all(paths.map((path) => openAnnData(path)));

async function columnsOf(adata: AnnData, frame: "obs" | "var"): Promise<Map<string, Column>> {
  const columns = new Map<string, Column>();
  for (const name of adata[frame].columns) columns.set(name, await adata[frame].column(name));
  return columns;
}

async function expectSame(one: AnnData, other: AnnData, matrices: readonly MatrixName[]): Promise<void> {
  try {
    expect([other.nObs, other.nVars, other.hasX, other.hasRaw]).toEqual([
      one.nObs,
      one.nVars,
      one.hasX,
      one.hasRaw,
    ]);
    expect(other.obs.index).toEqual(one.obs.index);
    expect(other.var.index).toEqual(one.var.index);
    expect(await columnsOf(other, "obs")).toEqual(await columnsOf(one, "obs"));
    expect(await columnsOf(other, "var")).toEqual(await columnsOf(one, "var"));
    for (const name of matrices) expect(await rowsOf(other, name)).toEqual(await rowsOf(one, name));
  } finally {
    await one.close();
    await other.close();
  }
}

describeOdd("containers of the same data", ({ files }) => {
  test.each([
    ["rawLayers", "rawLayersZarr", ["X", "layers/counts", "raw/X"]],
    ["anndata07", "anndata07Zarr", ["X", "layers/array", "layers/sparse", "raw/X"]],
    ["noX", "noXZarr", []],
  ] as const)("%s is the same in HDF5 and in %s", async (h5ad, zarr, matrices) => {
    await expectSame(await openAnnData(files[h5ad]), await openAnnData(files[zarr]), matrices);
  });

  test("a sharded store of format 3 holds the counts and labels of the same cells in HDF5", async () => {
    const [zarr, counts, scaled] = await openAll(files.shardedZarr, files.counts, files.anndata08);
    try {
      expect(zarr.obs.index).toEqual(counts.obs.index);
      expect(zarr.var.index).toEqual(counts.var.index);
      const labels = counts.obs.columns.find((name) => name === "bulk_labels" || name === "type")!;
      expect(await zarr.obs.column(labels)).toEqual(await counts.obs.column(labels));
      expect(await rowsOf(zarr, "layers/counts")).toEqual(await rowsOf(counts, "X"));
      expect(await rowsOf(zarr, "X")).toEqual(await rowsOf(scaled, "X"));
      expect(await zarr.obsm("X_umap")).toEqual(await scaled.obsm("X_umap"));
    } finally {
      for (const each of [zarr, counts, scaled]) await each.close();
    }
  });

  test("a table of rows in zarr-python's structured type is read field by field, as from HDF5", async () => {
    const both = await openAll(files.shardedZarr, files.anndata08);
    try {
      for (const table of ["names", "scores"]) {
        const [one, other] = await Promise.all(
          both.map(async ({ stored }) => {
            const array = await stored?.store?.open(`uns/rank_genes_groups/${table}`);
            if (array?.kind !== "array" || array.element !== "compound") throw new Error("no table");
            return Promise.all(array.fields.map((field) => array.readField(field)));
          }),
        );
        expect(one.length).toBeGreaterThan(3);
        expect(one).toEqual(other);
        expect(one[0].values.length).toBeGreaterThan(10);
      }
    } finally {
      for (const each of both) await each.close();
    }
  });
});
