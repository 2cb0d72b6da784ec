import { describe, expect, test } from "vitest";
import { randomNumbers } from "../../test/helpers/gradients.ts";
import { weightDifference } from "../../test/helpers/kernels.ts";
import { categorical, type MemoryParts, memoryAnnData, strings } from "../../test/helpers/memory-anndata.ts";
import { randomCsr, tensorsOf } from "../../test/helpers/training-fixtures.ts";
import { Float, toPlain } from "../core/config.ts";
import type { Csr } from "../core/csr.ts";
import type { DenseMatrix } from "../core/dense.ts";
import { normalizeCell } from "../core/normalize.ts";
import type { Progress } from "../core/progress.ts";
import { createReferenceEngine } from "../kernels/reference/engine.ts";
import type { CellTransform, Engine } from "../kernels/types.ts";
import { createWasmEngine } from "../kernels/wasm/engine.ts";
import { heldOutCellsNeeded } from "./conformal.ts";
import { createCountThinning } from "./count-thinning.ts";
import { initialWeights } from "./init.ts";
import { normalizationOf } from "./normalization.ts";
import type { TrainOptions } from "./options.ts";
import { type TrainResult, type TrainWork, train } from "./train.ts";
import type { Model } from "./types.ts";
import { splitValidation } from "./validation-split.ts";

const N = 90;
const N_GENES = 20;
const engine = createReferenceEngine();

/** Three types, each with its own genes, above a background of noise. */
function cells(): Csr {
  const noise = randomCsr(7, N, N_GENES, 0.15, false);
  const rows = Array.from({ length: N }, (_, r) => {
    const genes = new Map<number, number>();
    for (let e = noise.indptr[r]; e < noise.indptr[r + 1]; e++) genes.set(noise.indices[e], noise.data![e]);
    for (let g = 0; g < 5; g++) genes.set(5 * (r % 3) + g, 2);
    return [...genes].sort(([a], [b]) => a - b);
  });
  const indptr = new Uint32Array(N + 1);
  rows.forEach((row, r) => {
    indptr[r + 1] = indptr[r] + row.length;
  });
  return {
    nRows: N,
    nCols: N_GENES,
    indptr,
    indices: Uint16Array.from(rows.flatMap((row) => row.map(([gene]) => gene))),
    data: Float32Array.from(rows.flatMap((row) => row.map(([, value]) => value))),
  };
}

/** The cells with whole numbers. */
const counts = (): Csr => ({ ...cells(), data: cells().data!.map((value) => Math.ceil(3 * value)) });
const childCorrection = { parentLevel: "coarse", targetLevel: "fine", hotspotParents: ["a"] };

const fine = Array.from({ length: N }, (_, r) => ["b1", "a2", "a1"][r % 3]);
const points = (nCols: number, seed: number): DenseMatrix => ({
  nRows: N,
  nCols,
  data: Float32Array.from(
    randomNumbers(seed, N * nCols),
    (value, i) => value + 10 * (Math.floor(i / nCols) % 3),
  ),
});
const base: MemoryParts = {
  x: cells(),
  obs: {
    coarse: strings(fine.map((name) => name[0])),
    fine: categorical(fine, ["never"]),
    donor: categorical(fine.map((_, r) => `d${r % 2}`)),
  },
  obsm: { X_latent: points(3, 1), X_umap: points(2, 2), "X_scVI-z": points(4, 3) },
};
const options: TrainOptions = {
  labelColumns: ["coarse", "fine"],
  coordTargets: { umap: "X_umap", latent: "X_latent" },
  hiddenSizes: [12, 6],
  numEpochs: 25,
  batchSize: 16,
  learningRate: 0.01,
};
const run = (
  extra: Partial<TrainOptions> = {},
  parts: Partial<MemoryParts> = {},
  work: Partial<TrainWork> = {},
) => train(memoryAnnData({ ...base, ...parts }), { ...options, ...extra }, { engine, ...work });

