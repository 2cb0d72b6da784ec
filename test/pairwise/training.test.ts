/** Every pair of training options works together, and keeps the bytes the same on any number of threads. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { emitBundle } from "../../src/artifacts/save.ts";
import { toPlain } from "../../src/core/config.ts";
import type { Csr } from "../../src/core/csr.ts";
import type { Engine } from "../../src/kernels/types.ts";
import { createWasmEngine } from "../../src/kernels/wasm/engine.ts";
import type { TrainOptions } from "../../src/model/options.ts";
import { train } from "../../src/model/train.ts";
import type { Model } from "../../src/model/types.ts";
import { predict } from "../../src/predict/predict.ts";
import { randomNumbers } from "../helpers/gradients.ts";
import { categorical, memoryAnnData } from "../helpers/memory-anndata.ts";
import { coveredPairs, coverPairs } from "./cover.ts";

const N = 64;
const N_GENES = 24;

/** Counts of four types in turn, each with genes of its own. */
function counts(): Csr {
  const draws = randomNumbers(3, N * N_GENES, 0, 1);
  const indptr = new Uint32Array(N + 1);
  const indices: number[] = [];
  const data: number[] = [];
  for (let r = 0; r < N; r++) {
    for (let g = 0; g < N_GENES; g++) {
      const u = draws[r * N_GENES + g];
      if (u > (g % 4 === r % 4 ? 0.9 : 0.2)) continue;
      indices.push(g);
      data.push(1 + Math.floor(6 * u));
    }
    indptr[r + 1] = indices.length;
  }
  return {
    nRows: N,
    nCols: N_GENES,
    indptr,
    indices: Uint16Array.from(indices),
    data: Float32Array.from(data),
  };
}

const points = (nCols: number) => ({
  nRows: N,
  nCols,
  data: Float32Array.from(randomNumbers(nCols, N * nCols), (v, i) => v + 5 * (Math.floor(i / nCols) % 4)),
});
const fine = Array.from({ length: N }, (_, r) => `${r % 4 < 2 ? "a" : "b"}${r % 4}`);
const some = (labels: readonly string[]) => labels.map((label, r) => (r % 9 === 5 ? null : label));
const adata = () =>
  memoryAnnData({
    x: counts(),
    layers: { spliced: counts() },
    obs: {
      coarse: categorical(fine.map((name) => name[0])),
      fine: categorical(fine),
      gappy: categorical(some(fine)),
      donor: categorical(fine.map((_, r) => `d${Math.floor(r / 4) % 3}`)),
    },
    obsm: { X_latent: points(3), X_umap: points(2), X_pca: points(5) },
  });

const base: Partial<TrainOptions> = { hiddenSizes: [9, 6], numEpochs: 3, batchSize: 20, learningRate: 0.01 };
/** The column that child correction and class balance use is that of the row's labels. */
const child = (fineColumn: string, more: object) => ({
  childCorrection: {
    parentLevel: "coarse",
    targetLevel: fineColumn,
    hotspotParents: ["b", "a"],
    hiddenDim: 5,
    ...more,
  },
});

