import { createHash } from "node:crypto";
import { appendFile, mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openAnnData } from "../../src/api/index.ts";
import { describeGolden } from "../helpers/golden-sets.ts";
import { tinyAtlas, writeH5ad } from "./make-h5ad.ts";
import { expectFailure, listing, type Run, runCli } from "./run-cli.ts";

let folder = "";
const run = (...words: string[]): Promise<Run> => runCli(words, { cwd: folder });
const json = async (path: string) => JSON.parse(await readFile(join(folder, path), "utf8"));
const sha256 = async (path: string): Promise<string> =>
  createHash("sha256")
    .update(await readFile(join(folder, path)))
    .digest("hex");

const TRAIN = ["--labels", "lineage", "cell_type", "--hidden-sizes", "32", "--num-epochs", "30"];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-e2e-"));
  await writeH5ad(join(folder, "ref.h5ad"), tinyAtlas(120));
  await writeH5ad(join(folder, "query data.h5ad"), tinyAtlas(30, 4, 9));
  const trained = await run(
    "train",
    "--adata",
    "ref.h5ad",
    "--out",
    "model/m.pth",
    "--batch-size",
    "16",
    ...TRAIN,
  );
  expect(trained.code, trained.stderr).toBe(0);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("train", () => {
  test("leaves the bundle and the record of the run, and nothing on stdout", async () => {
    expect(await listing(join(folder, "model"))).toEqual([
      "m.pth",
      "m_manifest.json",
      "m_metadata.pkl",
      "m_reference.pkl",
      "m_space.pt",
      "m_views.pt",
      "train_run_manifest.json",
    ]);
  });

  test("records inputs, outputs, seeds, software and the command", async () => {
    const manifest = await json("model/train_run_manifest.json");
    expect(manifest).toMatchObject({
      schema_version: 1,
      command: "train",
      out: "model/m.pth",
      labels: ["lineage", "cell_type"],
      device: "auto",
      preprocess: null,
      split: null,
      train_config: { num_epochs: 30, hidden_sizes: [32], random_state: 42 },
      seeds: { random_state: 42 },
      software: {
        package: "atlasmtl",
        platform: expect.any(String),
        runtime: `node ${process.versions.node}`,
      },
      inputs: [{ path: "ref.h5ad", sha256: await sha256("ref.h5ad") }],
    });
    expect(manifest.argv.slice(0, 4)).toEqual(["atlasmtl", "train", "--adata", "ref.h5ad"]);
    expect(manifest.outputs.map((file: { path: string }) => file.path).sort()).toEqual([
      "m.pth",
      "m_manifest.json",
      "m_metadata.pkl",
      "m_reference.pkl",
      "m_space.pt",
      "m_views.pt",
    ]);
    expect(manifest.outputs[0].sha256).toBe(await sha256(`model/${manifest.outputs[0].path}`));
    expect(Date.parse(manifest.finished_at)).toBeGreaterThanOrEqual(Date.parse(manifest.started_at));
  });

  test("the same command twice gives the same model, with any number of threads", async () => {
    const again = ["--adata", "ref.h5ad", "--batch-size", "16", ...TRAIN];
    await run("train", ...again, "--out", "again/m.pth", "--num-threads", "1");
    expect(await sha256("again/m.pth")).toBe(await sha256("model/m.pth"));
    expect(await sha256("again/m_reference.pkl")).toBe(await sha256("model/m_reference.pkl"));
    await run("train", ...again, "--out", "other/m.pth", "--random-state", "43");
    expect(await sha256("other/m.pth")).not.toBe(await sha256("model/m.pth"));
  });

  test("a config file gives the same model as its flags, and a flag wins over it", async () => {
    await writeFile(
      join(folder, "train.yaml"),
      "adata: ref.h5ad\nlabels: [lineage, cell_type]\nhidden_sizes: [32]\nnum_epochs: 1\nbatch_size: 16\n",
    );
    const { code } = await run(
      "train",
      "--config",
      "train.yaml",
      "--num-epochs",
      "30",
      "--out",
      "yaml/m.pth",
    );
    expect(code).toBe(0);
    expect(await sha256("yaml/m.pth")).toBe(await sha256("model/m.pth"));
  });

  test("--json prints one summary on stdout, --quiet nothing on stderr", async () => {
    const words = ["--adata", "ref.h5ad", "--out", "quiet/m.pth", "--labels", "lineage", "--num-epochs", "2"];
    const { code, stdout, stderr } = await run(
      "train",
      ...words,
      "--json",
      "--quiet",
      "--umap-key",
      "X_umap",
    );
    expect([code, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toMatchObject({
      command: "train",
      labels: [{ column: "lineage", n_classes: 2 }],
      epochs_completed: 2,
      run_manifest: join("quiet", "train_run_manifest.json"),
    });
  });

  test("an output that exists is replaced whole", async () => {
    const words = [
      "--out",
      "replace/m.pth",
      "--labels",
      "lineage",
      "--num-epochs",
      "1",
      "--adata",
      "ref.h5ad",
    ];
    await mkdir(join(folder, "replace"));
    await writeFile(join(folder, "replace/m.pth"), "x".repeat(1e6));
    expect((await run("train", ...words)).code).toBe(0);
    expect((await run("verify", "replace/m.pth")).code).toBe(0);
    expect((await readFile(join(folder, "replace/m.pth"))).length).toBeLessThan(1e6);
  });

  test("a path that leads up from the working folder is kept as it was given, and works", async () => {
    await mkdir(join(folder, "deep/er"), { recursive: true });
    const inside = (...words: string[]): Promise<Run> => runCli(words, { cwd: join(folder, "deep/er") });
    const data = ["--adata", "../../ref.h5ad"];
    const out = ["--out", "../up/m.pth", "--reference-path", "../refs/r.pkl"];
    const few = ["--labels", "lineage", "--num-epochs", "2"];
    const trained = await inside("train", ...data, ...out, ...few);
    expect(trained.code, trained.stderr).toBe(0);
    expect(await listing(join(folder, "deep"))).toEqual([
      "er",
      "refs",
      "refs/r.pkl",
      "up",
      ...["m.pth", "m_manifest.json", "m_metadata.pkl", "m_space.pt", "m_views.pt"].map(
        (name) => `up/${name}`,
      ),
      ...["train_run_manifest.json"].map((name) => `up/${name}`),
    ]);
    expect(await json("deep/up/m_manifest.json")).toMatchObject({ reference_path: "../refs/r.pkl" });
    const predicted = await inside("predict", "--model", "../up/m.pth", ...data, "--out", "./a.csv");
    expect(predicted.code, predicted.stderr).toBe(0);
    expect(await listing(join(folder, "deep/er"))).toEqual(["a.csv", "predict_run_manifest.json"]);
    for (const record of ["deep/up/train_run_manifest.json", "deep/er/predict_run_manifest.json"])
      expect((await run("verify", record)).stdout, record).not.toMatch(/MISSING|CHANGED/);
  });

  test("progress is reported when asked for, though stderr is no terminal", async () => {
    const words = ["--out", "p/m.pth", "--labels", "lineage", "--num-epochs", "2", "--adata", "ref.h5ad"];
    const { stderr } = await run("train", ...words, "--progress");
    expect(stderr).toMatch(/^train 2\/2 .*loss/m);
    expect((await run("train", ...words)).stderr).not.toMatch(/^train \d/m);
  });
});

describe("predict", () => {
  const predict = (out: string, ...words: string[]): Promise<Run> =>
    run("predict", "--model", "model/m.pth", "--adata", "query data.h5ad", "--out", out, ...words);

  test("annotates an .h5ad with the right labels and keeps what was there", async () => {
    const { code, stdout, stderr } = await predict("out/annotated.h5ad");
    expect([code, stdout], stderr).toEqual([0, ""]);
    const adata = await openAnnData(join(folder, "out/annotated.h5ad"));
    expect(adata.obs.columns).toEqual(
      expect.arrayContaining([
        "donor",
        "pred_cell_type",
        "conf_cell_type",
        "margin_cell_type",
        "is_unknown_cell_type",
      ]),
    );
    const column = await adata.obs.column("pred_cell_type");
    if (column.kind !== "categorical") throw new Error("expected a categorical column");
    const right = adata.obs.index.filter((_, i) => column.categories[column.codes[i]] === `type ${i % 4}`);
    expect(right.length).toBeGreaterThan(20);
    expect(adata.unsKeys).toContain("atlasmtl");
    await adata.close();
    const manifest = await json("out/predict_run_manifest.json");
    expect(manifest).toMatchObject({
      command: "predict",
      model: "model/m.pth",
      prediction_metadata: { knn_correction: "second_opinion" },
      outputs: [{ path: "annotated.h5ad" }],
    });
    expect(manifest.inputs.map((file: { path: string }) => file.path)).toEqual([
      "query data.h5ad",
      "model/m.pth",
      "model/m_metadata.pkl",
      "model/m_reference.pkl",
      "model/m_space.pt",
      "model/m_views.pt",
      "model/m_manifest.json",
    ]);
  });

  test("writes .csv, .csv.gz and .parquet by the end of the name", async () => {
    for (const name of ["t/p.csv", "t/p.csv.gz", "t/p.parquet"]) expect((await predict(name)).code).toBe(0);
    const csv = await readFile(join(folder, "t/p.csv"), "utf8");
    const columns = ["lineage", "cell_type"].flatMap((label) =>
      ["conf", "margin", "is_unknown", "pred", "distance", "unknown_reason", "second", "second_conf"].map(
        (prefix) => `${prefix}_${label}`,
      ),
    );
    expect(csv.split("\n")[0]).toBe(["obs_name", ...columns].join(","));
    expect(csv.trimEnd().split("\n")).toHaveLength(31);
    expect((await readFile(join(folder, "t/p.csv.gz"))).subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]));
    expect((await readFile(join(folder, "t/p.parquet"))).subarray(0, 4).toString()).toBe("PAR1");
  });

  test("with --in-place an output replaces its own input; the record keeps the input as it was read", async () => {
    await writeH5ad(join(folder, "own.h5ad"), tinyAtlas(10, 4, 5));
    const before = await sha256("own.h5ad");
    const words = ["--model", "model/m.pth", "--adata", "own.h5ad", "--out", "own.h5ad", "--in-place"];
    expect((await run("predict", ...words)).code).toBe(0);
    const manifest = await json("predict_run_manifest.json");
    expect(manifest.inputs[0].sha256).toBe(before);
    expect(manifest.outputs[0].sha256).toBe(await sha256("own.h5ad"));
    expect(before).not.toBe(await sha256("own.h5ad"));
  });

  test("rules from the reference or a file bring the levels into agreement", async () => {
    const { code, stderr } = await predict("h/a.csv", "--hierarchy-rules", "derive", "--enforce-hierarchy");
    expect(code, stderr).toBe(0);
    const map = Object.fromEntries(
      [0, 1, 2, 3].map((i) => [`type ${i}`, i < 2 ? "first half" : "second half"]),
    );
    await writeFile(
      join(folder, "rules.yaml"),
      JSON.stringify({ cell_type: { parent_col: "lineage", child_to_parent: map } }),
    );
    await predict("h/b.csv", "--hierarchy-rules", "rules.yaml", "--enforce-hierarchy");
    expect(await sha256("h/b.csv")).toBe(await sha256("h/a.csv"));
  });

  test("coherent levels and the deepest label are written where they are asked for", async () => {
    const { code, stderr } = await predict("c/a.csv", "--coherent-probabilities", "--deepest-label");
    expect(code, stderr).toBe(0);
    const [head, ...rows] = (await readFile(join(folder, "c/a.csv"), "utf8")).trimEnd().split("\n");
    const names = head.split(",");
    expect(names.slice(-2)).toEqual(["pred_deepest", "pred_deepest_level"]);
    const at = (row: string, name: string) => row.split(",")[names.indexOf(name)];
    for (const row of rows) {
      expect(Number(at(row, "conf_lineage"))).toBeGreaterThanOrEqual(
        Number(at(row, "conf_cell_type")) - 1e-6,
      );
      const level = at(row, "pred_deepest_level");
      expect(at(row, "pred_deepest")).toBe(level === "" ? "Unknown" : at(row, `pred_${level}`));
    }
    const again = await predict("c/a.h5ad", "--deepest-label");
    expect([again.code, again.stderr]).toEqual([
      0,
      expect.stringMatching(/deepest label: lineage [\d.]+ %, cell_type [\d.]+ %, Unknown [\d.]+ %/),
    ]);
    expect((await predict("c/a.h5ad", "--deepest-label")).code).toBe(0);
  });

  test("a query without cells gives a result without cells", async () => {
    await writeH5ad(join(folder, "none.h5ad"), tinyAtlas(0));
    const words = ["--model", "model/m.pth", "--adata", "none.h5ad"];
    expect((await run("predict", ...words, "--out", "none/a.h5ad")).code).toBe(0);
    expect((await run("predict", ...words, "--out", "none/a.csv")).code).toBe(0);
    expect((await readFile(join(folder, "none/a.csv"), "utf8")).trimEnd().split("\n")).toHaveLength(1);
  });

  test("without the reference KNN is off with a note, and asking for it is an error", async () => {
    await run(
      "train",
      "--adata",
      "ref.h5ad",
      "--out",
      "noref/m.pth",
      "--labels",
      "lineage",
      "--num-epochs",
      "2",
    );
    await rm(join(folder, "noref/m_reference.pkl"));
    const words = ["--model", "noref/m.pth", "--adata", "query data.h5ad", "--out", "noref/a.csv"];
    const asked = await run("predict", ...words, "--knn-correction", "all");
    expectFailure(asked, 4, /reference/, /m_reference\.pkl/);
    expect(asked.stderr).toMatch(/^fix:.*--knn-correction off/m);
    expect(await readdir(join(folder, "noref"))).not.toContain("a.csv");
    const { code, stderr } = await run("predict", ...words);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/^note: .*KNN correction is off/m);
  });
});

