/** The same data in several containers give the same dataset. */
import { createHash } from "node:crypto";
import { expect, test } from "vitest";
import { openAnnData } from "../../src/anndata/open.ts";
import type { AnnData, Column, MatrixName } from "../../src/anndata/types.ts";
import { describeShared, sharedPath } from "../helpers/shared.ts";

const oddity = (name: string): Promise<AnnData> => openAnnData(sharedPath(`data/oddities/${name}`));

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

describeShared("containers of the same data", () => {
  test.each([
    ["made_raw_group_layers", "made_raw_group_layers.zarr", ["X", "layers/counts", "raw/X"]],
    ["anndata_v0.7.0", "anndata_v0.7.0.zarr.zip", ["X", "layers/array", "layers/sparse", "raw/X"]],
    ["anndata_v0.11.4", "anndata_v0.11.4.zarr.zip", []],
  ] as const)("%s is the same in HDF5 and in %s", async (name, zarr, matrices) => {
    await expectSame(await oddity(`${name}.h5ad`), await oddity(zarr), matrices);
  });

  test("a sharded store of format 3 holds the counts and labels of the same cells in HDF5", async () => {
    const zarr = await oddity("pbmc68k_reduced.zarr.zip");
    const h5ad = await openAnnData(sharedPath("data/pbmc68k_reduced_counts.h5ad"));
    const scaled = await oddity("pbmc68k_reduced_anndata08_rawgroup.h5ad");
    try {
      expect(zarr.obs.index).toEqual(h5ad.obs.index);
      expect(zarr.var.index).toEqual(h5ad.var.index);
      expect(await zarr.obs.column("bulk_labels")).toEqual(await h5ad.obs.column("bulk_labels"));
      expect(await rowsOf(zarr, "layers/counts")).toEqual(await rowsOf(h5ad, "X"));
      expect(await rowsOf(zarr, "X")).toEqual(await rowsOf(scaled, "X"));
      expect(await zarr.obsm("X_umap")).toEqual(await scaled.obsm("X_umap"));
    } finally {
      for (const each of [zarr, h5ad, scaled]) await each.close();
    }
  });

  test("a table of rows in zarr-python's structured type is read field by field, as from HDF5", async () => {
    const [zarr, h5ad] = [
      await oddity("pbmc68k_reduced.zarr.zip"),
      await oddity("pbmc68k_reduced_anndata08_rawgroup.h5ad"),
    ];
    try {
      for (const [table, field] of [
        ["names", "Dendritic"],
        ["scores", "CD19+ B"],
      ] as const) {
        const [one, other] = await Promise.all(
          [zarr, h5ad].map(async ({ stored }) => {
            const array = await stored?.store?.open(`uns/rank_genes_groups/${table}`);
            if (array?.kind !== "array") throw new Error("no array");
            return array.readField(field);
          }),
        );
        expect(one).toEqual(other);
        expect(one?.values).toHaveLength(100);
      }
    } finally {
      await zarr.close();
      await h5ad.close();
    }
  });
});
