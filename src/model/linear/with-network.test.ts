import { expect, test } from "vitest";
import { memoryAnnData, strings } from "../../../test/helpers/memory-anndata.ts";
import { memoryStore } from "../../../test/helpers/memory-store.ts";
import { csr, toRows } from "../../../test/helpers/predict-fixtures.ts";
import { loadModel } from "../../artifacts/load.ts";
import { saveModel } from "../../artifacts/save.ts";
import type { Float } from "../../core/config.ts";
import type { Csr } from "../../core/csr.ts";
import { log } from "../../core/math.ts";
import { normalizedRows, TARGET_SUM } from "../../core/normalize.ts";
import { randomUniform } from "../../core/rng.ts";
import { AtlasmtlError } from "../../errors.ts";
import { createWasmEngine } from "../../kernels/wasm/engine.ts";
import { predict } from "../../predict/predict.ts";
import { UNKNOWN_REASONS } from "../../schema/prediction.ts";
import type { TrainOptions } from "../options.ts";
import { train } from "../train.ts";
import { stressedCells } from "./stressed-cells.ts";

const GENES = 60;
const TYPES = ["a", "b", "c", "d"];
const genes = Array.from({ length: GENES }, (_, g) => `g${g}`);
const typesOf = (n: number) => Array.from({ length: n }, (_, i) => i % TYPES.length);

/** Counts of cells of four types that differ in how much they express the same genes, not in which. */
function counts(types: readonly number[], seed: number, factor = 1): Csr {
  return csr(
    types.map((type, r) =>
      Array.from({ length: GENES }, (_, g) => {
        const mean = (Math.floor(g / 15) === type ? 12 : 6) * (g % 2 === 0 ? factor : 1);
        return 1 + Math.floor(mean * (0.5 + randomUniform(seed, r * GENES + g)));
      }),
    ),
  );
}

const dataset = (x: Csr, types: readonly number[]) =>
  memoryAnnData({
    x,
    genes,
    obs: {
      type: strings(types.map((type) => TYPES[type])),
      coarse: strings(types.map((type) => (type < 2 ? "x" : "y"))),
    },
  });

const known = typesOf(400);
const OPTIONS: TrainOptions = { labelColumns: ["coarse", "type"], linearViews: true, numEpochs: 4 };

async function trained(numThreads = 1, options: TrainOptions = OPTIONS) {
  const engine = await createWasmEngine({ numThreads });
  const result = await train(dataset(counts(known, 1), known), options, { engine });
  return { ...result, engine };
}

async function labelsOf(x: Csr, types: readonly number[], result: Awaited<ReturnType<typeof trained>>) {
  const { labels } = await predict(result.model, dataset(x, types), {}, { engine: result.engine });
  return labels;
}

const right = (labels: Awaited<ReturnType<typeof labelsOf>>, types: readonly number[]) =>
  types.filter((type, i) => labels[1].raw.categories[labels[1].raw.codes[i]] === TYPES[type]).length /
  types.length;

test("types that express the same genes to different degrees are told by the views and not by a binary network", async () => {
  const types = typesOf(200);
  const query = counts(types, 2, 3);
  expect(
    right(await labelsOf(query, types, await trained(1, { ...OPTIONS, linearViews: false })), types),
  ).toBeLessThan(0.6);
  const withViews = await labelsOf(query, types, await trained());
  expect(right(withViews, types)).toBeGreaterThan(0.9);
  // The confidences are those of the mean.
  expect(Math.max(...withViews[1].conf)).toBeLessThanOrEqual(1);
});