describe("one class, one cell, a class for each cell", () => {
  test.each([
    ["one-class", tinyAtlas(12, 1)],
    ["one-cell", tinyAtlas(1)],
    ["own-class", { ...tinyAtlas(9), obs: { cell_type: tinyAtlas(9).obsNames } }],
  ])("%s trains with a warning and predicts", async (name, atlas) => {
    await writeH5ad(join(folder, `${name}.h5ad`), atlas);
    const words = [
      "--labels",
      "cell_type",
      "--num-epochs",
      "2",
      "--hidden-sizes",
      "8",
      "--out",
      `${name}/m.pth`,
    ];
    const trained = await run("train", "--adata", `${name}.h5ad`, ...words);
    expect(trained.code, trained.stderr).toBe(0);
    expect(trained.stderr).toMatch(/^warning: .+\n {2}where: /);
    const words2 = ["--model", `${name}/m.pth`, "--adata", `${name}.h5ad`, "--out", `${name}/a.h5ad`];
    const predicted = await run("predict", ...words2);
    expect(predicted.code, predicted.stderr).toBe(0);
  });
});

describe("inspect and verify", () => {
  test("inspect shows labels, matrices and arrays of a dataset, and the command to try", async () => {
    const { code, stdout } = await run("inspect", "query data.h5ad");
    expect(code).toBe(0);
    expect(stdout).toMatch(/30 cells × 24 genes/);
    expect(stdout).toMatch(/^ {2}cell_type +4 classes +type 0 \(8\), type 1 \(8\)/m);
    expect(stdout).toMatch(/^ {2}X +float32 csr, .* filled +counts: whole numbers, up to 5$/m);
    expect(stdout).toMatch(/^ {2}X_umap +30 × 2/m);
    expect(stdout).toContain("atlasmtl train --adata 'query data.h5ad'");
    expect(stdout.split("\n").length).toBeLessThan(40);
  });

  test("inspect tells bundles, pickles, manifests and folders", async () => {
    for (const [path, expected] of [
      ["model/m.pth", /a trained model[\s\S]*cell_type +4 classes[\s\S]*linear views +log, ranks/],
      ["model/m_manifest.json", /a trained model/],
      ["model/m_metadata.pkl", /metadata of a bundle[\s\S]*train_genes/],
      ["model/m_reference.pkl", /KNN reference[\s\S]*X_ref_latent_internal +array f4 \[120, 32\]/],
      ["model/train_run_manifest.json", /record of a run[\s\S]*atlasmtl verify/],
      ["model", /a folder with the model m\.pth[\s\S]*run manifests +train_run_manifest\.json/],
    ] as const) {
      const { code, stdout } = await run("inspect", path);
      expect(code, path).toBe(0);
      expect(stdout).toMatch(expected);
    }
    const { stdout } = await run("inspect", "model/m.pth", "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      kind: "bundle",
      n_genes: 24,
      hidden_sizes: [32],
      linear_views: ["log", "ranks"],
    });
  });

  test("inspect describes a file that it does not know by its first bytes", async () => {
    await writeFile(join(folder, "empty"), "");
    await writeFile(join(folder, "notes"), "hello world");
    for (const [path, expected] of [
      ["empty", /nothing that atlasmtl knows, 0 B[\s\S]*the file is empty/],
      ["notes", /nothing that atlasmtl knows, 11 B[\s\S]*hello world/],
    ] as const) {
      const { code, stdout, stderr } = await run("inspect", path);
      expect([path, code, stderr]).toEqual([path, 0, ""]);
      expect(stdout).toMatch(expected);
    }
    expectFailure(await run("inspect", "absent.h5ad"), 3, /no such file/, /absent\.h5ad/);
  });

  test("verify names every file, and ends with 4 when one changed or is gone", async () => {
    await run("train", "--adata", "ref.h5ad", "--out", "v/m.pth", "--labels", "lineage", "--num-epochs", "1");
    const whole = await run("verify", "v/m_manifest.json");
    expect([whole.code, whole.stdout]).toEqual([
      0,
      "OK  model      v/m.pth\nOK  metadata   v/m_metadata.pkl\nOK  reference  v/m_reference.pkl\nOK  space      v/m_space.pt\nOK  views      v/m_views.pt\n",
    ]);
    expect((await run("verify", "v/train_run_manifest.json")).code).toBe(0);
    await appendFile(join(folder, "v/m_metadata.pkl"), "x");
    await rename(join(folder, "v/m_reference.pkl"), join(folder, "v/elsewhere.pkl"));
    for (const path of ["v/m.pth", "v/train_run_manifest.json"]) {
      const { code, stdout, stderr } = await run("verify", path);
      expect(code).toBe(4);
      expect(stdout).toMatch(/^CHANGED .*m_metadata\.pkl$/m);
      expect(stdout).toMatch(/^MISSING .*m_reference\.pkl$/m);
      expect(stdout).toMatch(/^OK .*m\.pth$/m);
      expect(stderr).toMatch(/^error: 2 of \d files not as recorded.*\nwhere: .*\nfix: {3}/);
    }
    const { code, stdout } = await run("verify", "v/m.pth", "--json");
    expect(code).toBe(4);
    expect(JSON.parse(stdout)).toMatchObject({ ok: false });
  });
});

