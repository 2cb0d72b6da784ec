/** Prediction sets through the façade: train, save, load, predict, write. */
import { expect, test } from "vitest";
import { randomNumbers } from "../../test/helpers/gradients.ts";
import { categorical, memoryAnnData } from "../../test/helpers/memory-anndata.ts";
import { splitValidation } from "../model/validation-split.ts";
import { buildModel, predict, scoreSets, TrainedModel } from "./index.ts";

const [N, N_GENES, N_TYPES] = [240, 12, 4];
/** Types that one gene each tells apart, not always: of a third of the cells it is another type's. */
const types = Array.from({ length: N }, (_, r) => r % N_TYPES);
const draws = randomNumbers(3, N * N_GENES, 0, 1);
const seen = types.map((type, r) => (r % 3 === 0 ? Math.floor(N_TYPES * draws[r]) : type));
const values = Float32Array.from(draws, (u, i) => {
  const [r, g] = [Math.floor(i / N_GENES), i % N_GENES];
  return (g % N_TYPES === seen[r] ? 3 : 0) + Math.floor(3 * u);
});
const names: Record<string, string[]> = {
  coarse: types.map((type) => (type < 2 ? "low" : "high")),
  fine: types.map((type) => `t${type}`),
};
const adata = () =>
  memoryAnnData({
    x: {
      nRows: N,
      nCols: N_GENES,
      indptr: Uint32Array.from({ length: N + 1 }, (_, r) => r * N_GENES),
      indices: Uint16Array.from(values, (_, i) => i % N_GENES),
      data: values,
    },
    obs: { coarse: categorical(names.coarse), fine: categorical(names.fine) },
  });
const OPTIONS = {
  labelColumns: ["coarse", "fine"],
  hiddenSizes: [16, 8],
  numEpochs: 6,
  batchSize: 32,
  learningRate: 0.01,
  inputTransform: "float",
  valFraction: 0.3,
  calibrationMethod: "temperature_scaling",
  // With views the thresholds are those of held-out cells under stress.
  linearViews: false,
} as const;
const work = { numThreads: 1 } as const;

test("of a saved model they hold the true label of as many held-out cells as the rank says", async () => {
  const trained = await buildModel(adata(), { ...OPTIONS, ...work });
  const loaded = await TrainedModel.load(await trained.toFiles());
  const { val } = splitValidation(N, OPTIONS.valFraction, trained.seeds.split);
  for (const coverage of [0.5, 0.9, 0.98]) {
    const { data } = await predict(loaded, adata(), { predictionSets: coverage, ...work });
    const same = await predict(trained, adata(), { predictionSets: coverage, ...work });
    expect(data.labels).toEqual(same.data.labels);
    for (const { column, sets } of data.labels) {
      const categories = [...new Set(names[column])];
      const codes = new Int32Array(N).fill(-1);
      for (const row of val) codes[row] = categories.indexOf(names[column][row]);
      const { setCoverage } = scoreSets({ codes, categories }, sets!);
      // One cell is at the threshold itself: had its probability another last bit, it would be left out.
      const rank = Math.ceil((val.length + 1) * coverage);
      expect(Math.round(setCoverage * val.length)).toBeGreaterThanOrEqual(rank);
    }
  }
});

test("they reach every kind of table", async () => {
  const trained = await buildModel(adata(), { ...OPTIONS, ...work });
  const result = await predict(trained, adata(), { predictionSets: 0.9, ...work });
  expect(result.toDataFrame("minimal").columns).toEqual([
    "pred_coarse",
    "pred_set_coarse",
    "pred_fine",
    "pred_set_fine",
  ]);
  const [head] = new TextDecoder().decode([...result.toCsvPieces("minimal")][0]).split("\n");
  expect(head).toBe("obs_name,pred_coarse,pred_set_coarse,pred_fine,pred_set_fine");
  expect(await result.toReport(adata(), trained)).toContain("<html");
});

test("distances of a small query, whose sample is all of it, are those of its stream", async () => {
  const { linearViews: _, ...options } = OPTIONS;
  const trained = await buildModel(adata(), { ...options, ...work });
  expect(trained.data.linear?.ladder?.length).toBeGreaterThan(0);
  const sampled = await predict(trained, adata(), work);
  // No rung is chosen without calibration, so that nothing is known before the rows stream.
  const streamed = await predict(trained, adata(), { applyCalibration: false, ...work });
  sampled.data.labels.forEach(({ distance, nearest }, l) => {
    expect(distance?.some((share) => share > 0)).toBe(true);
    expect(distance).toEqual(streamed.data.labels[l].distance);
    expect(nearest).toEqual(streamed.data.labels[l].nearest);
  });
});