type Choice = (fineColumn: string) => Partial<TrainOptions> | "warm" | "frozen";
const FACTORS: readonly (readonly Choice[])[] = [
  // Before the others, which may take parts of it back.
  [
    () => ({}),
    () => ({ preset: "small", batchSize: 7 }),
    () => ({ preset: "best", ensembleSize: 1, classWeighting: { mode: "none" } }),
  ],
  // Labels.
  [() => ({}), () => ({ missingLabels: "ignore" })],
  // Input.
  [
    () => ({}),
    () => ({ inputTransform: "float" }),
    () => ({ normalize: "log1p_cp10k" }),
    () => ({ normalize: "log1p_cp10k", layer: "spliced" }),
    () => ({ normalize: "log1p_cp10k", countThinning: 0.3 }),
  ],
  // What is trained.
  [
    () => ({}),
    () => "warm",
    () => ({ ensembleSize: 2 }),
    (column) => child(column, {}),
    (column) => child(column, { featureMode: "reranker_like", rankLossWeight: 0.5 }),
    () => "frozen",
  ],
  // Coordinates and topology.
  [
    () => ({}),
    () => ({ coordTargets: { latent: "X_latent" } }),
    () => ({
      coordTargets: { latent: "X_latent", umap: "X_umap" },
      topologyLossWeight: 0.2,
      topologyCoord: "umap",
      topologyK: 4,
      coordLossWeights: { latent: 1, umap: 0.5 },
    }),
  ],
  [() => ({}), () => ({ domainKey: "donor", domainLossWeight: 0.3 })],
  [
    () => ({}),
    () => ({ classWeighting: {} }),
    () => ({ classWeighting: { labelColumn: "coarse", mode: "sqrt_balanced" } }),
  ],
  [() => ({}), () => ({ classBalancedSampling: {} })],
  // Validation and what needs it.
  [
    () => ({}),
    () => ({ valFraction: 0.2, earlyStoppingPatience: 1, earlyStoppingMinDelta: 0.01 }),
    () => ({
      valFraction: 0.2,
      schedulerName: "reduce_lr_on_plateau",
      schedulerPatience: 0,
      schedulerFactor: 0.3,
    }),
    () => ({ valFraction: 0.2, calibrationMethod: "temperature_scaling", calibrationMaxIter: 20 }),
  ],
  [() => ({}), () => ({ optimizerName: "adam", weightDecay: 0.01 })],
  [() => ({}), () => ({ dropoutRate: 0 }), () => ({ hiddenSizes: [8] })],
  [() => ({}), () => ({ taskWeights: [0.5, 2] })],
  [() => ({}), () => ({ knnReferenceObsmKey: "X_pca", knnSpace: "pca" })],
  [() => ({}), () => ({ referenceStorage: "full" })],
  [() => ({ randomState: 7 }), () => ({ randomState: 8 })],
];

const SIZES = FACTORS.map((values) => values.length);
const rows = coverPairs(SIZES);
const engines: Engine[] = [];
let earlier: Model;
beforeAll(async () => {
  engines.push(await createWasmEngine({ numThreads: 1 }), await createWasmEngine({ numThreads: 2 }));
  const options = { ...base, labelColumns: ["coarse", "fine"], ...child("fine", {}) };
  earlier = (await train(adata(), options, { engine: engines[0] })).model;
});
afterAll(() => {
  for (const engine of engines) engine.dispose();
});

test("every pair of choices is among the rows", () => {
  expect(coveredPairs(rows, SIZES)).toBe(1);
});

test.each(rows.map((row, i) => [i, row] as const))(
  "row %i %j trains, predicts and repeats itself",
  async (_, row) => {
    const fineColumn = row[1] === 1 ? "gappy" : "fine";
    const options: { -readonly [K in keyof TrainOptions]: TrainOptions[K] } = {
      ...base,
      labelColumns: ["coarse", fineColumn],
    };
    row.forEach((value, f) => {
      const choice = FACTORS[f][value](fineColumn);
      if (typeof choice !== "string") Object.assign(options, choice);
      else options.initModel = earlier;
      if (choice === "frozen") Object.assign(options, child(fineColumn, { mode: "frozen_base" }));
    });
    const files = [];
    for (const engine of engines) {
      const { model } = await train(adata(), options, { engine });
      const result = await predict(model, adata(), {}, { engine });
      expect(result.labels.every(({ conf }) => conf.every((p) => p >= 0 && p <= 1))).toBe(true);
      const digest = createHash("sha256");
      for (const { path, bytes } of await emitBundle(model, "model.pth"))
        if (/model\.pth|reference/.test(path)) for (const piece of bytes) digest.update(piece);
      for (const { conf } of result.labels) digest.update(conf);
      files.push([digest.digest("hex"), toPlain(model.trainConfig.get("calibration")!)]);
    }
    expect(files[1]).toEqual(files[0]);
  },
);
