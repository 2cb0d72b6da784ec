/** Refinement and fitted open-set thresholds from the command line. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { tinyAtlas, writeH5ad } from "./make-h5ad.ts";
import { expectFailure, listing, type Run, runCli } from "./run-cli.ts";

let folder = "";
const run = (...words: string[]): Promise<Run> => runCli(words, { cwd: folder });
const json = async (path: string) => JSON.parse(await readFile(join(folder, path), "utf8"));
const ok = async (done: Promise<Run>): Promise<Run> => {
  const result = await done;
  expect(result.code, result.stderr).toBe(0);
  return result;
};
const refine = (out: string, ...words: string[]): Promise<Run> =>
  run("refine", "--model", "m/m.pth", "--adata", "ref.h5ad", "--out", out, ...words);
const predict = (out: string, ...words: string[]): Promise<Run> =>
  run("predict", "--model", "m/m.pth", "--adata", "query.h5ad", "--out", out, ...words);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-e2e-refine-"));
  await writeH5ad(join(folder, "ref.h5ad"), tinyAtlas(120));
  await writeH5ad(join(folder, "query.h5ad"), tinyAtlas(30, 4, 9));
  const train = ["--labels", "lineage", "cell_type", "--hidden-sizes", "16", "--num-epochs", "8"];
  await ok(run("train", "--adata", "ref.h5ad", "--out", "m/m.pth", "--batch-size", "16", ...train));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test("refine writes reranker, description, plan and manifest, and predict applies the plan", async () => {
  const { stdout } = await ok(refine("r/r.pkl", "--parents", "second half", "--json"));
  expect(JSON.parse(stdout)).toMatchObject({
    command: "refine",
    enabled: true,
    parents: [{ parent: "second half" }],
  });
  expect(await listing(join(folder, "r"))).toEqual([
    "r.json",
    "r.pkl",
    "r_plan.json",
    "refine_run_manifest.json",
  ]);
  await ok(run("verify", "r"));
  await ok(predict("p/a.csv", "--refinement", "r/r_plan.json", "--write-mode", "full"));
  const { prediction_metadata: metadata, inputs } = await json("p/predict_run_manifest.json");
  expect(metadata.refinement).toMatchObject({
    method: "auto_parent_conditioned_reranker",
    applied: true,
    hotspot_parents: ["second half"],
  });
  const named = inputs.map(({ path }: { path: string }) => path.replace(/.*\//, ""));
  expect(named).toEqual(expect.arrayContaining(["r_plan.json", "r.pkl"]));
  // By artifact, by plan and by settings it is the same.
  await writeFile(join(folder, "by.yaml"), "method: parent_conditioned_reranker\nartifact_path: r/r.pkl\n");
  for (const [out, given] of [
    ["b", "r/r.pkl"],
    ["c", "by.yaml"],
  ] as const) {
    await ok(predict(`p/${out}.csv`, "--refinement", given, "--write-mode", "full"));
    expect(await readFile(join(folder, `p/${out}.csv`))).toEqual(await readFile(join(folder, "p/a.csv")));
  }
});

test("a disabled plan keeps the base result and says so", async () => {
  await ok(refine("d/r.pkl", "--parents", "second half"));
  const plan = await json("d/r_plan.json");
  await writeFile(join(folder, "d/r_plan.json"), JSON.stringify({ ...plan, enabled: false }));
  const { stderr } = await ok(predict("p/d.csv", "--refinement", "d/r_plan.json"));
  expect(stderr).toMatch(/plan_disabled/);
  await ok(predict("p/base.csv"));
  expect(await readFile(join(folder, "p/d.csv"))).toEqual(await readFile(join(folder, "p/base.csv")));
});

test("openset writes settings that predict takes", async () => {
  const fit = ["--adata", "query.h5ad", "--quantile", "0.9", "--json"];
  const { stdout } = await ok(run("openset", "--model", "m/m.pth", "--out", "o/o.json", ...fit));
  const summary = JSON.parse(stdout);
  expect(summary).toMatchObject({ command: "openset", rule: "quantile", n_unseen: 0 });
  expect(summary.known_outside).toBeLessThanOrEqual(0.1);
  await ok(run("verify", "o"));
  await ok(predict("p/o.csv", "--config", "o/o.json"));
  const { prediction_metadata: metadata } = await json("p/predict_run_manifest.json");
  expect(metadata.openset_threshold).toBe(summary.openset_threshold);
  expect(metadata.openset_unknown_rate).toBeCloseTo(summary.known_outside, 12);
});

test("an approximate search is recorded as one", async () => {
  await ok(predict("p/n.csv", "--knn-correction", "all", "--knn-index-mode", "pynndescent"));
  expect((await json("p/predict_run_manifest.json")).prediction_metadata.knn_index_mode).toBe("approximate");
});

test("wrong calls are refused before any work, with three lines", async () => {
  expectFailure(await refine("r.txt"), 2, /ends in \.pkl/, /--out/);
  expectFailure(await refine("x.pkl", "--top-k", "0"), 2, /top/i);
  expectFailure(
    await refine("x.pkl", "--parent-level", "cell_type", "--child-level", "lineage"),
    2,
    /not an edge/,
  );
  expectFailure(
    await run("openset", "--model", "m/m.pth", "--adata", "query.h5ad", "--out", "o.txt"),
    2,
    /\.json/,
  );
  await writeFile(join(folder, "none.yaml"), "method: magic\n");
  expectFailure(await predict("x.csv", "--refinement", "none.yaml"), 2, /names no refinement/);
  expectFailure(await predict("x.csv", "--refinement", "missing.pkl"), 4, /./, /missing\.pkl/);
  await writeFile(join(folder, "broken.pkl"), "nonsense");
  expectFailure(await predict("x.csv", "--refinement", "broken.pkl"), 4, /./, /broken\.pkl/);
});
