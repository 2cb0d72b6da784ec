import { appendFile, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tinyAtlas, writeH5ad } from "./make-h5ad.ts";
import { expectFailure, type Run, runCli } from "./run-cli.ts";

let folder = "";
const run = (...words: string[]): Promise<Run> => runCli(words, { cwd: folder });
const read = (path: string): Promise<string> => readFile(join(folder, path), "utf8");

const MANIFEST = `dataset_name: tiny
reference_h5ad: ref.h5ad
query_h5ad: query.h5ad
label_columns: [lineage, cell_type]
train: {hidden_sizes: [16], num_epochs: 8, batch_size: 16}
`;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-e2e-"));
  await writeH5ad(join(folder, "ref.h5ad"), tinyAtlas(120));
  await writeH5ad(join(folder, "query.h5ad"), tinyAtlas(40, 4, 9));
  await writeFile(join(folder, "tiny.yaml"), MANIFEST);
  const made = await run(
    ...["benchmark", "--dataset-manifest", "tiny.yaml", "--output-dir", "run"],
    ...["--methods", "atlasmtl", "reference_knn", "nearest_centroid"],
  );
  expect(made.code, made.stderr).toBe(0);
  expect(made.stdout).toContain("reference_knn");
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("the run manifest names data, split, model and code by checksum, and seeds by purpose", async () => {
  const manifest = JSON.parse(await read("run/run_manifest.json"));
  expect(manifest.command).toBe("benchmark");
  expect(manifest.inputs.map((file: { path: string }) => file.path)).toEqual([
    "tiny.yaml",
    "ref.h5ad",
    "query.h5ad",
  ]);
  expect(manifest.split).toMatchObject({
    name: null,
    assignment: { path: "split.csv", sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
  });
  expect(manifest.software.code_sha256).toMatch(/^[0-9a-f]{64}$/);
  expect(Object.keys(manifest.seeds)).toEqual(expect.arrayContaining(["manifest", "init", "shuffle"]));
  const outputs = manifest.outputs.map((file: { path: string }) => file.path);
  expect(outputs).toContain("methods/atlasmtl/model.pth");
  expect(outputs).toContain("metrics.json");
  const digests = manifest.outputs.map((file: { path: string; sha256: string }) => [file.path, file.sha256]);
  expect(manifest.artifact_checksums).toEqual(Object.fromEntries(digests));
  expect(manifest.artifact_paths["metrics.json"]).toBe("metrics.json");
  expect(manifest).toMatchObject({
    dataset_name: "tiny",
    dataset_version: null,
    protocol_version: 1,
    reference_subset: {},
    domain_key: null,
    device: "auto",
    executable: process.execPath,
  });
});

test("verify finds everything as recorded; reproduce gives it again", async () => {
  const verified = await run("verify", "run");
  expect(verified.code, verified.stderr).toBe(0);
  const again = await run("reproduce", "run/run_manifest.json", "--json");
  expect(again.code, again.stderr).toBe(0);
  const { same, files } = JSON.parse(again.stdout);
  expect(same).toBe(true);
  const status = new Map(files.map((file: { path: string; status: string }) => [file.path, file.status]));
  expect(status.get("methods/atlasmtl/model.pth")).toBe("SAME");
  expect(status.get("metrics.json")).toBe("SAME BUT TIMES");
});

test("reproduce works for train and predict, and says what came out otherwise", {
  timeout: 180_000,
}, async () => {
  const words = ["--labels", "cell_type", "--hidden-sizes", "16", "--num-epochs", "3"];
  expect((await run("train", "--adata", "ref.h5ad", "--out", "m/model.pth", ...words)).code).toBe(0);
  const trained = await run("reproduce", "m/train_run_manifest.json");
  expect(trained.code, trained.stderr).toBe(0);
  expect(trained.stdout).toMatch(/SAME +model\.pth/);
  const predicted = await run(
    ...["predict", "--model", "m/model.pth", "--adata", "query.h5ad", "--out", "p/out.h5ad"],
    ...["--report", "p/report.html"],
  );
  expect(predicted.code, predicted.stderr).toBe(0);
  const { outputs } = JSON.parse(await read("p/predict_run_manifest.json"));
  expect(outputs.map((file: { path: string }) => file.path)).toEqual(["out.h5ad", "report.html"]);
  const again = await run("reproduce", "p/predict_run_manifest.json");
  expect(again.code, again.stderr).toBe(0);
  expect(again.stdout).toMatch(/HOLDS TIMES +report\.html/);
  for (const name of ["out.parquet", "out.arrow", "out.zarr"]) {
    const annotated = ["--model", "m/model.pth", "--adata", "query.h5ad", "--out", `t-${name}/${name}`];
    expect((await run("predict", ...annotated)).code).toBe(0);
    const table = await run("reproduce", `t-${name}/predict_run_manifest.json`);
    expect(table.code, table.stderr).toBe(0);
    expect(table.stdout).toMatch(new RegExp(`SAME +${name}`));
  }

  const path = join(folder, "m/train_run_manifest.json");
  const forged = JSON.parse(await readFile(path, "utf8"));
  forged.argv[forged.argv.length - 1] = "4";
  await writeFile(path, JSON.stringify(forged));
  const other = await run("reproduce", "m/train_run_manifest.json");
  expect(other.code).toBe(4);
  expect(other.stdout).toMatch(/DIFFERENT +model\.pth/);
});

test("a changed input, split or model is found by verify and stops reproduce", async () => {
  for (const path of ["run/split.csv", "run/methods/atlasmtl/model.pth", "query.h5ad"]) {
    const before = await readFile(join(folder, path));
    await appendFile(join(folder, path), "x");
    const found = await run("verify", "run");
    expect(found.code).toBe(4);
    expect(found.stdout).toMatch(/CHANGED/);
    if (path === "query.h5ad")
      expectFailure(await run("reproduce", "run/run_manifest.json"), 4, /query\.h5ad CHANGED/);
    await writeFile(join(folder, path), before);
  }
});

test("evaluate scores what predict wrote, as the benchmark scores it", async () => {
  const scored = await run(
    ...["evaluate", "--predictions", "run/methods/atlasmtl/predictions.csv", "--truth", "query.h5ad"],
    ...["--labels", "lineage", "cell_type", "--out", "scores/m.json", "--report", "scores/r.html"],
  );
  expect(scored.code, scored.stderr).toBe(0);
  expect(scored.stdout).toContain("macro F1");
  const { metrics } = JSON.parse(await read("scores/m.json"));
  const [first] = JSON.parse(await read("run/metrics.json")).results;
  expect(metrics).toEqual(first.metrics);
  expect(await read("scores/r.html")).toContain("How right the labels are");
  const words = [
    "evaluate",
    "--predictions",
    "run/methods/atlasmtl/predictions.csv",
    "--truth",
    "query.h5ad",
  ];
  expectFailure(await run(...words, "--labels", "lineag"), 3, /pred_lineag.*pred_lineage/);
});

test("evaluate reads no Arrow table and names the way on", async () => {
  const made = await run(
    ...["predict", "--model", "run/methods/atlasmtl/model.pth", "--adata", "query.h5ad"],
    ...["--out", "arrow/labels.arrow"],
  );
  expect(made.code, made.stderr).toBe(0);
  const labels = ["--labels", "lineage", "cell_type"];
  for (const words of [
    ["evaluate", "--predictions", "arrow/labels.arrow", "--truth", "query.h5ad", ...labels],
    [
      "evaluate",
      "--predictions",
      "run/methods/atlasmtl/predictions.csv",
      "--truth",
      "arrow/labels.arrow",
      ...labels,
    ],
    ["report", "arrow/predict_run_manifest.json", "--out", "arrow/r.html"],
  ])
    expectFailure(await run(...words), 3, /written and not read/, /labels\.arrow/);
});

test.each([".parquet"])("evaluate gives of %s what it gives of .csv", async (suffix) => {
  const scores: unknown[] = [];
  for (const end of [".csv", suffix]) {
    const made = await run(
      ...["predict", "--model", "run/methods/atlasmtl/model.pth", "--adata", "query.h5ad"],
      ...["--out", `same/labels${end}`, "--write-mode", "full"],
    );
    expect(made.code, made.stderr).toBe(0);
    const scored = await run(
      ...["evaluate", "--predictions", `same/labels${end}`, "--truth", "query.h5ad"],
      ...["--labels", "lineage", "cell_type", "--out", `same/${end.slice(1)}.json`],
    );
    expect(scored.code, scored.stderr).toBe(0);
    scores.push(JSON.parse(await read(`same/${end.slice(1)}.json`)));
  }
  expect(scores[1]).toEqual(scores[0]);
});

test("preprocessing, policies and the device of a manifest and its flags go through the command", async () => {
  const varNames = Array.from({ length: 24 }, (_, i) => `ENSG${String(i + 1).padStart(11, "0")}`);
  await writeH5ad(join(folder, "ref_ids.h5ad"), { ...tinyAtlas(120), varNames });
  await writeH5ad(join(folder, "query_ids.h5ad"), { ...tinyAtlas(40, 4, 9), varNames });
  const manifest = [
    "reference_h5ad: ref_ids.h5ad",
    "query_h5ad: query_ids.h5ad",
    "label_columns: [lineage, cell_type]",
    "train: {hidden_sizes: [16], num_epochs: 8, task_weight_policy: auto_task_weight_schedule_v1}",
    "predict: {refinement_policy: auto_parent_conditioned_reranker_v1}",
    "feature_space: whole",
  ];
  await writeFile(join(folder, "whole.yaml"), manifest.join("\n"));
  const made = await run(
    ...["benchmark", "--dataset-manifest", "whole.yaml", "--output-dir", "whole"],
    ...["--methods", "atlasmtl", "nearest_centroid", "--device", "cpu"],
  );
  expect(made.code, made.stderr).toBe(0);
  const { outputs } = JSON.parse(await read("whole/run_manifest.json"));
  expect(outputs.map((file: { path: string }) => file.path)).toEqual(
    expect.arrayContaining([
      "preprocess/feature_panel.json",
      "methods/atlasmtl/task_weight_decision.json",
      "methods/atlasmtl/refinement_decision.json",
    ]),
  );
  const [first] = JSON.parse(await read("whole/metrics.json")).results;
  expect(first.predict_config_used.device).toBe("cpu");
  expect(Object.keys(first.policy_dag)).toEqual(
    expect.arrayContaining(["development", "task_weights", "refinement"]),
  );
  expect((await run("verify", "whole")).code).toBe(0);
});

test("report writes the report of a run again", async () => {
  const made = await run("report", "run", "--out", "again.html");
  expect(made.code, made.stderr).toBe(0);
  expect(await read("again.html")).toBe(await read("run/benchmark_report.html"));
  expectFailure(await run("report", "m"), 4, /no run of benchmark or predict/);
});

test("a wrong manifest or method stops before any work, naming the nearest", async () => {
  await writeFile(join(folder, "bad.yaml"), `${MANIFEST}lable_columns: [x]\n`);
  const words = ["benchmark", "--output-dir", "never"];
  expectFailure(
    await run(...words, "--dataset-manifest", "bad.yaml"),
    2,
    /"lable_columns".*"label_columns"/,
    /bad\.yaml › lable_columns/,
  );
  expectFailure(
    await run(...words, "--dataset-manifest", "tiny.yaml", "--methods", "atlasmlt"),
    2,
    /did you mean "atlasmtl"/,
    /--methods/,
  );
  expectFailure(await run("reproduce", "tiny.yaml"), 4, /not valid JSON/);
});
