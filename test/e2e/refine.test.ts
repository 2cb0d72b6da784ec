/** `refine` and `openset`: what they write, what `predict` makes of it, and what they refuse. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tinyAtlas, writeH5ad } from "./make-h5ad.ts";
import { cliIn, expectFailure, listing } from "./run-cli.ts";

let folder = "";
const { run, ok, json, text } = cliIn(() => folder);
const named = (files: readonly { readonly path: string }[]): string[] => files.map(({ path }) => path);

const LABELS = ["--labels", "lineage", "cell_type", "--hidden-sizes", "8", "--num-epochs", "3"];
const READ = ["--model", "m/m.pth", "--adata"];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-e2e-refine-"));
  const atlas = tinyAtlas(120);
  await writeH5ad(join(folder, "ref.h5ad"), atlas);
  await writeH5ad(join(folder, "held.h5ad"), tinyAtlas(60, 4, 9));
  await writeH5ad(join(folder, "query.h5ad"), tinyAtlas(30, 4, 5));
  await ok("train", "--adata", "ref.h5ad", "--out", "m/m.pth", ...LABELS);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe("refine", () => {
  test("writes reranker, description, plan and run manifest, by which predict changes children", async () => {
    const { stderr } = await ok(
      "refine",
      ...READ,
      "held.h5ad",
      "--out",
      "r/re.pkl",
      "--parents",
      "first half",
      "second half",
    );
    expect(stderr).toContain("fitted first half, second half");
    expect((await listing(join(folder, "r"))).sort()).toEqual([
      "re.json",
      "re.pkl",
      "re_plan.json",
      "refine_run_manifest.json",
    ]);
    const manifest = json("r/refine_run_manifest.json");
    expect(manifest).toMatchObject({ command: "refine", out: "r/re.pkl", model: "m/m.pth", split: null });
    expect(named(manifest.inputs)).toEqual(expect.arrayContaining(["held.h5ad", "m/m.pth"]));
    expect(named(manifest.outputs).sort()).toEqual(["re.json", "re.pkl", "re_plan.json"]);
    await ok("verify", "r/refine_run_manifest.json");

    await ok("predict", ...READ, "query.h5ad", "--out", "plain.csv");
    await ok("predict", ...READ, "query.h5ad", "--out", "p/out.csv", "--refinement", "r/re_plan.json");
    const predicted = json("p/predict_run_manifest.json");
    expect(named(predicted.inputs)).toEqual(expect.arrayContaining(["r/re_plan.json", "r/re.pkl"]));
    expect(predicted.prediction_metadata.refinement).toMatchObject({ applied: true });
    expect(text("p/out.csv")).not.toBe(text("plain.csv"));
    await ok("predict", ...READ, "query.h5ad", "--out", "a/out.csv", "--refinement", "r/re.pkl");
    expect(text("a/out.csv")).toBe(text("p/out.csv"));

    const settings = { method: "auto_parent_conditioned_reranker", plan_path: "re_plan.json" };
    await writeFile(join(folder, "r/settings.json"), JSON.stringify(settings));
    await ok("predict", ...READ, "query.h5ad", "--out", "s/out.csv", "--refinement", "r/settings.json");
    expect(named(json("s/predict_run_manifest.json").inputs)).toEqual(
      expect.arrayContaining(["r/settings.json", "r/re_plan.json", "r/re.pkl"]),
    );
    expect(text("s/out.csv")).toBe(text("p/out.csv"));
  });

  test("refuses to write over what it reads, and bad values, and leaves nothing behind", async () => {
    const before = await listing(folder);
    const metadata = await readFile(join(folder, "m/m_metadata.pkl"));
    const tried = ["refine", ...READ, "held.h5ad", "--out"];
    for (const out of ["m/m_metadata.pkl", "m/m_manifest.pkl"])
      expectFailure(await run(...tried, out), 2, /the output is read/);
    expectFailure(await run(...tried, "r/x.json"), 2, /ends in \.pkl/, /--out/);
    expectFailure(await run(...tried, "r/x.pkl", "--parents", "third half"), 3, /third half/);
    expectFailure(await run(...tried, "r/x.pkl", "--parent-level", "lineag"), 2, /lineag/);
    expect(await readFile(join(folder, "m/m_metadata.pkl"))).toEqual(metadata);
    expect(await listing(folder)).toEqual(before);
  });
});

describe("openset", () => {
  test("writes settings and run manifest, and predict takes the settings", async () => {
    const { stderr } = await ok("openset", ...READ, "held.h5ad", "--out", "o/open.json");
    expect(stderr).toMatch(/threshold .*% of 60 cells of known types lie beyond/);
    const settings = json("o/open.json");
    expect(settings).toMatchObject({ openset_method: "nn_distance" });
    const manifest = json("o/openset_run_manifest.json");
    expect(manifest).toMatchObject({
      command: "openset",
      out: "o/open.json",
      openset_threshold: settings.openset_threshold,
      n_known: 60,
      n_unseen: 0,
    });
    expect(named(manifest.inputs)).toEqual(expect.arrayContaining(["held.h5ad", "m/m.pth"]));
    expect(named(manifest.outputs)).toEqual(["open.json"]);
    await ok("verify", "o/openset_run_manifest.json");
    await ok("predict", ...READ, "query.h5ad", "--out", "op/out.csv", "--config", "o/open.json");
    expect(json("op/predict_run_manifest.json").prediction_metadata).toMatchObject({
      openset_method: "nn_distance",
      openset_threshold: settings.openset_threshold,
    });
  });

  test("centroids are those of the labels that tell known from unseen, and predict takes the same", async () => {
    const tried = ["openset", ...READ, "held.h5ad", "--openset-method", "prototype", "--quantile", "0.5"];
    await ok(...tried, "--out", "pr/fine.json");
    await ok(...tried, "--openset-label-column", "lineage", "--out", "pr/coarse.json");
    const [fine, coarse] = [json("pr/fine.json"), json("pr/coarse.json")];
    expect(fine).toMatchObject({ openset_method: "prototype", openset_label_column: "cell_type" });
    expect(coarse).toMatchObject({ openset_method: "prototype", openset_label_column: "lineage" });
    expect(fine.openset_threshold).not.toBe(coarse.openset_threshold);
    await ok("predict", ...READ, "held.h5ad", "--out", "pr/out.csv", "--config", "pr/fine.json");
    const { prediction_metadata: metadata } = json("pr/predict_run_manifest.json");
    expect(metadata).toMatchObject({ openset_label_column: "cell_type", openset_unknown_rate: 0.5 });
  });

  test("refuses to write over what it reads, and bad values, and leaves nothing behind", async () => {
    const before = await listing(folder);
    const bundle = text("m/m_manifest.json");
    const tried = ["openset", ...READ, "held.h5ad", "--out"];
    expectFailure(await run(...tried, "m/m_manifest.json"), 2, /the output is read/);
    expectFailure(await run(...tried, "o/x.csv"), 2, /ends in \.json/, /--out/);
    expectFailure(await run(...tried, "o/x.json", "--quantile", "2"), 2, /quantile/);
    expectFailure(await run(...tried, "o/x.json", "--label-column", "cell_typ"), 2, /cell_typ/);
    expect(text("m/m_manifest.json")).toBe(bundle);
    expect(await listing(folder)).toEqual(before);
  });
});