test("progress counts the epochs of all networks and says which network learns", async () => {
  const reports: Progress[] = [];
  await run({ ensembleSize: 2, numEpochs: 3 }, {}, { onProgress: (report) => reports.push(report) });
  const training = reports.filter(({ phase }) => phase === "train");
  expect(training.every(({ total }) => total === 6)).toBe(true);
  expect(training.map(({ done, part }) => [Math.ceil(done), part])).toEqual(
    expect.arrayContaining([
      [3, "network 1 of 2"],
      [4, "network 2 of 2"],
      [6, "network 2 of 2"],
    ]),
  );
  reports.length = 0;
  await run({ numEpochs: 1 }, {}, { onProgress: (report) => reports.push(report) });
  expect(reports.filter(({ part }) => part !== undefined)).toEqual([]);
});

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
  expect(Object.keys(seeds)).toEqual(["random_state", "init", "shuffle", "dropout"]);

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

describe("thresholds of prediction sets", () => {
  interface Stored {
    readonly coverages: readonly number[];
    readonly columns: {
      readonly [column: string]: { readonly n: number; readonly thresholds: readonly number[] };
    };
  }
  const calibrated = { valFraction: 0.3, calibrationMethod: "temperature_scaling", numEpochs: 3 } as const;
  const stored = ({ model }: TrainResult): Stored =>
    (toPlain(model.trainConfig.get("calibration")!) as unknown as { conformal: Stored }).conformal;

  test("are stored for each label column, from the cells held out that have a label", async () => {
    const some = fine.map((name, r) => (r % 2 === 0 ? null : name));
    const obs = { ...base.obs, fine: strings(some) };
    const result = await run({ ...calibrated, missingLabels: "ignore" }, { obs });
    const { val } = splitValidation(N, 0.3, result.seeds.split);
    const { coverages, columns } = stored(result);
    expect([coverages[0], coverages.at(-1)]).toEqual([0.5, 0.99]);
    expect(columns.coarse.n).toBe(27);
    expect(columns.fine.n).toBe([...val].filter((row) => some[row] !== null).length);
    for (const { n, thresholds } of Object.values(columns))
      expect(thresholds).toHaveLength(
        coverages.filter((coverage) => heldOutCellsNeeded(coverage) <= n).length,
      );
  });

  test("come from the held-out cells of all members of an ensemble, and from corrected logits", async () => {
    const alone = stored(await run(calibrated));
    const ensemble = stored(await run({ ...calibrated, ensembleSize: 3 }));
    expect(ensemble.columns.fine.n).toBe(3 * 27);
    const corrected = stored(await run({ ...calibrated, childCorrection }));
    expect(corrected.columns.fine.thresholds).not.toEqual(alone.columns.fine.thresholds);
  });

  test("are not there without calibration", async () => {
    expect((await run({ valFraction: 0.3, numEpochs: 1 })).model.trainConfig.get("calibration")).toBe(null);
  });
});

test("missing labels do not contribute to their head's loss", async () => {
  const some = fine.map((name, r) => (r % 10 === 0 ? null : name));
  const obs = { ...base.obs, fine: strings(some) };
  await expect(run({}, { obs })).rejects.toMatchObject({ code: "BAD_DATA", where: "memory › obs › fine" });
  const { model, warnings } = await run({ missingLabels: "ignore", numEpochs: 2 }, { obs });
  expect(warnings).toHaveLength(1);
  expect((await model.reference()).labels.get("fine")!.codes[10]).toBe(-1);
  for (const tensor of tensorsOf(model.weights)) expect(tensor.every(Number.isFinite)).toBe(true);
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
  expect(warnings.map(({ message }) => message)).toEqual([expect.stringContaining("genes are not the same")]);
});