test("log-normalised values of a query give the labels of its counts; other values are refused", async () => {
  const result = await trained();
  const types = typesOf(40);
  const query = counts(types, 3);
  const logged = csr(
    toRows(query).map((row) => {
      const total = row.reduce((a, b) => a + b, 0);
      return row.map((value) => log(1 + (value * 10_000) / total));
    }),
  );
  const [ofCounts, ofLogs] = [await labelsOf(query, types, result), await labelsOf(logged, types, result)];
  expect([...ofLogs[1].raw.codes]).toEqual([...ofCounts[1].raw.codes]);
  ofLogs[1].conf.forEach((conf, i) => {
    expect(conf).toBeCloseTo(ofCounts[1].conf[i], 4);
  });
  // So do counts that were multiplied.
  const scaled = csr(toRows(query).map((row, r) => row.map((value) => (10.5 + r) * value)));
  expect([...(await labelsOf(scaled, types, result))[1].raw.codes]).toEqual([...ofCounts[1].raw.codes]);
  const centred = csr(toRows(query).map((row) => row.map((value) => value - 50.5)));
  await expect(labelsOf(centred, types, result)).rejects.toMatchObject({
    code: "BAD_DATA",
    message: expect.stringMatching(/X looks like scaled \(/),
  });
});

test("a model of log-normalised values takes counts that predict is told to normalise", async () => {
  const logged = (x: Csr) => normalizedRows(x, TARGET_SUM);
  const engine = await createWasmEngine({ numThreads: 1 });
  const options = { ...OPTIONS, inputTransform: "float" } as const;
  const { model } = await train(dataset(logged(counts(known, 1)), known), options, { engine });
  expect(model.linear?.values).toBe("as_they_are");
  const types = typesOf(40);
  const query = counts(types, 3);
  const ofLogs = await predict(model, dataset(logged(query), types), {}, { engine });
  const ofCounts = await predict(model, dataset(query, types), { normalize: "log1p_cp10k" }, { engine });
  ofLogs.labels.forEach(({ raw, conf }, j) => {
    expect(ofCounts.labels[j].raw).toEqual(raw);
    expect(ofCounts.labels[j].conf).toEqual(conf);
  });
});

test("any number of threads and any size of blocks gives the same bits", async () => {
  const [one, three] = [await trained(1), await trained(3)];
  expect(three.model.linear).toEqual(one.model.linear);
  expect(three.model.weights).toEqual(one.model.weights);
  const types = typesOf(150);
  const adata = dataset(counts(types, 4), types);
  const whole = await predict(one.model, adata, {}, { engine: one.engine });
  for (const batchSize of [7, 64]) {
    const parts = await predict(one.model, adata, { batchSize }, { engine: three.engine });
    parts.labels.forEach(({ conf, raw }, j) => {
      expect(raw.codes).toEqual(whole.labels[j].raw.codes);
      expect(conf).toEqual(whole.labels[j].conf);
    });
  }
});

test("a bundle with views comes back as it was saved, and says that it is more than a network", async () => {
  const { model } = await trained();
  const store = memoryStore();
  await saveModel(model, "m/model.pth", { store });
  expect([...store.files.keys()]).toContain("m/model_views.pt");
  const manifest = JSON.parse(new TextDecoder().decode(store.files.get("m/model_manifest.json")));
  expect(manifest.input_transform).toBe("network_and_linear_views");
  const loaded = await loadModel("m/model.pth", { store });
  expect(loaded.model.linear).toEqual(model.linear);
  expect(loaded.model.inputTransform).toBe("binary");
  expect(loaded.warnings).toEqual([]);
  const again = memoryStore();
  await saveModel(loaded.model, "m/model.pth", { store: again });
  expect(again.files).toEqual(store.files);

  // Without the name of the file the bundle is not read in part.
  const { views_path: _, checksums, ...rest } = manifest;
  const bytes = new TextEncoder().encode(
    JSON.stringify({ ...rest, checksums: { ...checksums, views_path: undefined } }),
  );
  const without = memoryStore(
    [...store.files].map(([path, file]) => [path, path.endsWith("manifest.json") ? bytes : file]),
  );
  const failed = await loadModel("m/model.pth", { store: without }).catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(AtlasmtlError);
  expect(failed).toMatchObject({ code: "NOT_FOUND", message: expect.stringContaining("linear views") });
});

test("views of another model are a mismatch", async () => {
  const [one, other] = [await trained(), await trained(1, { ...OPTIONS, labelColumns: ["type"] })];
  const store = memoryStore();
  await saveModel({ ...one.model, linear: other.model.linear }, "m/model.pth", { store });
  await expect(loadModel("m/model.pth", { store })).rejects.toMatchObject({ code: "MISMATCH" });
});

test("views need validation cells, and hold out the same share of every class", async () => {
  await expect(trained(1, { ...OPTIONS, valFraction: 0 })).rejects.toMatchObject({ code: "USAGE" });
  const { model } = await trained();
  const config = model.trainConfig.get("resource_summary") as ReadonlyMap<string, unknown>;
  expect(config.get("val_size")).toBe(60);
  const calibration = model.trainConfig.get("calibration") as ReadonlyMap<string, unknown>;
  expect([...(calibration.get("temperatures") as ReadonlyMap<string, unknown>).keys()]).toEqual([
    "coarse",
    "type",
  ]);
});

test("the ladder's first rung is the calibration itself where no cell is drawn twice, and stress raises the shift score", async () => {
  const many = typesOf(2400);
  const engine = await createWasmEngine({ numThreads: 1 });
  const { model } = await train(dataset(counts(many, 1), many), OPTIONS, { engine });
  const ladder = model.linear?.ladder ?? [];
  expect(ladder.map(({ depth, gain }) => [depth, gain])).toEqual(
    [1, 0.5, 0.25, 0.125].flatMap((depth) => [0, 0.4, 0.8, 1.2].map((gain) => [depth, gain])),
  );
  const calibration = model.trainConfig.get("calibration") as ReadonlyMap<string, unknown>;
  const temperatures = calibration.get("temperatures") as ReadonlyMap<string, Float>;
  [...temperatures.values()].forEach(({ value }, j) => {
    expect(ladder[0].temperatures[j]).toBeCloseTo(value, 9);
  });
  const scores = ladder.slice(0, 4).map(({ shiftScore }) => shiftScore ?? 0);
  expect(scores).toEqual([...scores].sort((a, b) => a - b));
  expect(scores[0]).toBeGreaterThan(0.8);
  expect(scores[0]).toBeLessThan(1.25);
});

test("a query is calibrated by the rung of held-out cells that are as unlike the reference", async () => {
  const result = await trained();
  const ladder = result.model.linear?.ladder ?? [];
  expect(ladder).toHaveLength(16);
  const types = typesOf(400);
  const chosen = async (x: Csr) => {
    const { metadata } = await predict(result.model, dataset(x, types), {}, { engine: result.engine });
    const rung = metadata.get("calibration_rung") as ReadonlyMap<string, Float>;
    const [depth, gain] = [rung.get("depth")?.value, rung.get("gain")?.value];
    const temperatures = metadata.get("calibration_temperatures") as ReadonlyMap<string, Float>;
    const own = ladder.find((each) => each.depth === depth && each.gain === gain);
    expect([...temperatures.values()].map(({ value }) => value)).toEqual(own?.temperatures);
    return { depth, gain };
  };
  expect(await chosen(counts(types, 5))).toEqual({ depth: 1, gain: 0 });
  const shallow = stressedCells(counts(types, 5), { depth: 0.25, gain: 0 }, 9);
  expect((await chosen(shallow)).depth).toBe(0.25);
  const uneven = stressedCells(counts(types, 5), { depth: 1, gain: 0.8 }, 11);
  expect((await chosen(uneven)).gain).toBeGreaterThan(0.3);
});

test("stressed cells keep the share of their counts, have no zeros, and are the same for the same key", () => {
  const x = counts(typesOf(300), 7);
  const total = ({ data }: Csr) => data!.reduce((sum, value) => sum + value, 0);
  const half = stressedCells(x, { depth: 0.5, gain: 0 }, 3);
  expect(total(half) / total(x)).toBeCloseTo(0.5, 2);
  expect(half.data!.every((value) => value > 0 && Number.isInteger(value))).toBe(true);
  expect(half.data!.length).toBe(half.indptr[half.nRows]);
  expect(stressedCells(x, { depth: 0.5, gain: 0.4 }, 3)).toEqual(
    stressedCells(x, { depth: 0.5, gain: 0.4 }, 3),
  );
  expect(toRows(stressedCells(x, { depth: 1, gain: 0 }, 3))).toEqual(toRows(x));
});

test("a target accuracy makes cells Unknown below the confidence from which held-out labels are right that often", async () => {
  const { model, engine } = await trained();
  const types = typesOf(400);
  const query = dataset(stressedCells(counts(types, 5), { depth: 0.5, gain: 0 }, 4), types);
  const { labels, metadata } = await predict(model, query, { targetAccuracy: 0.95 }, { engine });
  const thresholds = metadata.get("target_accuracy_thresholds") as ReadonlyMap<string, Float>;
  const [depth, gain] = ["depth", "gain"].map(
    (key) => (metadata.get("calibration_rung") as ReadonlyMap<string, Float>).get(key)?.value,
  );
  const rung = model.linear?.ladder.find((each) => each.depth === depth && each.gain === gain);
  expect(thresholds.get("type")?.value).toBe(rung?.riskThresholds[1][45]);
  expect(metadata.has("confidence_low")).toBe(false);
  const least = Math.fround(thresholds.get("type")?.value ?? 0);
  const isLow = labels[1].unknownReasons.map((reason) =>
    UNKNOWN_REASONS[reason] === "low_confidence" ? 1 : 0,
  );
  expect([...isLow]).toEqual(Array.from(labels[1].conf, (conf) => (conf < least ? 1 : 0)));
  const kept = types.map((_, i) => i).filter((i) => isLow[i] === 0);
  const { categories, codes } = labels[1].raw;
  const nRight = kept.filter((i) => categories[codes[i]] === TYPES[types[i]]).length;
  expect(nRight / kept.length).toBeGreaterThan(0.88);
  const both = predict(model, query, { targetAccuracy: 0.95, confidenceLow: 0.5 }, { engine });
  await expect(both).rejects.toMatchObject({ code: "USAGE" });
  const alone = await trained(1, { ...OPTIONS, linearViews: false });
  const without = predict(alone.model, query, { targetAccuracy: 0.9 }, { engine });
  await expect(without).rejects.toMatchObject({ code: "MISMATCH" });
});

test("a network that fails on a query where the views do not weighs less there, with a calibration of its own", async () => {
  // Types differ in which genes they express; every cell of the query has some of each, so that a binary network sees nothing.
  const cells = (types: readonly number[], seed: number, ambient: number) =>
    csr(
      types.map((type, r) =>
        Array.from({ length: GENES }, (_, g) => {
          const isOwn = Math.floor(g / 15) === type;
          const share = randomUniform(seed, r * GENES + g);
          return ambient + (isOwn ? 4 + Math.floor(8 * share) : share < 0.2 ? 1 : 0);
        }),
      ),
    );
  const engine = await createWasmEngine({ numThreads: 1 });
  const { model } = await train(dataset(cells(known, 1, 0), known), OPTIONS, { engine });
  const types = typesOf(200);
  const run = (ambient: number) =>
    predict(model, dataset(cells(types, 2, ambient), types), { predictionSets: 0.9 }, { engine });
  const [alike, ambient] = [await run(0), await run(1)];
  expect(alike.metadata.has("network_weights")).toBe(false);

  const weights = ambient.metadata.get("network_weights") as ReadonlyMap<string, Float>;
  expect(weights.get("type")?.value).toBe(1 / 3);
  const rung = ambient.metadata.get("calibration_rung") as ReadonlyMap<string, Float>;
  const { doubted } = model.linear!.ladder.find(
    ({ depth, gain }) => depth === rung.get("depth")?.value && gain === rung.get("gain")?.value,
  )!;
  const temperatures = ambient.metadata.get("calibration_temperatures") as ReadonlyMap<string, Float>;
  expect(temperatures.get("type")?.value).toBe(doubted?.temperatures[1]);
  const thresholds = ambient.metadata.get("prediction_sets_thresholds") as ReadonlyMap<string, Float>;
  expect(doubted?.setThresholds[1].thresholds).toContain(thresholds.get("type")?.value);
  expect(right(ambient.labels, types)).toBeGreaterThan(0.95);

  // A bundle from before networks were doubted weighs all alike, and is then less sure of the same cells.
  const ladder = model.linear!.ladder.map((each) => ({ ...each, doubted: null }));
  const before = { ...model, linear: { ...model.linear!, ladder } };
  const plain = await predict(before, dataset(cells(types, 2, 1), types), {}, { engine });
  expect(plain.metadata.has("network_weights")).toBe(false);
  const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(mean(plain.labels[1].conf)).toBeLessThan(mean(ambient.labels[1].conf));
});
