import { afterAll, beforeAll, expect, test } from "vitest";
import { memoryAnnData } from "../../../test/helpers/memory-anndata.ts";
import type { AnnData } from "../../anndata/types.ts";
import { buildModel } from "../../api/build-model.ts";
import { predict } from "../../api/predict.ts";
import { TrainedModel } from "../../api/trained-model.ts";
import { toPlain } from "../../core/config.ts";
import { createSimulation, type Simulation } from "../../demo/simulate.ts";
import { simulatedAnnData } from "../../demo/simulated-anndata.ts";
import { scoreCoordinates } from "../../evaluate/coordinates.ts";
import { createWasmEngine } from "../../kernels/wasm/engine.ts";
import { readTrainInput } from "../input.ts";
import { resolveTrainOptions } from "../resolve-options.ts";
import { layOutReference } from "./reference-map.ts";

const engine = await createWasmEngine({ numThreads: 1 });
afterAll(() => engine.dispose());
const options = {
  labelColumns: ["level_1"],
  numEpochs: 2,
  linearViews: false,
  hiddenSizes: [16],
  embed: "umap",
  numThreads: 1,
} as const;
let simulation: Simulation;
let reference: AnnData;
let model: TrainedModel;

beforeAll(async () => {
  simulation = createSimulation({ nReference: 200, nQuery: 50, nGenes: 200 });
  reference = simulatedAnnData(simulation, "reference");
  const [column] = reference.obs.columns;
  model = await buildModel(reference, { ...options, labelColumns: [column] });
});

const labelColumns = (): string[] => [reference.obs.columns[0]];
const mapOf = async (own: TrainedModel) => (await own.data.reference()).coords.get("X_ref_umap")!;

test("a reference without a map gets one, which is a coordinate head and says how it was made", async () => {
  expect(model.data.coordHeads.map(({ name, obsmKey }) => [name, obsmKey])).toEqual([["umap", "X_umap"]]);
  const map = await mapOf(model);
  expect([map.nRows, map.nCols]).toEqual([reference.nObs, 2]);
  const config = toPlain(model.data.trainConfig) as Record<string, unknown>;
  expect(config.coord_targets).toEqual({ umap: "X_umap" });
  expect(config.embedding).toMatchObject({
    ...{ method: "umap", obsm_key: "X_umap", n_neighbors: 15, min_dist: 0.5, spread: 1, n_epochs: 500 },
    ...{ init: "pca", random_state: 42, n_laid_out: reference.nObs, n_placed: 0 },
  });
  expect(model.seeds).toHaveProperty("reference_map");
});

test("a query lands on the map of the reference", async () => {
  const query = simulatedAnnData(simulation, "query");
  const { data } = await predict(model, query, { knnCorrection: "off" });
  const placed = data.coords.get("umap")!;
  expect(placed.nRows).toBe(query.nObs);
  const map = await mapOf(model);
  const [low, high] = [Math.min(...map.data), Math.max(...map.data)];
  expect(placed.data.every((value) => value > low - 5 && value < high + 5)).toBe(true);
});

test("a query cell lies in the middle of its nearest reference cells, or without them where the network says", async () => {
  const query = simulatedAnnData(simulation, "query");
  const { data } = await predict(model, query, { knnCorrection: "off" });
  const { coords } = await model.data.reference();
  const [map, latent] = [coords.get("X_ref_umap")!, coords.get("X_ref_latent_internal")!];
  const [placed, own] = [data.coords.get("umap")!, data.coords.get("latent_internal")!];
  const width = latent.nCols;
  for (let cell = 0; cell < query.nObs; cell++) {
    const far = Array.from({ length: latent.nRows }, (_, r) => {
      let sum = 0;
      for (let d = 0; d < width; d++) sum += (own.data[cell * width + d] - latent.data[r * width + d]) ** 2;
      return { r, sum };
    });
    const nearest = far.sort((a, b) => a.sum - b.sum || a.r - b.r).slice(0, 15);
    for (const axis of [0, 1]) {
      const sorted = nearest.map(({ r }) => map.data[2 * r + axis]).sort((a, b) => a - b);
      expect(placed.data[2 * cell + axis]).toBe(sorted[7]);
    }
  }
  const alone = new TrainedModel({ ...model.data, hasReference: async () => false });
  const without = await predict(alone, query, { knnCorrection: "off" });
  expect(without.warnings.map(({ message }) => String(message)).join()).toContain("reference is not there");
  expect(without.data.coords.get("umap")).not.toEqual(placed);
});

