import { expect, test } from "vitest";
import {
  base,
  childCorrection,
  counts,
  engine,
  fine,
  N,
  N_GENES,
  run,
} from "../../test/helpers/train-runs.ts";
import { randomCsr, tensorsOf } from "../../test/helpers/training-fixtures.ts";
import { Float, toPlain } from "../core/config.ts";
import { initialWeights } from "./init.ts";
import type { TrainOptions } from "./options.ts";

test("a model learns types that genes tell apart, and holds all that prediction needs", async () => {
  const { model, warnings, seeds } = await run();
  expect(warnings).toEqual([]);
  expect(model.labelHeads).toEqual([
    { column: "coarse", classes: ["a", "b"] },
    { column: "fine", classes: ["a1", "a2", "b1"] },
  ]);
  expect(model.coordHeads.map(({ name, obsmKey }) => [name, obsmKey])).toEqual([
    ["umap", "X_umap"],
    ["latent", "X_latent"],
  ]);
  expect(model.shape).toEqual({ nGenes: N_GENES, hiddenSizes: [12, 6], nClasses: [2, 3], coordDims: [2, 3] });
  expect(model.trainGenes[3]).toBe("gene-3");
  expect(Object.keys(seeds)).toEqual([
    "random_state",
    "init",
    "shuffle",
    "dropout",
    "component_cells",
    "components",
  ]);

  const inference = await engine.createInference(model.shape, model.weights);
  const binary = { ...base.x, data: null };
  const { logits, latent } = await inference.run(binary);
  const wrong = fine.filter((name, r) => {
    const row = [...logits[1].subarray(3 * r, 3 * r + 3)];
    return model.labelHeads[1].classes[row.indexOf(Math.max(...row))] !== name;
  });
  expect(wrong.length).toBeLessThan(3);

  const reference = await model.reference();
  expect([...reference.coords.keys()]).toEqual(["X_ref_umap", "X_ref_latent", "X_ref_latent_internal"]);
  expect(reference.coords.get("X_ref_umap")).toEqual(base.obsm!.X_umap);
  expect(reference.coords.get("X_ref_latent_internal")).toEqual({ nRows: N, nCols: 6, data: latent });
  const labels = reference.labels.get("fine")!;
  expect(Array.from(labels.codes, (code) => labels.categories[code])).toEqual(fine);
});

test("the same seed gives the same bits, however the rows are stored and read; another seed does not", async () => {
  const once = tensorsOf((await run({ numEpochs: 3, valFraction: 0.2 })).model.weights);
  for (const parts of [{}, { blockRows: 1 }, { x: { ...base.x, indices: Uint32Array.from(base.x.indices) } }])
    expect(tensorsOf((await run({ numEpochs: 3, valFraction: 0.2 }, parts)).model.weights)).toEqual(once);
  const binary = { x: { ...base.x, data: null } };
  expect(tensorsOf((await run({ numEpochs: 3, valFraction: 0.2 }, binary)).model.weights)).toEqual(once);
  const other = await run({ numEpochs: 3, valFraction: 0.2, randomState: 43 });
  expect(tensorsOf(other.model.weights)).not.toEqual(once);
});

test("every option reaches the training", async () => {
  const first = tensorsOf((await run({ numEpochs: 2 })).model.weights);
  const changes: Partial<TrainOptions>[] = [
    { inputTransform: "float" },
    { layer: "other" },
    { dropoutRate: 0 },
    { weightDecay: 0.5 },
    { optimizerName: "adam" },
    { learningRate: 0.02 },
    { batchSize: 30 },
    { taskWeights: [1, 3] },
    { coordLossWeights: { umap: 2, latent: 0.5 } },
    { domainKey: "donor", domainLossWeight: 1 },
    { topologyLossWeight: 1, topologyCoord: "umap" },
    { topologyLossWeight: 1, topologyCoord: "umap", topologyK: 2 },
    { valFraction: 0.1 },
    { classWeighting: { mode: "balanced", labelColumn: "coarse" } },
    { classWeighting: { mode: "sqrt_balanced", labelColumn: "coarse" } },
    { classBalancedSampling: {} },
    { normalize: "log1p_cp10k", layer: "counts" },
    { normalize: "log1p_cp10k", layer: "counts", countThinning: 0.3 },
    { normalize: "log1p_cp10k", layer: "counts", countThinning: 0.5 },
    { childCorrection },
    { childCorrection: { ...childCorrection, featureMode: "reranker_like" } },
    { childCorrection: { ...childCorrection, lossWeight: 3 } },
    { childCorrection: { ...childCorrection, rankLossWeight: 1 } },
    { childCorrection: { ...childCorrection, rankLossWeight: 1, rankMargin: 3 } },
    { childCorrection: { ...childCorrection, residualScale: 2 } },
    { childCorrection: { ...childCorrection, hiddenDim: 8 } },
    { childCorrection: { ...childCorrection, baseLrScale: 1 } },
    { ensembleSize: 2 },
    { numEpochs: 3 },
    { coordTargets: null },
  ];
  const seen = new Set([String(first[0])]);
  const layers = { other: randomCsr(9, N, N_GENES, 0.3, false), counts: counts() };
  for (const change of changes) {
    const { model } = await run({ numEpochs: 2, ...change }, { layers });
    seen.add(String(tensorsOf(model.weights)[0]));
  }
  expect(seen.size).toBe(changes.length + 1);
});

