import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { describeAnnData } from "../../src/anndata/inspect/describe.ts";
import { openAnnData } from "../../src/anndata/open.ts";
import { readCompactCsr } from "../../src/anndata/read/whole-matrix.ts";
import type { AnnData, Column, MatrixName } from "../../src/anndata/types.ts";
import type { Additions } from "../../src/anndata/write/additions.ts";
import { writeAnnotated } from "../../src/anndata/write/append.ts";
import type { Csr } from "../../src/core/csr.ts";
import { describeShared, sharedPath } from "../helpers/shared.ts";

async function withShared<T>(path: string, work: (adata: AnnData) => Promise<T>): Promise<T> {
  const adata = await openAnnData(sharedPath(path));
  try {
    return await work(adata);
  } finally {
    await adata.close();
  }
}

async function read(path: string, name: MatrixName = "X"): Promise<{ csr: Csr; cells: readonly string[] }> {
  return withShared(path, async (adata) => ({
    csr: await readCompactCsr(await adata.matrix(name), { binary: false }),
    cells: adata.obs.index,
  }));
}

/** The entries of one row below a column, as a string. */
function rowText(csr: Csr, row: number, below = csr.nCols): string {
  const from = csr.indptr[row];
  const entries = Array.from(csr.indices.subarray(from, csr.indptr[row + 1]), (column, i) => [
    column,
    csr.data![from + i],
  ]);
  return entries
    .filter(([column]) => column < below)
    .map(([column, value]) => `${column}:${value}`)
    .join(" ");
}

const sum = (values: Float32Array): number => values.reduce((total, value) => total + value, 0);