test("one cell, and one class, train with a warning", async () => {
  const single = {
    x: randomCsr(3, 1, 4, 1, true),
    obs: { fine: strings(["a"]) },
    obsm: {},
  };
  const { model, warnings } = await run({ labelColumns: ["fine"], coordTargets: null, numEpochs: 2 }, single);
  expect(model.shape.nClasses).toEqual([1]);
  expect(warnings.map(({ message }) => message).join("; ")).toMatch(/one class only.*one cell only/);
  const held = run({ labelColumns: ["fine"], coordTargets: null, valFraction: 0.5 }, single);
  await expect(held).rejects.toMatchObject({ code: "BAD_DATA" });
});

test.each<[string, Partial<TrainOptions>, Partial<MemoryParts>, object]>([
  ["no cells", {}, { x: randomCsr(1, 0, 4, 1, true) }, { code: "BAD_DATA", where: "memory › obs" }],
  [
    "no genes",
    { coordTargets: null },
    { x: randomCsr(1, N, 0, 1, true) },
    { code: "BAD_DATA", where: "memory › var" },
  ],
  ["only zeros", {}, { x: randomCsr(1, N, 4, 0, true) }, { code: "BAD_DATA", where: "memory › X" }],
  [
    "a gene twice",
    {},
    { genes: ["g", ...Array.from({ length: 19 }, (_, g) => `g${g || ""}`)] },
    { code: "BAD_DATA", message: expect.stringContaining("such as g") },
  ],
  ["names for another number of genes", {}, { genes: ["g"] }, { code: "MISMATCH" }],
  ["an absent label column", { labelColumns: ["coarse", "nope"] }, {}, { code: "NOT_FOUND" }],
  ["an absent coordinate", { coordTargets: { latent: "X_nope" } }, {}, { code: "NOT_FOUND" }],
  ["an absent layer", { layer: "nope" }, {}, { code: "NOT_FOUND" }],
  ["an absent domain column", { domainKey: "nope", domainLossWeight: 1 }, {}, { code: "NOT_FOUND" }],
  [
    "a missing domain",
    { domainKey: "donor", domainLossWeight: 1 },
    { obs: { ...base.obs, donor: strings(fine.map((_, r) => (r === 3 ? null : `d${r % 2}`))) } },
    { code: "BAD_DATA", where: "memory › obs › donor" },
  ],
])("%s: a typed error", async (_, extra, parts, expected) => {
  await expect(run(extra, parts)).rejects.toMatchObject(expected);
});

