import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createAnnData } from "../anndata/containers/in-memory.ts";
import type { AnnData } from "../anndata/types.ts";
import { viewRows } from "../anndata/views/row-view.ts";
import { cellsWhere } from "../anndata/views/select-cells.ts";
import { writeDataset } from "../anndata/write/write-annotated.ts";
import { loadModel } from "../artifacts/load.ts";
import { randomBelow } from "../core/rng.ts";
import { createEngine } from "../kernels/engine.ts";
import { modelPanel } from "../predict/model-panel.ts";
import { packagedTable } from "../preprocess/gene-table.ts";
import { preprocessQuery, preprocessReference } from "../preprocess/pipeline.ts";
import { parseBenchmarkManifest } from "./dataset-manifest.ts";
import { PREPARATION_FILES } from "./preparation.ts";
import { runBenchmark } from "./run-all.ts";

const GENES = (await packagedTable("human").then(({ idOf }) => [...idOf.entries()]))
  .filter(([name]) => /^[A-Z]{3,}\d*$/.test(name))
  .slice(0, 60);
const METHODS = ["atlasmtl", "reference_knn", "nearest_centroid"];

/** Two types that differ in the first twenty genes; `loud` genes vary most in donor q alone. */
function cells(genes: readonly string[], n: number, seed: number, loud: boolean): Promise<AnnData> {
  const type = (cell: number): number => cell % 2;
  const data = Float32Array.from({ length: n * genes.length }, (_, i) => {
    const [cell, gene] = [Math.floor(i / genes.length), i % genes.length];
    const isMarker = gene < 20 && gene % 2 === type(cell);
    const top = isMarker ? 40 : loud && gene >= 40 ? 400 * (cell % 3) : 4;
    return randomBelow(seed, i, top + 1);
  });
  return createAnnData({
    X: { nRows: n, nCols: genes.length, data },
    obs: {
      index: Array.from({ length: n }, (_, i) => `${seed}_${i}`),
      columns: {
        cell_type: Array.from({ length: n }, (_, i) => (type(i) === 0 ? "A" : "B")),
        donor: Array.from({ length: n }, (_, i) => (i < n / 2 ? "r" : "q")),
      },
    },
    var: { index: genes },
  });
}

let folder = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "atlasmtl-test-"));
  const symbols = GENES.map(([symbol]) => symbol);
  const ids = GENES.map(([, id]) => id);
  await writeDataset(await cells(symbols, 160, 1, false), join(folder, "reference.h5ad"), {});
  // Ensembl ids, in another order, five of them missing.
  await writeDataset(await cells(ids.toReversed().slice(5), 60, 2, true), join(folder, "query.h5ad"), {});
});
afterAll(() => rmSync(folder, { recursive: true }));

const manifest = (entries: Readonly<Record<string, unknown>>) =>
  parseBenchmarkManifest(
    new Map<string, unknown>([
      ["label_columns", ["cell_type"]],
      [
        "train",
        new Map<string, unknown>([
          ["preset", "small"],
          ["num_epochs", 3],
          ["batch_size", 32],
        ]),
      ],
      ...Object.entries(entries),
    ]),
    "m.yaml",
  );

async function run(name: string, entries: Readonly<Record<string, unknown>>) {
  const engine = await createEngine({ numThreads: 1 });
  try {
    return await runBenchmark(
      {
        manifest: manifest(entries),
        manifestPath: "m.yaml",
        manifestFolder: folder,
        outputFolder: join(folder, name),
        identity: name,
        methods: METHODS,
      },
      { engine },
    );
  } finally {
    engine.dispose();
  }
}

const read = (path: string) => readFileSync(join(folder, path));

test("all methods work on one preparation: what comes out is that of files which were preprocessed before", async () => {
  const files = { reference_h5ad: "reference.h5ad", query_h5ad: "query.h5ad" };
  const done = await run("shared", { ...files, n_top_genes: 25 });
  const reference = await preprocessReference(
    await cells(
      GENES.map(([s]) => s),
      160,
      1,
      false,
    ),
    { nTopGenes: 25 },
  );
  const query = await preprocessQuery(
    await cells(
      GENES.map(([, id]) => id)
        .toReversed()
        .slice(5),
      60,
      2,
      true,
    ),
    reference.panel,
  );
  await writeDataset(reference.adata, join(folder, "reference_done.h5ad"), {});
  await writeDataset(query.adata, join(folder, "query_done.h5ad"), {});
  await run("before", { reference_h5ad: "reference_done.h5ad", query_h5ad: "query_done.h5ad" });
  expect(read("shared/summary.csv").equals(read("before/summary.csv"))).toBe(true);
  for (const method of METHODS)
    expect(read(`shared/methods/${method}/predictions.csv`).toString()).toBe(
      read(`before/methods/${method}/predictions.csv`).toString(),
    );
  expect(done.data.shared.genes).toEqual(reference.panel.geneIds);
  expect(done.seeds.get("preprocess")).toBe(0);
  const { model } = await loadModel(join(folder, "shared/methods/atlasmtl/model.pth"));
  expect(modelPanel(model)?.geneIds).toEqual(reference.panel.geneIds);
});

test("panel and reports are files of the run, named by digest in every result", async () => {
  const panel = JSON.parse(read(`shared/${PREPARATION_FILES.panel}`).toString());
  expect(panel.gene_ids).toHaveLength(25);
  const report = JSON.parse(read(`shared/${PREPARATION_FILES.query}`).toString());
  expect(report).toMatchObject({ kind: "query", n_features: 25 });
  const { results } = JSON.parse(read("shared/metrics.json").toString());
  const { createHash } = await import("node:crypto");
  for (const { input_contract } of results)
    for (const name of Object.values(PREPARATION_FILES))
      expect(input_contract.preprocess[name].sha256).toBe(
        createHash("sha256")
          .update(read(`shared/${name}`))
          .digest("hex"),
      );
  expect(read("shared/benchmark_report.html").toString()).toContain("25 most variable genes");
});

test("one file for both sides: features are chosen by the reference's cells alone", async () => {
  const whole = await cells(
    GENES.map(([s]) => s),
    160,
    1,
    false,
  );
  const entries = {
    reference_h5ad: "reference.h5ad",
    query_h5ad: "reference.h5ad",
    reference_subset: new Map([["donor", ["r"]]]),
    query_subset: new Map([["donor", ["q"]]]),
    hvg_config: new Map<string, unknown>([["n_top_genes", 25]]),
  };
  const { data } = await run("subsets", entries);
  const rows = cellsWhere(await whole.obs.column("donor"), (donor) => donor === "r");
  const { panel } = await preprocessReference(await viewRows(whole, rows), { nTopGenes: 25 });
  expect(data.shared.genes).toEqual(panel.geneIds);
  const ofAll = await preprocessReference(whole, { nTopGenes: 25 });
  expect(ofAll.panel.geneIds).not.toEqual(panel.geneIds);
});

test("a table of genes is taken from the manifest's folder; errors name the file of the data", async () => {
  await expect(
    run("none", { reference_h5ad: "reference.h5ad", query_h5ad: "query.h5ad", gene_id_table: "no.tsv" }),
  ).rejects.toMatchObject({ code: "NOT_FOUND" });
  await expect(
    run("none", {
      reference_h5ad: "reference.h5ad",
      query_h5ad: "query.h5ad",
      hvg_batch_key: "nothing",
    }),
  ).rejects.toMatchObject({ where: expect.stringContaining("reference.h5ad") });
});
