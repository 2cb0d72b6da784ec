/** Every pair of prediction options works together, and keeps the columns the same on any number of threads. */
import { createHash } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { emitReranker } from "../../src/artifacts/refinement.ts";
import { toPlain } from "../../src/core/config.ts";
import type { Csr } from "../../src/core/csr.ts";
import type { Engine } from "../../src/kernels/types.ts";
import { createWasmEngine } from "../../src/kernels/wasm/engine.ts";
import { train } from "../../src/model/train.ts";
import type { Model } from "../../src/model/types.ts";
import { toCsv } from "../../src/output/to-csv.ts";
import { fitReranker } from "../../src/predict/fit-reranker.ts";
import { deriveHierarchyRules } from "../../src/predict/hierarchy-rules.ts";
import type { PredictOptions } from "../../src/predict/options.ts";
import { predict } from "../../src/predict/predict.ts";
import { WRITE_MODES } from "../../src/schema/columns.ts";
import { randomNumbers } from "../helpers/gradients.ts";
import { categorical, memoryAnnData } from "../helpers/memory-anndata.ts";
import { coveredPairs, coverPairs } from "./cover.ts";

const N = 60;
const N_GENES = 24;

/** Counts of four types in turn, each with genes of its own, and some cells in between. */
function counts(): Csr {
  const draws = randomNumbers(5, N * N_GENES, 0, 1);
  const indptr = new Uint32Array(N + 1);
  const indices: number[] = [];
  const data: number[] = [];
  for (let r = 0; r < N; r++) {
    for (let g = 0; g < N_GENES; g++) {
      const u = draws[r * N_GENES + g];
      if (u > (g % 4 === r % 4 && r % 7 !== 0 ? 0.9 : 0.3)) continue;
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

const fine = Array.from({ length: N }, (_, r) => `${r % 4 < 2 ? "a" : "b"}${r % 4}`);
const labels = { coarse: categorical(fine.map((name) => name[0])), fine: categorical(fine) };
const points = (nCols: number) => ({
  nRows: N,
  nCols,
  data: Float32Array.from(randomNumbers(nCols, N * nCols), (v, i) => v + 3 * (Math.floor(i / nCols) % 4)),
});
const adata = () =>
  memoryAnnData({
    x: counts(),
    layers: { spliced: counts() },
    obs: labels,
    obsm: { X_umap: points(2), X_pca: points(5) },
  });

let artifact: Uint8Array;
const refinement = (): Partial<PredictOptions> => ({
  refinementConfig: { method: "parent_conditioned_reranker", artifactPath: artifact },
});
const FACTORS: readonly (readonly (() => Partial<PredictOptions>)[])[] = [
  [() => ({}), () => ({ layer: "spliced" })],
  [() => ({}), () => ({ inputTransform: "float" })],
  [() => ({}), () => ({ normalize: "log1p_cp10k" })],
  [() => ({}), () => ({ batchSize: 7 })],
  // Sets need calibration. At 0.92, of 13 possible ranks of 12 held-out cells, almost every label is in.
  [
    () => ({}),
    () => ({ applyCalibration: false }),
    () => ({ predictionSets: 0.5 }),
    () => ({ predictionSets: 0.92 }),
  ],
  [() => ({}), () => ({ confidenceHigh: 0.95, marginThreshold: 0.5, confidenceLow: 0.6 })],
  [() => ({}), () => ({ knnCorrection: "low_conf_only" }), () => ({ knnCorrection: "all" })],
  [() => ({}), () => ({ knnK: 3, knnConfLow: 0.9 }), () => ({ knnK: 500 })],
  [() => ({}), () => ({ knnVoteMode: "distance_weighted" })],
  [() => ({}), () => ({ knnReferenceMode: "prototypes" })],
  [() => ({}), () => ({ knnSpace: "umap" }), () => ({ knnQueryObsmKey: "X_pca", knnSpace: "pca" })],
  [
    () => ({}),
    () => ({ opensetMethod: "nn_distance", opensetThreshold: 0.5 }),
    () => ({ opensetMethod: "prototype", opensetThreshold: 1 }),
    () => ({ opensetMethod: "prototype", opensetThreshold: 1, opensetLabelColumn: "fine" }),
  ],
  [
    () => ({}),
    () => ({ hierarchyRules: "derive", enforceHierarchy: true }),
    () => ({ coherentProbabilities: true }),
    () => ({
      hierarchyRules: new Map([["fine", { parentColumn: "coarse", childToParent: new Map([["a0", "b"]]) }]]),
      enforceHierarchy: true,
    }),
  ],
  [() => ({}), () => ({ deepestLabel: true })],
  [() => ({}), () => ({ knnIndexMode: "approximate" })],
  [() => ({}), refinement],
  [() => ({}), () => ({ keepCoords: false })],
];

const SIZES = FACTORS.map((values) => values.length);
const rows = coverPairs(SIZES);
const engines: Engine[] = [];
let model: Model;
beforeAll(async () => {
  engines.push(await createWasmEngine({ numThreads: 1 }), await createWasmEngine({ numThreads: 2 }));
  const work = { engine: engines[0] };
  const trained = await train(
    adata(),
    {
      hiddenSizes: [9, 6],
      numEpochs: 4,
      batchSize: 20,
      learningRate: 0.01,
      labelColumns: ["coarse", "fine"],
      coordTargets: { umap: "X_umap" },
      knnReferenceObsmKey: "X_pca",
      knnSpace: "pca",
      valFraction: 0.2,
      calibrationMethod: "temperature_scaling",
      calibrationMaxIter: 20,
    },
    work,
  );
  model = trained.model;
  const codes = (names: readonly string[]) => {
    const categories = [...new Set(names)].sort();
    return { codes: Int32Array.from(names, (name) => categories.indexOf(name)), categories };
  };
  const truth = { parent: codes(fine.map((name) => name[0])), child: codes(fine) };
  const { rules } = deriveHierarchyRules((await model.reference()).labels, ["coarse", "fine"]);
  const target = { parentLevel: "coarse", childLevel: "fine", parents: ["b", "a"], truth };
  const { childToParent } = rules.get("fine")!;
  artifact = emitReranker(await fitReranker(model, adata(), { ...target, childToParent }, {}, work));
});
afterAll(() => {
  for (const engine of engines) engine.dispose();
});

test("every pair of choices is among the rows", () => {
  expect(coveredPairs(rows, SIZES)).toBe(1);
});

test.each(rows.map((row, i) => [i, row] as const))(
  "row %i %j predicts and repeats itself",
  async (_, row) => {
    const options = Object.assign({}, ...row.map((value, f) => FACTORS[f][value]())) as PredictOptions;
    const digests = [];
    for (const engine of engines) {
      const result = await predict(model, adata(), options, { engine });
      for (const { raw, conf, margin, isUnknown, unknownReasons, final, sets } of result.labels) {
        expect(sets !== undefined).toBe(options.predictionSets !== undefined);
        sets?.codes.forEach((code, i) => {
          expect(sets.members[code][0]).toBe(raw.codes[i]);
        });
        expect(conf.every((p) => p >= 0 && p <= 1) && margin.every((p) => p >= 0 && p <= 1)).toBe(true);
        isUnknown.forEach((flag, i) => {
          expect([unknownReasons[i] >= 0, final.categories[final.codes[i]] === "Unknown"]).toEqual(
            Array(2).fill(flag === 1),
          );
        });
      }
      const digest = createHash("sha256");
      for (const mode of WRITE_MODES) for (const piece of toCsv(result, { mode })) digest.update(piece);
      const coords = [...result.coords];
      for (const [, { data }] of coords) digest.update(data);
      digests.push([digest.digest("hex"), coords.length, toPlain(result.metadata.get("refinement") ?? null)]);
    }
    expect(digests[1]).toEqual(digests[0]);
  },
);