describeShared("real files", () => {
  // Sizes and sums as anndata and scipy give them.
  test.each([
    ["data/pbmc_3tech_symphony.h5ad", "X", [1500, 1764, 305064, 1845998], "float32"],
    ["data/pbmc_kang2018_ctrl.h5ad", "X", [12261, 1287, 4266127, 15334912], "float32"],
    ["data/pbmc68k_reduced_counts.h5ad", "X", [700, 765, 174400, 486651], "int32"],
    ["golden/reference.h5ad", "X", [600, 400, 104378, 642163], "float32"],
    ["golden/query.h5ad", "X", [250, 390, 48014, 341914], "float32"],
  ] as const)("%s › %s", async (path, name, facts, dtype) => {
    await withShared(path, async (adata) => {
      const matrix = await adata.matrix(name);
      const csr = await readCompactCsr(matrix, { binary: false });
      expect([csr.nRows, csr.nCols, csr.indices.length, sum(csr.data!)]).toEqual(facts);
      expect(matrix.dtype).toBe(dtype);
      expect(csr.indices).toBeInstanceOf(Uint16Array);
    });
  });

  test("missing labels and class counts are those of the data's description", async () => {
    await withShared("data/pbmc_3tech_symphony.h5ad", async (adata) => {
      const { obs } = await describeAnnData(adata);
      const facts = Object.fromEntries(obs.map((column) => [column.name, column]));
      expect(facts.cell_type_l1).toMatchObject({ nClasses: 7, nMissing: 0 });
      expect(facts.cell_type_l2).toMatchObject({ nClasses: 9, nMissing: 0 });
      expect(facts.cell_type_l3_nested).toMatchObject({ nClasses: 15, nMissing: 80 });
      expect(facts.technology).toMatchObject({ kind: "categorical", nClasses: 3 });
    });
  });

  test("a CSC copy, a copy in raw and an int64 CSC layer hold the rows of the file they were made from", async () => {
    const source = await read("data/pbmc_3tech_symphony.h5ad");
    const rowOf = new Map(source.cells.map((cell, row) => [cell, row]));
    for (const [path, name, columns] of [
      ["data/oddities/made_csc_gzip.h5ad", "X", 1764],
      ["data/oddities/made_nullable_csr.h5ad", "X", 1764],
      ["data/oddities/made_raw_group_layers.h5ad", "raw/X", 1764],
      ["data/oddities/made_raw_group_layers.h5ad", "layers/counts", 500],
    ] as const) {
      const copy = await read(path, name);
      expect(copy.csr.nCols).toBe(columns);
      for (const [row, cell] of copy.cells.entries())
        expect(rowText(copy.csr, row)).toBe(rowText(source.csr, rowOf.get(cell)!, columns));
    }
  });

  test("raw has its own genes", async () => {
    await withShared("data/oddities/made_raw_group_layers.h5ad", async (adata) => {
      expect((await adata.varNames()).length).toBe(500);
      const raw = await adata.varNames("raw/X");
      expect(raw.length).toBe(1764);
      expect(raw.slice(0, 500)).toEqual(await adata.varNames());
    });
  });

  test("nullable, ordered and text columns", async () => {
    await withShared("data/oddities/made_nullable_csr.h5ad", async ({ obs }) => {
      const count = (missing: Uint8Array | null): number => missing?.filter((bit) => bit !== 0).length ?? 0;
      const int = await obs.column("nullable_int");
      expect(int).toMatchObject({ kind: "number", dtype: "int64" });
      expect(int.kind === "number" && count(int.missing)).toBeGreaterThan(0);
      const flag = await obs.column("nullable_bool");
      expect(flag.kind === "boolean" && count(flag.missing)).toBeGreaterThan(0);
      expect(await obs.column("ordered")).toMatchObject({ kind: "categorical", ordered: true });
      const text = await obs.column("str_obj");
      expect(text.kind === "string" && text.values.slice(0, 5)).toEqual(["s0", "s1", "s2", "s3", "s0"]);
    });
  });

  test("a file of 2018 with compound tables and h5sparse opens", async () => {
    await withShared("data/oddities/pbmc68k_724x221_h5sparse_2018.h5ad", async (adata) => {
      expect([adata.nObs, adata.nVars, adata.hasRaw]).toEqual([724, 221, true]);
      expect(adata.obs.index[0]).toBe("AAAGCCTGGCTAAC-1");
      const labels = await adata.obs.column("bulk_labels");
      expect(labels).toMatchObject({ kind: "categorical" });
      expect(labels.kind === "categorical" && labels.categories[labels.codes[0]]).toBe("CD14+ Monocyte");
      const umap = await adata.obsm("X_umap");
      expect([umap.nRows, umap.nCols]).toEqual([724, 2]);
      const raw = await readCompactCsr(await adata.matrix("raw/X"), { binary: false });
      expect([raw.nRows, raw.nCols, raw.indices.length]).toEqual([724, 2956, 184286]);
    });
  });

  test("a file without X opens and says so", async () => {
    await withShared("data/oddities/anndata_v0.11.4.h5ad", async (adata) => {
      expect([adata.nObs, adata.nVars, adata.hasX]).toEqual([10, 20, false]);
      await expect(adata.matrix()).rejects.toMatchObject({
        code: "NOT_FOUND",
        hint: "the file has no matrix at all",
      });
      expect((await describeAnnData(adata)).matrices).toEqual([]);
    });
  });

  test("names, columns and values under lzf are read", async () => {
    await withShared("data/oddities/made_dense_lzf.h5ad", async (adata) => {
      await withShared("data/oddities/made_csc_gzip.h5ad", async (same) => {
        expect(adata.obs.index).toEqual(same.obs.index);
        expect(adata.var.index).toEqual(same.var.index);
        for (const name of same.obs.columns)
          expect(await adata.obs.column(name)).toEqual(await same.obs.column(name));
        const valuesOf = async (file: AnnData) => readCompactCsr(await file.matrix(), { binary: false });
        expect(await valuesOf(adata)).toEqual(await valuesOf(same));
      });
    });
  });

  test("unstructured settings of every stored kind are read", async () => {
    await withShared("data/oddities/pbmc68k_reduced_anndata08_rawgroup.h5ad", async (adata) => {
      expect(await adata.uns("neighbors")).toEqual(
        new Map([
          [
            "params",
            new Map<string, unknown>([
              ["method", "umap"],
              ["n_neighbors", [10]],
            ]),
          ],
        ]),
      );
      const groups = (await adata.uns("rank_genes_groups")) as ReadonlyMap<string, unknown>;
      expect([...groups.keys()]).toContain("names");
      const { uns, other } = await describeAnnData(adata);
      expect(uns.map(({ path }) => path)).toContain("uns/rank_genes_groups");
      expect(other.map(({ path }) => path)).toContain("obsp/distances");
    });
  });
});

