/** Genes by other names, variable genes and splits, through the command line; PBMC and Kang data where they are there. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { File, type Group } from "h5wasm/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createAnnData } from "../../src/anndata/containers/in-memory.ts";
import { openAnnData } from "../../src/anndata/open.ts";
import { readCompactCsr } from "../../src/anndata/read/whole-matrix.ts";
import { selectObs } from "../../src/anndata/views/select-cells.ts";
import { writeDataset } from "../../src/anndata/write/write-annotated.ts";
import { packagedTable } from "../../src/preprocess/gene-table.ts";
import { SIMULATED } from "../helpers/golden-sets.ts";
import { hasShared, sharedPath } from "../helpers/shared.ts";
import { type TinyAtlas, tinyAtlas, writeH5ad } from "./make-h5ad.ts";
import { cliIn, expectFailure, listing } from "./run-cli.ts";

let folder = "";
const { run, ok, json, text } = cliIn(() => folder);

const ATLAS = tinyAtlas(120);
let symbols: string[] = [];
let ids: string[] = [];
const named = (varNames: readonly string[], atlas: TinyAtlas = ATLAS): TinyAtlas => ({ ...atlas, varNames });

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-genes-"));
  const table = await packagedTable("human");
  symbols = [...table.idOf.keys()]
    .filter((name) => /^[A-Z][A-Z0-9]{2,}$/.test(name))
    .slice(0, ATLAS.varNames.length);
  ids = symbols.map((symbol) => table.idOf.get(symbol)!);
  const write = (name: string, atlas: TinyAtlas) => writeH5ad(join(folder, name), atlas);
  await write("symbols.h5ad", named(symbols));
  await write("ensembl.h5ad", named(ids));
  await write("versioned.h5ad", named(ids.map((id, i) => `${id}.${i + 1}`)));
  await write("unknown.h5ad", named(symbols.map((_, i) => `feature_${i}`)));
  await write("excel.h5ad", named(symbols.map((name, i) => (i === 3 ? "2-Mar" : name))));
  await write("log.h5ad", {
    ...named(symbols),
    x: ATLAS.x.map((row) => row.map((value) => Math.log1p(value * 3.3))),
  });
});
afterAll(() => rm(folder, { recursive: true }));

const learn = ["--labels", "lineage", "cell_type", "--num-epochs", "3", "--hidden-sizes", "8"];
const features = ["--n-top-genes", "12"];

describe("one dataset by symbols and by Ensembl ids", () => {
  test("gives the same panel and the same predictions", async () => {
    for (const kind of ["symbols", "ensembl", "versioned"]) {
      const { stderr } = await ok(
        "preprocess",
        "reference",
        "--adata",
        `${kind}.h5ad`,
        "--out",
        `${kind}/ref.h5ad`,
        ...features,
      );
      expect(stderr).toMatch(
        /^genes: (symbols|Ensembl ids( with versions)?) \(a guess\) of human \(a guess\)/m,
      );
      await ok("train", "--adata", `${kind}/ref.h5ad`, "--out", `${kind}/m.pth`, ...learn);
    }
    const panel = json("symbols/ref_feature_panel.json");
    expect(panel.gene_ids).toHaveLength(12);
    for (const kind of ["ensembl", "versioned"]) {
      expect(json(`${kind}/ref_feature_panel.json`).gene_ids).toEqual(panel.gene_ids);
      expect(json(`${kind}/ref_feature_panel.json`).gene_symbols).toEqual(panel.gene_symbols);
    }
    expect(json("symbols/m_feature_panel.json")).toEqual(panel);
    const results: string[] = [];
    for (const model of ["symbols", "ensembl"])
      for (const query of ["symbols", "ensembl", "versioned"]) {
        const out = `${model}-${query}.csv`;
        const { stderr } = await ok(
          "predict",
          "--model",
          `${model}/m.pth`,
          "--adata",
          `${query}.h5ad`,
          "--out",
          out,
          "--write-mode",
          "full",
        );
        if (query !== "ensembl")
          expect(stderr).toMatch(
            query === "symbols"
              ? /^the query's genes are human .*12 of the model's 12 genes are in the query; as they are, 0/m
              : /^12 of the model's genes are spelled otherwise/m,
          );
        results.push(text(out));
      }
    expect(new Set(results).size).toBe(1);
  });

  test("train preprocesses by its flags as preprocess does", async () => {
    await ok("train", "--adata", "symbols.h5ad", "--out", "direct/m.pth", ...learn, ...features);
    expect(json("direct/m_feature_panel.json").gene_ids).toEqual(
      json("symbols/ref_feature_panel.json").gene_ids,
    );
    await ok(
      "predict",
      "--model",
      "direct/m.pth",
      "--adata",
      "ensembl.h5ad",
      "--out",
      "direct.csv",
      "--write-mode",
      "full",
    );
    expect(text("direct.csv")).toBe(text("symbols-symbols.csv"));
    expect(json("direct/train_run_manifest.json").preprocess.config.n_top_genes).toBe(12);
  });

  test("a model without a panel says how the names differ, and maps them when it is asked to", async () => {
    await ok("train", "--adata", "symbols.h5ad", "--out", "plain/m.pth", ...learn);
    const predict = ["predict", "--model", "plain/m.pth", "--adata"];
    const failed = await run(...predict, "ensembl.h5ad", "--out", "none.csv");
    expectFailure(failed, 3, /none of the model's 24 genes/);
    expect(failed.stderr).toContain("--auto-genes");
    await ok(...predict, "symbols.h5ad", "--out", "as-is.csv", "--write-mode", "full");
    for (const flags of [["--auto-genes"], ["--var-names-type", "ensembl", "--species", "human"]]) {
      const mapped = await run(
        ...[...predict, "ensembl.h5ad", "--out", "mapped.csv", "--write-mode", "full", ...flags],
      );
      // That it went well is no warning.
      expect([mapped.code, mapped.stderr]).toEqual([
        0,
        expect.stringMatching(
          /^(?!warning)the query's genes are human Ensembl ids.*: mapped by .*, 24 of the model's 24 /m,
        ),
      ]);
      // The query is the reference under other names, which is the only thing to warn of.
      expect(mapped.stderr.match(/^warning: .*$/gm)).toEqual([
        expect.stringContaining("cells are cells of the reference"),
      ]);
      expect(text("mapped.csv")).toBe(text("as-is.csv"));
    }
    expect(json("mapped.predict_run_manifest.json").prediction_metadata.gene_mapping).toMatchObject({
      case: "A_ensembl",
      n_matched_as_they_are: 0,
      n_matched_mapped: 24,
    });
  });

  test("a query is aligned to a panel, or to the model that carries one", async () => {
    await ok(
      "preprocess",
      "query",
      "--adata",
      "versioned.h5ad",
      "--panel",
      "symbols/ref_feature_panel.json",
      "--out",
      "q1.h5ad",
    );
    await ok(
      "preprocess",
      "query",
      "--adata",
      "symbols.h5ad",
      "--panel",
      "symbols/m.pth",
      "--out",
      "q2.zarr",
    );
    const [first, second] = [
      await openAnnData(join(folder, "q1.h5ad")),
      await openAnnData(join(folder, "q2.zarr")),
    ];
    try {
      expect(first.var.index).toEqual(json("symbols/ref_feature_panel.json").gene_ids);
      expect(second.var.index).toEqual(first.var.index);
      const [a, b] = await Promise.all(
        [first, second].map(async (adata) =>
          readCompactCsr(await adata.matrix("layers/counts"), { binary: false }),
        ),
      );
      expect(a).toEqual(b);
      expect(await first.var.column("atlasmtl_feature_present_in_query")).toMatchObject({ kind: "boolean" });
    } finally {
      await first.close();
      await second.close();
    }
    await ok("verify", "preprocess_run_manifest.json");
  });
});

describe("bad input to preprocess", () => {
  const tried = ["preprocess", "reference", "--out", "bad/ref.h5ad", "--adata"];

  test("ends in one clear error and leaves nothing behind", async () => {
    const before = await listing(folder);
    expectFailure(
      await run(...tried, "log.h5ad"),
      3,
      /counts are needed and X holds none: .* whole numbers, they range from/,
    );
    expectFailure(
      await run(...tried, "unknown.h5ad"),
      3,
      /none of 24 gene names is known, such as 'feature_0'/,
    );
    expectFailure(await run(...tried, "symbols.h5ad", "--hvg-batch-key", "donr"), 3, /donor/);
    expectFailure(await run(...tried, "symbols.h5ad", "--species", "cat"), 2, /infer, human, mouse, rat/);
    expectFailure(
      await run("preprocess", "querry", "--adata", "symbols.h5ad", "--out", "x.h5ad"),
      2,
      /did you mean "query"/,
    );
    expectFailure(
      await run("preprocess", "query", "--adata", "symbols.h5ad", "--out", "x.h5ad"),
      2,
      /--panel is missing/,
    );
    expect((await listing(folder)).filter((path) => path !== "bad")).toEqual(before);
  });

  test("tells names that a spreadsheet made dates of, and goes on", async () => {
    const { stderr } = await ok(...tried, "excel.h5ad", ...features);
    expect(stderr).toMatch(/1 look like dates that a spreadsheet made of names .* '2-Mar'/);
    expect(json("bad/ref_preprocess_report.json").genes).toMatchObject({ n_unmapped: 1, n_dropped: 1 });
  });
});

describe("elements that cannot follow the genes", () => {
  test("are named by a warning", async () => {
    const path = join(folder, "odd.h5ad");
    await writeH5ad(path, named(symbols));
    const file = new File(path, "a");
    (file.get("varm") as Group).create_group("notes");
    file.close();
    const { stderr } = await ok("preprocess", "reference", "--adata", "odd.h5ad", "--out", "odd/ref.h5ad");
    expect(stderr).toMatch(/warning: varm\/notes is left out of the output: it is stored as group/);
    const same = ["preprocess", "reference", "--adata", "odd.h5ad", "--out", "odd.h5ad"];
    expectFailure(await run(...same), 2, /the output is read/);
  });
});

describe("split", () => {
  test("divides donors; later steps take one side and name both files", async () => {
    await ok(
      "split",
      "--adata",
      "symbols.h5ad",
      "--split-key",
      "donor",
      "--target-label",
      "cell_type",
      "--build-size",
      "70",
      "--predict-size",
      "30",
      "--out",
      "split/plan.json",
    );
    const plan = json("split/plan.json");
    expect([...plan.build.groups, ...plan.predict.groups].sort()).toEqual(["D0", "D1", "D2"]);
    const sides = text("split/plan_assignment.tsv")
      .trim()
      .split("\n")
      .slice(1)
      .map((line) => line.split("\t"));
    expect(sides.filter(([, , side]) => side === "build")).toHaveLength(70);
    const held = sides.filter(([, , side]) => side === "predict");
    expect(held).toHaveLength(30);
    for (const [, donor] of held) expect(plan.predict.groups).toContain(donor);

    await ok(
      "train",
      "--adata",
      "symbols.h5ad",
      "--split",
      "split/plan.json",
      "--out",
      "split/m.pth",
      ...learn,
      ...features,
    );
    await ok(
      "predict",
      "--adata",
      "ensembl.h5ad",
      "--split",
      "split/plan.json",
      "--model",
      "split/m.pth",
      "--out",
      "split/p.csv",
    );
    expect(
      text("split/p.csv")
        .trim()
        .split("\n")
        .slice(1)
        .map((line) => line.split(",")[0]),
    ).toEqual(held.map(([cell]) => cell));
    const [trained, predicted] = [
      json("split/train_run_manifest.json"),
      json("split/predict_run_manifest.json"),
    ];
    expect(trained.split).toMatchObject({
      name: "plan",
      description:
        "whole groups of donor: 70 cells to build from and 30 to predict, with labels of cell_type on both sides, drawn with seed 0",
      part: "build",
      n_cells: 70,
      plan: { path: "plan.json" },
    });
    expect(predicted.split).toMatchObject({ part: "predict", n_cells: 30 });
    expect(predicted.split.assignment.sha256).toBe(plan.assignment_sha256);
    await ok("verify", "split");
  });

  test("an annotated file of one side has its cells and what belongs to them", async () => {
    const read = ["--adata", "ensembl.h5ad", "--split", "split/plan.json", "--model", "split/m.pth"];
    for (const out of ["split/p.h5ad", "split/again.zarr"]) {
      await ok("predict", ...read, "--out", out, "--include-coords");
      const side = await openAnnData(join(folder, out));
      try {
        expect(side.nObs).toBe(30);
        expect(side.obs.columns).toEqual(expect.arrayContaining(["donor", "pred_cell_type"]));
        expect([...side.obsmKeys].sort()).toEqual(["X_pred_latent_internal", "X_umap"]);
        expect((await side.matrix()).nRows).toBe(30);
      } finally {
        await side.close();
      }
    }
  });

  test("a file that was made of one side says so, and training on it does", async () => {
    const made = ["preprocess", "reference", "--adata", "symbols.h5ad", "--split", "split/plan.json"];
    await ok(...made, "--out", "side/ref.h5ad", ...features);
    await ok("train", "--adata", "side/ref.h5ad", "--out", "side/m.pth", ...learn);
    const [preprocessed, trained] = [
      json("side/preprocess_run_manifest.json"),
      json("side/train_run_manifest.json"),
    ];
    expect(preprocessed.split).toMatchObject({ name: "plan", part: "build", n_cells: 70 });
    expect(trained.split).toEqual(preprocessed.split);
    expect(trained.split.assignment.sha256).toBe(json("split/plan.json").assignment_sha256);
    const side = await openAnnData(join(folder, "side/ref.h5ad"));
    try {
      expect(side.obsmKeys).toEqual(["X_umap"]);
      expect((await side.obsm("X_umap")).nRows).toBe(70);
    } finally {
      await side.close();
    }
  });

  test("refuses an assignment that changed", async () => {
    const path = join(folder, "split/plan_assignment.tsv");
    const before = await readFile(path);
    const { writeFile } = await import("node:fs/promises");
    await writeFile(path, `${before}cell\tD0\tbuild\n`);
    const failed = await run(
      "train",
      "--adata",
      "symbols.h5ad",
      "--split",
      "split/plan.json",
      "--out",
      "split/x.pth",
      ...learn,
    );
    expectFailure(failed, 4, /the plan says sha256/, /plan_assignment\.tsv/);
    await writeFile(path, before);
  });
});

/** Simulated cells with genes of the packaged table; real cells where they are there. */
const SOURCES = [
  { name: "simulated", file: SIMULATED.path("reference.h5ad"), label: "lineage", step: 1 },
  { name: "pbmc", file: sharedPath("data/pbmc_3tech_symphony.h5ad"), label: "cell_type_l1", step: 3 },
  { name: "kang", file: sharedPath("data/pbmc_kang2018_ctrl.h5ad"), label: "cell_type", step: 20 },
];

