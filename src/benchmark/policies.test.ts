import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { writeDataset } from "../anndata/write/write-annotated.ts";
import { loadModel } from "../artifacts/load.ts";
import { loadReranker } from "../artifacts/refinement.ts";
import { createSimulation } from "../demo/simulate.ts";
import { simulatedAnnData } from "../demo/simulated-anndata.ts";
import type { PolicyFeatures } from "../evaluate/advice.ts";
import { createEngine } from "../kernels/engine.ts";
import { parseBenchmarkManifest } from "./dataset-manifest.ts";
import { splitDevelopment } from "./development.ts";
import { checkGuardrail, decideRefinement } from "./policies.ts";
import { runBenchmark } from "./run-all.ts";

const LEVELS = ["lineage", "class"];
const AUTO_WEIGHTS = ["task_weight_policy", "auto_task_weight_schedule_v1"] as const;
const AUTO_REFINEMENT = ["refinement_policy", "auto_parent_conditioned_reranker_v1"] as const;
type Entries = readonly (readonly [string, unknown])[];

const manifest = (train: Entries = [], predict: Entries = [], columns: readonly string[] = LEVELS) =>
  parseBenchmarkManifest(
    new Map<string, unknown>([
      ["reference_h5ad", "reference.h5ad"],
      ["query_h5ad", "query.h5ad"],
      ["label_columns", columns],
      [
        "train",
        new Map<string, unknown>([
          ["preset", "small"],
          ["val_fraction", 0],
          ["num_epochs", 2],
          ["batch_size", 128],
          ...train,
        ]),
      ],
      ["predict", new Map<string, unknown>([["knn_correction", "off"], ...predict])],
    ]),
    "m.yaml",
  );

let folder = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "atlasmtl-test-"));
  const simulation = createSimulation({ nReference: 900, nQuery: 120, nGenes: 200 });
  for (const part of ["reference", "query"] as const)
    await writeDataset(simulatedAnnData(simulation, part), join(folder, `${part}.h5ad`), {});
});
afterAll(() => rmSync(folder, { recursive: true }));

async function run(name: string, given: ReturnType<typeof manifest>, atlasmtlModel: string | null = null) {
  const engine = await createEngine({ numThreads: 1 });
  try {
    const { results, data } = await runBenchmark(
      {
        manifest: given,
        manifestPath: "m.yaml",
        manifestFolder: folder,
        outputFolder: join(folder, name),
        identity: name,
        methods: ["atlasmtl"],
        atlasmtlModel,
      },
      { engine },
    );
    return { ...results[0], data };
  } finally {
    engine.dispose();
  }
}

const json = (path: string) => JSON.parse(readFileSync(join(folder, path), "utf8"));
const entry = (name: string) => json(`${name}/metrics.json`).results[0];

describe("the keys of policies", () => {
  test("are read with their defaults", () => {
    expect(manifest().policies).toEqual({ taskWeights: null, refinement: null, hotspots: {} });
    expect(manifest([AUTO_WEIGHTS], [AUTO_REFINEMENT]).policies).toEqual({
      taskWeights: {
        policy: AUTO_WEIGHTS[1],
        selector: "finest_macro_f1",
        sourceRun: null,
        candidates: null,
      },
      refinement: AUTO_REFINEMENT[1],
      hotspots: {},
    });
    expect(manifest([AUTO_WEIGHTS]).train).not.toHaveProperty("taskWeightPolicy");
  });

  test.each<[Entries, Entries, RegExp]>([
    [
      [["task_weight_policy", "auto_task_weights_schedule_v1"]],
      [],
      /did you mean "auto_task_weight_schedule_v1"/,
    ],
    [[["task_weight_polcy", "x"]], [], /did you mean "task_weight_policy"/],
    [[["task_weight_selector", "full_path_accuracy"]], [], /no effect without task_weight_policy/],
    [[AUTO_WEIGHTS, ["task_weight_selector", "accuracy"]], [], /expected finest_macro_f1 or/],
    [[AUTO_WEIGHTS, ["task_weight_candidates", new Map([["a", [1]]])]], [], /expected 2 numbers/],
    [[AUTO_WEIGHTS, ["task_weight_candidates", new Map([["a", [0, 0]]])]], [], /not all 0/],
    [[AUTO_WEIGHTS, ["task_weight_candidates", new Map([["base", [1, 2]]])]], [], /without the policy/],
    [[AUTO_WEIGHTS, ["task_weight_policy_source_run", 3]], [], /folder of a run/],
    [[], [["refinement_policy", "auto"]], /expected auto_parent_conditioned_reranker_v1/],
    [
      [],
      [AUTO_REFINEMENT, ["refinement_config", new Map()]],
      /write one of them|refinement_policy makes one/,
    ],
  ])("are checked: %j %j", (train, predict, message) => {
    expect(() => manifest(train, predict)).toThrow(message);
  });

  test("need two levels", () => {
    expect(() => manifest([AUTO_WEIGHTS], [], ["class"])).toThrow(/one label column/);
  });
});

