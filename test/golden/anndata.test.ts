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
import { writeDataset } from "../../src/anndata/write/write-annotated.ts";
import type { Csr } from "../../src/core/csr.ts";
import { describeGolden } from "../helpers/golden-sets.ts";
import { describeOdd } from "../helpers/odd-sets.ts";
import { describeShared, sharedPath } from "../helpers/shared.ts";
import { withDataset } from "../helpers/with-dataset.ts";

interface Rows {
  readonly csr: Csr;
  readonly cells: readonly string[];
  readonly genes: readonly string[];
}

async function read(path: string, name: MatrixName = "X"): Promise<Rows> {
  return withDataset(path, async (adata) => ({
    csr: await readCompactCsr(await adata.matrix(name), { binary: false }),
    cells: adata.obs.index,
    genes: await adata.varNames(name),
  }));
}

/** The entries of one row that are of some genes, as a string. */
function rowText({ csr, genes }: Rows, row: number, of: ReadonlySet<string>): string {
  const from = csr.indptr[row];
  return Array.from(csr.indices.subarray(from, csr.indptr[row + 1]), (column, i) => ({
    gene: genes[column],
    value: csr.data![from + i],
  }))
    .filter(({ gene }) => of.has(gene))
    .map(({ gene, value }) => `${gene}:${value}`)
    .join(" ");
}

const sum = (values: Float32Array): number => values.reduce((total, value) => total + value, 0);

/** A matrix holds what anndata and scipy find: sizes and sums. */
async function expectMatrix(path: string, facts: readonly number[], dtype: string): Promise<void> {
  await withDataset(path, async (adata) => {
    const matrix = await adata.matrix();
    const csr = await readCompactCsr(matrix, { binary: false });
    expect([csr.nRows, csr.nCols, csr.indices.length, sum(csr.data!)]).toEqual(facts);
    expect(matrix.dtype).toBe(dtype);
    expect(csr.indices).toBeInstanceOf(Uint16Array);
  });
}

describeShared("real files", () => {
  test.each([
    ["pbmc_3tech_symphony.h5ad", [1500, 1764, 305064, 1845998], "float32"],
    ["pbmc_kang2018_ctrl.h5ad", [12261, 1287, 4266127, 15334912], "float32"],
    ["pbmc68k_reduced_counts.h5ad", [700, 765, 174400, 486651], "int32"],
  ] as const)("%s", (name, facts, dtype) => expectMatrix(sharedPath(`data/${name}`), facts, dtype));

  test("missing labels and class counts are those of the data's description", async () => {
    await withDataset(sharedPath("data/pbmc_3tech_symphony.h5ad"), async (adata) => {
      const { obs } = await describeAnnData(adata);
      const facts = Object.fromEntries(obs.map((column) => [column.name, column]));
      expect(facts.cell_type_l1).toMatchObject({ nClasses: 7, nMissing: 0 });
      expect(facts.cell_type_l2).toMatchObject({ nClasses: 9, nMissing: 0 });
      expect(facts.cell_type_l3_nested).toMatchObject({ nClasses: 15, nMissing: 80 });
      expect(facts.technology).toMatchObject({ kind: "categorical", nClasses: 3 });
    });
  });
});

const GOLDEN_FACTS = {
  simulated: { reference: [600, 400, 11733, 29779], query: [250, 390, 5128, 14111] },
  real: { reference: [600, 400, 104378, 642163], query: [250, 390, 48014, 341914] },
};

describeGolden("datasets of the Python original", (set) => {
  test.each(["reference", "query"] as const)("%s", (name) =>
    expectMatrix(set.path(`${name}.h5ad`), GOLDEN_FACTS[set.name][name], "float32"),
  );
});