describe("a larger dataset by symbols and by Ensembl ids", () => {
  const sources = hasShared ? SOURCES : SOURCES.slice(0, 1);
  test.each(sources)(
    "$name gives the same panel and the same predictions",
    async ({ name, file, label, step }) => {
      const table = await packagedTable("human");
      const source = await openAnnData(file);
      try {
        const rows = Uint32Array.from({ length: 500 }, (_, i) => i * step);
        const cells = await selectObs(source, rows);
        const columns = new Map([[label, await cells.obs.column(label)]]);
        const X = await readCompactCsr(await cells.matrix(), { binary: false });
        const obs = { index: cells.obs.index, columns };
        const known = [...table.idOf.keys()].filter((symbol) => /^[A-Z][A-Z0-9]{2,}$/.test(symbol));
        const symbolNames = name === "simulated" ? known.slice(0, source.nVars) : source.var.index;
        const idNames = symbolNames.map((symbol) => table.idOf.get(symbol) ?? symbol);
        expect(idNames.filter((id) => id.startsWith("ENSG")).length).toBeGreaterThan(0.75 * idNames.length);
        const write = async (path: string, index: readonly string[]) =>
          writeDataset(await createAnnData({ X, obs, var: { index } }), join(folder, path), {});
        await write(`${name}-s.h5ad`, symbolNames);
        await write(`${name}-e.h5ad`, idNames);
      } finally {
        await source.close();
      }
      for (const kind of ["s", "e"]) {
        const adata = `${name}-${kind}.h5ad`;
        const trained = ["--labels", label, "--n-top-genes", "300", "--num-epochs", "3"];
        await ok("train", "--adata", adata, "--out", `${name}-${kind}/m.pth`, ...trained);
      }
      const panel = json(`${name}-s/m_feature_panel.json`);
      expect(panel.gene_ids).toHaveLength(300);
      expect(json(`${name}-e/m_feature_panel.json`).gene_ids).toEqual(panel.gene_ids);
      const results: string[] = [];
      for (const model of ["s", "e"])
        for (const query of ["s", "e"]) {
          const out = `${name}-${model}${query}.csv`;
          const read = ["--model", `${name}-${model}/m.pth`, "--adata", `${name}-${query}.h5ad`];
          await ok("predict", ...read, "--out", out, "--write-mode", "full");
          results.push(text(out));
        }
      expect(new Set(results).size).toBe(1);
    },
  );
});