describe("the guard of a refinement", () => {
  const base: PolicyFeatures = {
    nLevels: 2,
    coarsestMacroF1: 0.9,
    finestMacroF1: 0.6,
    finestBalancedAccuracy: 0.6,
    parentCorrectChildWrongRate: 0.2,
    fullPathAccuracy: 0.5,
    hierarchyGap: 0,
    hotspotConcentration: 0.9,
  };

  test("holds for equal and better scores", () => {
    expect(checkGuardrail(base, base).failed).toEqual([]);
    const better = { ...base, finestMacroF1: 0.7, fullPathAccuracy: 0.6, parentCorrectChildWrongRate: 0.1 };
    expect(checkGuardrail(base, better).failed).toEqual([]);
  });

  test.each([
    [{ finestMacroF1: 0.59 }, "child_macro_f1 0.6000 → 0.5900"],
    [{ fullPathAccuracy: 0.49 }, "full_path_accuracy 0.5000 → 0.4900"],
    [{ parentCorrectChildWrongRate: 0.21 }, "parent_correct_child_wrong_rate 0.2000 → 0.2100"],
    [{ fullPathAccuracy: Number.NaN }, "full_path_accuracy 0.5000 → NaN"],
  ])("fails for %j", (worse, message) => {
    expect(checkGuardrail(base, { ...base, ...worse }).failed).toEqual([message]);
  });
});

test("without a policy nothing is decided and no file is there", async () => {
  await run("plain", manifest());
  expect(entry("plain").policy_dag).toEqual({});
  expect(existsSync(join(folder, "plain/methods/atlasmtl/task_weight_decision.json"))).toBe(false);
});

const CANDIDATES = new Map([
  ["fine", [0.2, 3]],
  ["coarse", [3, 0.01]],
]);

test("task weights: every candidate is scored on held-out reference cells, and the best is trained with", async () => {
  const result = await run("weights", manifest([AUTO_WEIGHTS, ["task_weight_candidates", CANDIDATES]]));
  const decision = json("weights/methods/atlasmtl/task_weight_decision.json");
  expect(decision).toMatchObject({ activated: true, selector: "finest_macro_f1", source_run: null });
  expect(decision.development).toMatchObject({ n_fit: 720, n_development: 180 });
  const tried: { name: string; weights: number[]; scores: { finest_macro_f1: number } }[] =
    decision.candidates;
  expect(tried.map(({ name }) => name)).toEqual(["base", "fine", "coarse"]);
  const best = tried.toSorted((a, b) => b.scores.finest_macro_f1 - a.scores.finest_macro_f1)[0];
  expect(decision.chosen).toBe(best.name);
  const { train_config_used, policy_dag, artifact_checksums } = entry("weights");
  expect(train_config_used.task_weights).toEqual(best.weights ?? [1, 1]);
  expect(policy_dag.task_weights).toMatchObject({
    from: ["development"],
    chosen: best.name,
    decision_file: "task_weight_decision.json",
  });
  expect(Object.keys(artifact_checksums)).toContain("task_weight_decision.json");
  expect(readFileSync(join(folder, "weights/benchmark_report.html"), "utf8")).toContain(
    "task_weight_decision.json",
  );
  expect(result.seeds.has("policy_development")).toBe(true);
});

test("task weights from an earlier run: its digest is recorded, and its query's say is told", async () => {
  const entries: Entries = [
    AUTO_WEIGHTS,
    ["task_weight_candidates", CANDIDATES],
    ["task_weight_policy_source_run", "plain"],
    ["task_weight_selector", "full_path_accuracy"],
  ];
  const { warnings } = await run("from", manifest(entries));
  const decision = json("from/methods/atlasmtl/task_weight_decision.json");
  const scores = entry("plain").metrics;
  expect(decision.features).toMatchObject({
    coarsest_macro_f1: scores.lineage.macro_f1,
    finest_macro_f1: scores.class.macro_f1,
    full_path_accuracy: entry("plain").hierarchy_metrics.full_path_accuracy,
    hierarchy_gap: null,
  });
  expect(decision.source_run.sha256).toMatch(/^[0-9a-f]{64}$/);
  expect(warnings.some(({ message }) => message.includes("earlier run"))).toBe(true);
  await expect(
    run("from", manifest([...entries, ["task_weight_policy_source_run", "from"]])),
  ).rejects.toThrow(/folder that this run writes/);
  await expect(
    run("from2", manifest([...entries, ["task_weight_policy_source_run", "nowhere"]])),
  ).rejects.toMatchObject({ code: "NOT_FOUND" });
  const other = manifest(
    [AUTO_WEIGHTS, ["task_weight_policy_source_run", "plain"]],
    [],
    ["class", "lineage", "donor"],
  );
  await expect(run("from3", other)).rejects.toMatchObject({ code: "MISMATCH" });
});