describeOdd("odd files", ({ files, facts }) => {
  test("a CSC copy, a copy in raw and an int64 CSC layer hold the rows of the file they were made from", async () => {
    const source = await read(files.source);
    const rowOf = new Map(source.cells.map((cell, row) => [cell, row]));
    for (const [path, name] of [
      [files.csc, "X"],
      [files.nullable, "X"],
      [files.rawLayers, "raw/X"],
      [files.rawLayers, "layers/counts"],
    ] as const) {
      const copy = await read(path, name);
      const genes = new Set(copy.genes);
      expect(copy.csr.indices.length).toBeGreaterThan(400);
      for (const [row, cell] of copy.cells.entries())
        expect(rowText(copy, row, genes)).toBe(rowText(source, rowOf.get(cell)!, genes));
    }
  });

  test("raw has its own genes", async () => {
    await withDataset(files.rawLayers, async (adata) => {
      const [own, raw] = [await adata.varNames(), await adata.varNames("raw/X")];
      expect(raw.length).toBeGreaterThan(own.length);
      expect(raw.slice(0, own.length)).toEqual(own);
    });
  });

  test("nullable, ordered and text columns", async () => {
    await withDataset(files.nullable, async ({ obs }) => {
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
    await withDataset(files.anndata06, async (adata) => {
      const [file, , nRows, nCols] = facts.matrices.find(([file]) => files.anndata06.endsWith(file))!;
      expect([adata.nObs, adata.nVars, adata.hasRaw]).toEqual([nRows, nCols, true]);
      expect(adata.obs.index.slice(0, 3)).toEqual(facts.names[file][0]);
      expect(adata.obs.columns).toEqual(Object.keys(facts.columns[file]));
      const umap = await adata.obsm("X_umap");
      expect([umap.nRows, umap.nCols]).toEqual([nRows, 2]);
    });
  });

  test("a file without X opens and says so", async () => {
    await withDataset(files.noX, async (adata) => {
      expect([adata.nObs, adata.nVars, adata.hasX]).toEqual([10, 20, false]);
      await expect(adata.matrix()).rejects.toMatchObject({
        code: "NOT_FOUND",
        hint: "the file has no matrix at all",
      });
      expect((await describeAnnData(adata)).matrices).toEqual([]);
    });
  });

  test("names, columns and values under lzf are read", async () => {
    await withDataset(files.denseLzf, async (adata) => {
      await withDataset(files.csc, async (same) => {
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
    await withDataset(files.anndata08, async (adata) => {
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

describeOdd("annotated copies of odd files", ({ files }) => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "atlasmtl-test-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test.each(["source", "denseLzf", "anndata07", "anndata08"] as const)(
    "%s: added once, then replaced",
    async (kind) => {
      const path = files[kind];
      const { nObs, columns } = await withDataset(path, async ({ obs }) => ({
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
      await writeAnnotated(path, out, additions);
      await writeAnnotated(out, out, { ...additions, removeObs: (name) => name === columns[0] });
      const adata = await openAnnData(out);
      expect(adata.obs.columns).toEqual([...columns.slice(1), "pred_a", "is_a"]);
      expect(await adata.obs.column("pred_a")).toEqual(labels);
      expect(await adata.obs.column("is_a")).toEqual(flags);
      expect(await adata.uns("atlasmtl")).toEqual(new Map([["a", 1]]));
      await adata.close();
    },
  );

  test("appending leaves every byte that is not about the groups added to", async () => {
    const path = files.source;
    const out = join(folder, "appended.h5ad");
    const nObs = await withDataset(path, async ({ obs }) => obs.length);
    const flags: Column = { kind: "boolean", values: new Uint8Array(nObs), missing: null };
    await writeAnnotated(path, out, { obs: new Map([["is_a", flags]]) });
    const [before, after] = [await readFile(path), await readFile(out)];
    let changed = 0;
    for (let i = 0; i < before.length; i++) if (before[i] !== after[i]) changed++;
    expect(changed).toBeLessThan(2000);
  });

  test("obs as a compound table is written in the current layout", async () => {
    const path = files.anndata06;
    const out = join(folder, "renewed.h5ad");
    const before = await openAnnData(path);
    const labels: Column = { kind: "string", values: new Array<string>(before.obs.length).fill("é") };
    await writeDataset(before, out, { obs: new Map([["pred_a", labels]]) });
    const once = await openAnnData(out);
    await writeDataset(once, out, { obs: new Map([["pred_a", labels]]) }, { inPlace: true });
    await once.close();
    const after = await openAnnData(out);
    expect(after.obs.columns).toEqual([...before.obs.columns, "pred_a"]);
    for (const name of before.obs.columns)
      expect(await after.obs.column(name)).toEqual(await before.obs.column(name));
    expect(after.unsKeys.filter((key) => key.endsWith("_categories"))).toEqual([]);
    await before.close();
    await after.close();
  });
});