describeGolden("the reference and query of the golden files", (set) => {
  const [coarse, middle] = set.columns;
  const home = `golden-${set.name}`;

  test("train, predict, inspect and verify go through", async () => {
    const words = ["--labels", coarse, middle, "--latent-key", "X_ref_latent", "--num-epochs", "8"];
    const trained = await run(
      ...["train", "--adata", set.path("reference.h5ad"), "--out", `${home}/model.pth`, ...words],
    );
    expect(trained.code, trained.stderr).toBe(0);
    const out = ["--adata", set.path("query.h5ad"), "--out", `${home}/annotated.h5ad`];
    const predicted = await run("predict", "--model", `${home}/model.pth`, ...out);
    expect(predicted.code, predicted.stderr).toBe(0);
    const { stdout } = await run("inspect", `${home}/annotated.h5ad`);
    expect(stdout).toContain(`pred_${middle}`);
    const tables = ["--adata", set.path("query.h5ad"), "--out", `${home}/sets.csv`];
    // Without neighbours the label is the class of the highest probability, which no set lacks.
    const asked = [
      "--prediction-sets",
      "0.9",
      "--knn-correction",
      "off",
      "--write-mode",
      "minimal",
      "--json",
    ];
    const sets = await run("predict", "--model", `${home}/model.pth`, ...tables, ...asked);
    expect(sets.code, sets.stderr).toBe(0);
    expect(sets.stderr).toMatch(/labels in set +only one/);
    const { labels } = JSON.parse(sets.stdout) as {
      labels: { mean_set_size: number; single_label: number }[];
    };
    for (const { mean_set_size, single_label } of labels) {
      expect(mean_set_size).toBeGreaterThanOrEqual(1);
      expect(single_label).toBeLessThanOrEqual(1);
    }
    const scored = await run(
      ...["evaluate", "--predictions", `${home}/sets.csv`, "--truth", set.path("query.h5ad")],
      ...["--labels", coarse, middle, "--out", `${home}/scores.json`],
    );
    expect(scored.code, scored.stderr).toBe(0);
    expect(scored.stdout).toMatch(/in set +labels in set/);
    const { metrics } = JSON.parse(await readFile(join(folder, `${home}/scores.json`), "utf8"));
    for (const column of [coarse, middle])
      expect(metrics[column].set_coverage).toBeGreaterThanOrEqual(metrics[column].accuracy);
    const verified = await run("verify", home);
    expect([verified.code, verified.stderr]).toEqual([0, expect.stringMatching(/files as recorded/)]);
  });
});