test("the map does not depend on what training does with the values", async () => {
  for (const other of [{ inputTransform: "float" }, { normalize: "log1p_cp10k" }] as const) {
    const trained = await buildModel(reference, {
      ...options,
      labelColumns: labelColumns(),
      numEpochs: 1,
      ...other,
    });
    expect(await mapOf(trained)).toEqual(await mapOf(model));
  }
});

test("a map of the reference is learnt as it is, unless a new one is asked for", async () => {
  const own = {
    nRows: reference.nObs,
    nCols: 2,
    data: Float32Array.from({ length: 2 * reference.nObs }, (_, i) => i),
  };
  const mapped: AnnData = { ...reference, obsmKeys: ["X_umap"], obsm: async () => own };
  const kept = await buildModel(mapped, { ...options, labelColumns: labelColumns(), numEpochs: 1 });
  expect(await mapOf(kept)).toEqual(own);
  expect(kept.data.trainConfig.has("embedding")).toBe(false);
  expect(toPlain(kept.data.trainConfig)).toMatchObject({ resolved_coord_targets: { umap: "X_umap" } });
  const anew = await buildModel(mapped, {
    ...options,
    ...{ labelColumns: labelColumns(), numEpochs: 1, embed: "new_umap" },
  });
  expect(await mapOf(anew)).toEqual(await mapOf(model));
});

test("of too many cells the rest is placed where its neighbours are", async () => {
  const { options: chosen } = resolveTrainOptions({ ...options, labelColumns: labelColumns() });
  const input = await readTrainInput(reference, chosen, {});
  const { target, record } = await layOutReference(input, chosen, 5, { engine }, 120);
  expect(toPlain(record)).toMatchObject({ n_laid_out: 120, n_placed: 80 });
  const whole = await layOutReference(input, chosen, 5, { engine });
  const { trustworthiness } = await scoreCoordinates(whole.target.original, target.original);
  expect(trustworthiness).toBeGreaterThan(0.9);
});

test("what cannot be laid out is refused in words", async () => {
  const few = memoryAnnData({
    x: {
      nRows: 20,
      nCols: 2,
      indptr: Uint32Array.from({ length: 21 }, (_, i) => i),
      indices: new Uint16Array(20),
      data: new Float32Array(20).map((_, i) => 2 + i),
    },
    obs: {
      type: {
        kind: "categorical",
        codes: new Int32Array(20).map((_, i) => i % 2),
        categories: ["a", "b"],
        ordered: false,
      },
    },
  });
  await expect(buildModel(few, { ...options, labelColumns: ["type"] })).rejects.toMatchObject({
    code: "BAD_DATA",
    message: expect.stringContaining("there are 20 cells, and a map needs at least 25"),
  });
  const both = {
    ...options,
    labelColumns: ["type"],
    coordTargets: { umap: "X_own" },
    embed: "new_umap",
  } as const;
  await expect(buildModel(few, both)).rejects.toMatchObject({ code: "USAGE" });
});

test("options of the map without one, and a map beside coordinates of its name, are told of", () => {
  const warned = (own: object): string[] =>
    resolveTrainOptions({ labelColumns: ["type"], ...own }).warnings.map(({ message }) => String(message));
  expect(warned({ embedNeighbors: 30 }).join()).toContain("embedNeighbors has no effect without embed");
  expect(warned({ embed: "umap", coordTargets: { umap: "X_own" } }).join()).toContain("has no effect beside");
  expect(warned({ embed: "umap" })).toEqual([]);
});