describeShared("annotated copies of real files", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "atlasmtl-test-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test.each([
    "data/pbmc_3tech_symphony.h5ad",
    "data/oddities/made_dense_lzf.h5ad",
    "data/oddities/anndata_v0.7.0.h5ad",
    "data/oddities/pbmc68k_reduced_anndata08_rawgroup.h5ad",
  ])("%s: added once, then replaced", async (path) => {
    const { nObs, columns } = await withShared(path, async ({ obs }) => ({
      nObs: obs.length,
      columns: obs.columns,
    }));
    const flags: Column = { kind: "boolean", values: new Uint8Array(nObs).fill(1), missing: null };
    const labels: Column = {
      kind: "categorical",
      codes: new Int32Array(nObs),
      categories: ["é"],
      ordered: false,
    };
    const additions: Additions = {
      obs: new Map<string, Column>([
        ["pred_a", labels],
        ["is_a", flags],
      ]),
      uns: new Map([["atlasmtl", new Map([["a", 1]])]]),
    };
    const out = join(folder, "out.h5ad");
    await writeAnnotated(sharedPath(path), out, additions);
    await writeAnnotated(out, out, { ...additions, removeObs: (name) => name === columns[0] });
    const adata = await openAnnData(out);
    expect(adata.obs.columns).toEqual([...columns.slice(1), "pred_a", "is_a"]);
    expect(await adata.obs.column("pred_a")).toEqual(labels);
    expect(await adata.obs.column("is_a")).toEqual(flags);
    expect(await adata.uns("atlasmtl")).toEqual(new Map([["a", 1]]));
    await adata.close();
  });

  test("appending leaves every byte that is not about the groups added to", async () => {
    const path = sharedPath("data/pbmc_kang2018_ctrl.h5ad");
    const out = join(folder, "kang.h5ad");
    const flags: Column = { kind: "boolean", values: new Uint8Array(12261), missing: null };
    await writeAnnotated(path, out, { obs: new Map([["is_a", flags]]) });
    const [before, after] = [await readFile(path), await readFile(out)];
    let changed = 0;
    for (let i = 0; i < before.length; i++) if (before[i] !== after[i]) changed++;
    expect(changed).toBeLessThan(2000);
  });

  test("obs as a compound table is written in the current layout", async () => {
    const path = sharedPath("data/oddities/pbmc68k_724x221_h5sparse_2018.h5ad");
    const out = join(folder, "renewed.h5ad");
    const labels: Column = { kind: "string", values: new Array<string>(724).fill("é") };
    await writeAnnotated(path, out, { obs: new Map([["pred_a", labels]]) });
    await writeAnnotated(out, out, { obs: new Map([["pred_a", labels]]) });
    const [before, after] = [await openAnnData(path), await openAnnData(out)];
    expect(after.obs.columns).toEqual([...before.obs.columns, "pred_a"]);
    for (const name of before.obs.columns)
      expect(await after.obs.column(name)).toEqual(await before.obs.column(name));
    expect(after.unsKeys.filter((key) => key.endsWith("_categories"))).toEqual([]);
    await before.close();
    await after.close();
  });
});