test("each weight reaches its own head: one without weight keeps its initial tensors", async () => {
  for (const idle of ["umap", "latent"]) {
    const weights = { umap: 1, latent: 1, [idle]: 0 };
    const { model, seeds } = await run({ numEpochs: 2, weightDecay: 0, coordLossWeights: weights });
    const initial = initialWeights(model.shape, ["umap", "latent"], seeds.init);
    model.coordHeads.forEach(({ name }, c) => {
      const moved = String(model.weights.coordHeads[c].weight) !== String(initial.coordHeads[c].weight);
      expect(moved, `${name} with ${idle} idle`).toBe(name !== idle);
    });
  }
  for (const idle of [0, 1]) {
    const taskWeights = [0, 1].map((j) => (j === idle ? 0 : 1));
    const { model, seeds } = await run({ numEpochs: 2, weightDecay: 0, taskWeights });
    const initial = initialWeights(model.shape, ["umap", "latent"], seeds.init);
    expect(model.weights.labelHeads[idle]).toEqual(initial.labelHeads[idle]);
    expect(model.weights.labelHeads[1 - idle]).not.toEqual(initial.labelHeads[1 - idle]);
  }
});

test("train_config has the keys of the specification and their Python kinds", async () => {
  const { model } = await run({
    valFraction: 0.2,
    calibrationMethod: "temperature_scaling",
    schedulerName: "reduce_lr_on_plateau",
    earlyStoppingPatience: 20,
    knnReferenceObsmKey: "X_scVI-z",
    domainKey: "donor",
    domainLossWeight: 0.1,
    preset: "small",
    preprocess: new Map([["config", "kept"]]),
  });
  const config = model.trainConfig;
  const keys =
    "preset hidden_sizes dropout_rate batch_size num_epochs epochs_completed learning_rate optimizer_name weight_decay " +
    "scheduler_name scheduler_factor scheduler_patience scheduler_min_lr scheduler_monitor final_learning_rate " +
    "coord_targets coord_loss_weights task_weights input_transform val_fraction early_stopping_patience " +
    "early_stopping_min_delta random_state domain_key domain_loss_weight domain_loss_method domains " +
    "topology_loss_weight topology_k topology_coord calibration class_weighting class_balanced_sampling " +
    "parent_conditioned_child_correction reference_storage init_model_path coord_enabled resolved_coord_targets " +
    "knn_reference_obsm_key knn_space num_threads_requested num_threads_used device_requested device_used " +
    "train_seconds last_train_loss last_val_loss runtime_summary resource_summary preprocess";
  for (const key of keys.split(" ")) expect(config.has(key), key).toBe(true);
  expect(config.get("dropout_rate")).toEqual(new Float(0.2));
  expect(config.get("task_weights")).toEqual([new Float(1), new Float(1)]);
  expect(config.get("early_stopping_min_delta")).toEqual(new Float(0));
  expect(config.get("num_epochs")).toBe(25);
  expect(config.get("last_val_loss")).toBeInstanceOf(Float);
  expect(toPlain(config)).toMatchObject({
    preset: "small",
    hidden_sizes: [12, 6],
    domains: ["d0", "d1"],
    knn_space: "scvi_z",
    coord_targets: { umap: "X_umap", latent: "X_latent" },
    coord_enabled: true,
    calibration: {
      method: "temperature_scaling",
      split: "val",
      max_iter: 100,
      lr: 0.05,
      val_fraction: 0.2,
      random_state: 42,
    },
    resource_summary: { n_obs: N, n_vars: N_GENES, train_size: 72, val_size: 18, num_coord_heads: 2 },
    runtime_summary: { phase: "train", num_items: 72 * Number(toPlain(config.get("epochs_completed")!)) },
    preprocess: { config: "kept" },
  });
  const reference = await model.reference();
  expect(reference.coords.get("X_ref_scvi_z")).toEqual(base.obsm!["X_scVI-z"]);
});

test("a warm start begins where the earlier model ended, and says what it took", async () => {
  const earlier = (await run()).model;
  const cold = await run({ numEpochs: 1 });
  const warm = await run({ numEpochs: 1, initModel: earlier, initModelPath: "old/model.pth" });
  const lossOf = ({ model }: typeof warm) => (model.trainConfig.get("last_train_loss") as Float).value;
  expect(lossOf(warm)).toBeLessThan(0.6 * lossOf(cold));
  expect(warm.warmStart?.notTaken).toEqual([]);
  expect(warm.model.trainConfig.get("init_model_path")).toBe("old/model.pth");
  expect(warm.model.trainConfig.get("init_model_tensors")).toContain("encoder.0.weight");
  const renamed = { genes: Array.from({ length: N_GENES }, (_, g) => `other-${g}`) };
  const { warnings } = await run({ numEpochs: 1, initModel: earlier }, renamed);
  expect(warnings.map(({ message }) => message)).toEqual([expect.stringContaining("none of its 20 genes")]);
});

test("an abort during training or encoding stops, and progress passes through its phases", async () => {
  const phases = new Set<string>();
  await run({ numEpochs: 2 }, {}, { onProgress: ({ phase }) => phases.add(phase) });
  expect([...phases]).toEqual(["read", "train", "encode"]);
  const stop = new AbortController();
  const aborted = run(
    {},
    {},
    {
      signal: stop.signal,
      onProgress: ({ phase, done }) => {
        if (phase === "train" && done > 1.5) stop.abort();
      },
    },
  );
  await expect(aborted).rejects.toMatchObject({ code: "ABORTED" });
});