test("refinement: applied where the guard holds, else the base is kept and said to be", async () => {
  const result = await run("refined", manifest([], [AUTO_REFINEMENT]));
  const decision = json("refined/methods/atlasmtl/refinement_decision.json");
  const { prediction_metadata, policy_dag } = entry("refined");
  expect(decision).toMatchObject({
    policy: AUTO_REFINEMENT[1],
    activated: true,
    guardrail: { name: "phmap_v1" },
  });
  expect(decision.guardrail.passed).toBe(true);
  expect(policy_dag.refinement.chosen).toBe("parent_conditioned_reranker");
  expect(prediction_metadata.refinement).toMatchObject({ applied: true });
  const reranker = await loadReranker(join(folder, "refined/methods/atlasmtl/reranker.pkl"));
  expect(reranker.parents.map(({ parent }) => parent)).toEqual(
    decision.selection.hotspots.map(({ parent }: { parent: string }) => parent),
  );
  expect(result.warnings.filter(({ message }) => message.includes("base result"))).toEqual([]);
});

test("a loaded model is refined too, with a warning; its base is kept where nothing calls for more", async () => {
  const model = join(folder, "plain/methods/atlasmtl/model.pth");
  const { warnings, entry: kept } = await run(
    "loaded",
    manifest([AUTO_WEIGHTS], [AUTO_REFINEMENT, ["confidence_low", 1]]),
    model,
  );
  const texts = warnings.map(({ message }) => message).join("\n");
  expect(texts).toMatch(/no effect on a model that is loaded/);
  expect(texts).toMatch(/may have been trained on/);
  expect((kept.get("policy_dag") as Map<string, unknown>).has("task_weights")).toBe(false);
  // Every cell is Unknown, so no parent is right and no child under it wrong.
  expect(json("loaded/methods/atlasmtl/refinement_decision.json")).toMatchObject({
    activated: false,
    chosen: "base",
    guardrail: null,
  });
  expect(texts).toMatch(/base result is kept, without refinement: Do not refine/);
  expect(existsSync(join(folder, "loaded/methods/atlasmtl/reranker.pkl"))).toBe(false);
});

test("a refinement that makes the development cells worse is not applied", async () => {
  const { data } = await run("half", manifest([["num_epochs", 5]]));
  const { model } = await loadModel(join(folder, "half/methods/atlasmtl/model.pth"));
  const split = await splitDevelopment(data, 3, {});
  const { childToParent } = data.rules.get("class")!;
  // Each child is taken for the next one of its parent, in the cells that the reranker learns from.
  const { codes, categories } = split.fit.truth.get("class")!;
  const next = categories.map((child) => {
    const siblings = categories.filter((other) => childToParent.get(other) === childToParent.get(child));
    return categories.indexOf(siblings[(siblings.indexOf(child) + 1) % siblings.length]);
  });
  const wrong = { codes: codes.map((code) => next[code] ?? -1), categories };
  const engine = await createEngine({ numThreads: 1 });
  try {
    const decision = await decideRefinement(
      { fitted: model, model, whole: { adata: data.reference, truth: data.referenceLabels } },
      {
        split: { ...split, fit: { ...split.fit, truth: new Map([...split.fit.truth, ["class", wrong]]) } },
        columns: LEVELS,
        predict: { layer: "X", knnCorrection: "off", confidenceLow: 0 },
        work: { engine },
      },
    );
    expect(decision.config).toBeNull();
    expect(decision.artifacts).toEqual([]);
    expect(decision.reason).toMatch(/^phmap_v1 does not hold: child_macro_f1 /);
    expect(decision.file.get("chosen")).toBe("base");
    expect((decision.file.get("guardrail") as Map<string, unknown>).get("passed")).toBe(false);
  } finally {
    engine.dispose();
  }
});