test("a learning rate that blows up is named as such", async () => {
  const huge = { x: { ...base.x, data: base.x.data!.map((value) => value * 1e30) } };
  await expect(run({ inputTransform: "float", learningRate: 1e30 }, huge)).rejects.toMatchObject({
    code: "BAD_DATA",
    message: expect.stringMatching(/training loss became (NaN|Infinity)/),
  });
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

describe("normalisation of counts", () => {
  const normalised = (): Csr => {
    const { indptr, data, ...rest } = counts();
    const values = data!.slice();
    for (let r = 0; r < N; r++) normalizeCell(values, indptr[r], indptr[r + 1]);
    return { ...rest, indptr, data: values };
  };

  test("is what the caller could have done before, in blocks of any size, and is stored", async () => {
    const own = await run({ normalize: "log1p_cp10k", numEpochs: 3 }, { x: counts() });
    expect(own.model.inputTransform).toBe("float");
    expect(normalizationOf(own.model)).toBe("log1p_cp10k");
    expect(toPlain(own.model.trainConfig.get("preprocess")!)).toEqual({
      normalize: { method: "log1p_cp10k", target_sum: 10000 },
    });
    const blocks = await run({ normalize: "log1p_cp10k", numEpochs: 3 }, { x: counts(), blockRows: 1 });
    const before = await run({ inputTransform: "float", numEpochs: 3 }, { x: normalised() });
    expect(tensorsOf(own.model.weights)).toEqual(tensorsOf(before.model.weights));
    expect(tensorsOf(own.model.weights)).toEqual(tensorsOf(blocks.model.weights));
    expect(normalizationOf(before.model)).toBe("none");
  });

  test("stands beside what preprocessing left", async () => {
    const preprocess = new Map([["config", new Map([["species", "human"]])]]);
    const { model } = await run({ normalize: "log1p_cp10k", numEpochs: 1, preprocess }, { x: counts() });
    expect(toPlain(model.trainConfig.get("preprocess")!)).toEqual({
      config: { species: "human" },
      normalize: { method: "log1p_cp10k", target_sum: 10000 },
    });
  });

  test("of values that are normalised already, or of a binary input, is refused", async () => {
    await expect(run({ normalize: "log1p_cp10k" }, { x: normalised() })).rejects.toMatchObject({
      code: "BAD_DATA",
      message: expect.stringMatching(/X looks normalised already/),
      hint: expect.stringMatching(/by layer, or set normalize: "none"/),
    });
    await expect(run({ normalize: "log1p_cp10k", inputTransform: "binary" })).rejects.toMatchObject({
      code: "USAGE",
    });
  });
});

describe("thinning of counts", () => {
  const thinning = { normalize: "log1p_cp10k", countThinning: 0.3, numEpochs: 3 } as const;
  const held = { ...thinning, valFraction: 0.3, calibrationMethod: "temperature_scaling" } as const;
  const x = counts();
  const number = (model: Model, key: string) => (model.trainConfig.get(key) as Float).value;

  test("is in the record, with a stream of its own for every network", async () => {
    const { model, seeds } = await run({ ...held, ensembleSize: 2, coordTargets: null }, { x });
    expect(model.trainConfig.get("count_thinning")).toEqual(new Float(0.3));
    expect(Object.keys(seeds)).toEqual([
      "random_state",
      ...["", "_2"].flatMap((m) => ["init", "shuffle", "dropout", "thinning", "split"].map((s) => s + m)),
    ]);
    expect(seeds.thinning).not.toBe(seeds.thinning_2);
    const plain = await run({ numEpochs: 1 });
    expect(plain.model.trainConfig.get("count_thinning")).toBeNull();
    expect(Object.keys(plain.seeds)).not.toContain("thinning");
  });

  test("draws from those streams", async () => {
    const transforms: CellTransform[] = [];
    const watched: Engine = {
      ...engine,
      createTrainer(trainer) {
        transforms.push(trainer.cellTransform!);
        return engine.createTrainer(trainer);
      },
    };
    const { seeds } = await run({ ...thinning, ensembleSize: 2 }, { x }, { engine: watched });
    const cell = (transform: CellTransform) => {
      const values = x.data!.slice();
      transform(values, 0, values.length, 1, 2);
      return values;
    };
    const expected = [seeds.thinning, seeds.thinning_2].map((key) => cell(createCountThinning(0.3, key)));
    expect(transforms.map(cell)).toEqual(expected);
  });

  test("touches nothing but the training steps: the rest sees the cells as they are", async () => {
    // So small a step that no weight changes.
    const still = { ...held, learningRate: 1e-30, weightDecay: 0, dropoutRate: 0 };
    const { model: thinned } = await run(still, { x });
    const { model: plain } = await run({ ...still, countThinning: null }, { x });
    expect(tensorsOf(thinned.weights)).toEqual(tensorsOf(plain.weights));
    expect((await thinned.reference()).coords).toEqual((await plain.reference()).coords);
    expect(thinned.trainConfig.get("calibration")).toEqual(plain.trainConfig.get("calibration"));
    expect(number(thinned, "last_val_loss")).toBe(number(plain, "last_val_loss"));
    expect(number(thinned, "last_train_loss")).not.toBe(number(plain, "last_train_loss"));
    expect(normalizationOf(thinned)).toBe("log1p_cp10k");
  });

  test("leaves the caller's counts alone, and blocks of any size give the same", async () => {
    const own = counts();
    const once = tensorsOf((await run(thinning, { x: own })).model.weights);
    expect(own).toEqual(counts());
    expect(tensorsOf((await run(thinning, { x: own, blockRows: 1 })).model.weights)).toEqual(once);
    expect(tensorsOf((await run({ ...thinning, randomState: 7 }, { x: own })).model.weights)).not.toEqual(
      once,
    );
  });

  test("still learns the types", async () => {
    const { model } = await run({ ...thinning, numEpochs: 25 }, { x });
    const normalised = x.data!.slice();
    for (let r = 0; r < N; r++) normalizeCell(normalised, x.indptr[r], x.indptr[r + 1]);
    const inference = await engine.createInference(model.shape, model.weights);
    const { logits } = await inference.run({ ...x, data: normalised });
    const wrong = fine.filter((name, r) => {
      const row = [...logits[1].subarray(3 * r, 3 * r + 3)];
      return model.labelHeads[1].classes[row.indexOf(Math.max(...row))] !== name;
    });
    expect(wrong.length).toBeLessThan(3);
  });

  test("is the same in both engines, and to the bit on any number of threads", async () => {
    const options = { ...held, classBalancedSampling: {} };
    const expected = (await run(options, { x })).model;
    const tensors: Float32Array[][] = [];
    for (const numThreads of [1, 2, 3]) {
      const wasm = await createWasmEngine({ numThreads });
      const { model } = await run(options, { x }, { engine: wasm });
      wasm.dispose();
      expect(weightDifference(model.weights, expected.weights)).toBeLessThan(1e-4);
      expect(number(model, "last_val_loss")).toBeCloseTo(number(expected, "last_val_loss"), 4);
      tensors.push(tensorsOf(model.weights));
    }
    expect(tensors[1]).toEqual(tensors[0]);
    expect(tensors[2]).toEqual(tensors[0]);
  });

  test("of counts that are not to be normalised, or are not counts, is refused", async () => {
    await expect(run({ countThinning: 0.3 }, { x })).rejects.toMatchObject({ code: "USAGE" });
    const logged = x.data!.map((value) => Math.log1p(value));
    await expect(run(thinning, { x: { ...x, data: logged } })).rejects.toMatchObject({
      code: "BAD_DATA",
      message: expect.stringMatching(/looks normalised already/),
    });
  });
});

describe("child correction", () => {
  const work = { numEpochs: 6, childCorrection: { ...childCorrection, rankLossWeight: 0.5 } } as const;

  test("is part of the model, of its record and of its determinism", async () => {
    const { model } = await run(work);
    const again = await run(work);
    const { modules, config, parentHead, childHead } = model.childCorrection!;
    expect([parentHead, childHead, modules.length]).toEqual([0, 1, 1]);
    expect(modules[0].childIndices).toEqual([0, 1]);
    expect(modules[0].output.weight.some((w) => w !== 0)).toBe(true);
    expect(modules).toEqual(again.model.childCorrection!.modules);
    expect(model.trainConfig.get("parent_conditioned_child_correction")).toBe(config);
    expect(toPlain(model.trainConfig.get("final_learning_rate")!)).toBeCloseTo(0.001, 12);
  });

  test("on a frozen base changes its modules only, and starts from those of the earlier model", async () => {
    const { model: base } = await run();
    const frozen = { ...work, childCorrection: { ...work.childCorrection, mode: "frozen_base" } } as const;
    const first = await run({ ...frozen, initModel: base });
    expect(tensorsOf(first.model.weights)).toEqual(tensorsOf(base.weights));
    expect(first.warmStart!.notTaken).toContain("child_correction_modules.0.0.weight");
    const second = await run({ ...frozen, initModel: first.model, numEpochs: 1 });
    expect(second.warmStart!.notTaken).toEqual([]);
    const distance = (a: Float32Array, b: Float32Array) => Math.max(...a.map((w, i) => Math.abs(w - b[i])));
    const hidden = (result: typeof first) => result.model.childCorrection!.modules[0].hidden.weight;
    expect(distance(hidden(first), hidden(second))).toBeLessThan(0.1);
    const cold = await run({ ...frozen, numEpochs: 1 });
    expect(cold.warnings.map(({ message }) => message).join()).toMatch(/network that has learnt nothing/);
  });

  test("is what the temperature is fitted to", async () => {
    const options = { ...work, valFraction: 0.3, calibrationMethod: "temperature_scaling" } as const;
    const temperature = async (residualScale: number) => {
      const { model } = await run({
        ...options,
        childCorrection: { ...work.childCorrection, residualScale },
      });
      const calibration = toPlain(model.trainConfig.get("calibration")!) as {
        temperatures: { [column: string]: number };
      };
      return calibration.temperatures.fine;
    };
    expect(await temperature(1)).not.toBe(await temperature(3));
  });
});

test("sampling says which cells it never draws", async () => {
  const labels = fine.map((name, r) => (r < 4 ? null : name));
  const { warnings } = await run(
    { classBalancedSampling: {}, missingLabels: "ignore", numEpochs: 1 },
    { obs: { ...base.obs, fine: strings(labels) } },
  );
  expect(warnings.map(({ message }) => message)).toContain(
    '4 cells without a label in "fine" are never drawn',
  );
});

describe("an ensemble", () => {
  test("holds the network of the same seed, and others beside it; the streams are named", async () => {
    const alone = (await run({ numEpochs: 2, valFraction: 0.2 })).model;
    const { model, seeds } = await run({ numEpochs: 2, valFraction: 0.2, ensembleSize: 3 });
    expect(model.shape.hiddenSizes).toEqual([36, 18]);
    const [first, joined] = [alone.weights.encoder[0], model.weights.encoder[0]];
    expect(joined.weight.subarray(0, first.weight.length)).toEqual(first.weight);
    expect(joined.weight.subarray(first.weight.length, 2 * first.weight.length)).not.toEqual(first.weight);
    expect(Object.keys(seeds)).toEqual([
      "random_state",
      ...["", "_2", "_3"].flatMap((m) => [`init${m}`, `shuffle${m}`, `dropout${m}`, `split${m}`]),
    ]);
    expect(toPlain(model.trainConfig.get("ensemble_size")!)).toBe(3);
    expect((await model.reference()).coords.get("X_ref_latent_internal")!.nCols).toBe(18);
  });

  test("holds out other cells for each member, and calibrates on them", async () => {
    const options = { valFraction: 0.3, calibrationMethod: "temperature_scaling", numEpochs: 4 } as const;
    const { model } = await run({ ...options, ensembleSize: 3 });
    const temperatures = (own: typeof model) =>
      (toPlain(own.trainConfig.get("calibration")!) as { temperatures: { fine: number } }).temperatures.fine;
    const alone = (await run(options)).model;
    expect(temperatures(model)).toBeGreaterThan(0);
    expect(temperatures(model)).not.toBe(temperatures(alone));
    expect(temperatures((await run({ ...options, ensembleSize: 3 })).model)).toBe(temperatures(model));
  });

  test("counts its members' epochs in the progress", async () => {
    const seen: number[] = [];
    await run(
      { numEpochs: 2, ensembleSize: 2 },
      {},
      {
        onProgress: ({ phase, done, total }) => {
          if (phase === "train" && Number.isInteger(done)) seen.push(done, total);
        },
      },
    );
    expect(seen).toEqual([1, 4, 2, 4, 3, 4, 4, 4]);
  });

  test("is no starting point for, and no base of, something else", async () => {
    const { model } = await run({ numEpochs: 1 });
    for (const extra of [{ initModel: model }, { childCorrection }])
      await expect(run({ ensembleSize: 2, ...extra })).rejects.toMatchObject({ code: "USAGE" });
  });
});
