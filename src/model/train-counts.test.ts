/** Training on counts: normalisation and thinning. */
import { describe, expect, test } from "vitest";
import { weightDifference } from "../../test/helpers/kernels.ts";
import { memoryStore } from "../../test/helpers/memory-store.ts";
import { counts, engine, fine, N, run } from "../../test/helpers/train-runs.ts";
import { tensorsOf } from "../../test/helpers/training-fixtures.ts";
import { parseMetadata } from "../artifacts/bundle-metadata.ts";
import { loadModel } from "../artifacts/load.ts";
import { saveModel } from "../artifacts/save.ts";
import { Float, toPlain } from "../core/config.ts";
import type { Csr } from "../core/csr.ts";
import { normalizeCell } from "../core/normalize.ts";
import { NO_PAUSE } from "../core/progress.ts";
import type { CellTransform, Engine } from "../kernels/types.ts";
import { createWasmEngine } from "../kernels/wasm/engine.ts";
import { createCountThinning } from "./count-thinning.ts";
import { normalizationOf } from "./normalization.ts";
import type { Model } from "./types.ts";

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

  test("is told to programs that do not normalise by input_transform; older bundles open as before", async () => {
    const { model } = await run({ normalize: "log1p_cp10k", numEpochs: 1 }, { x: counts() });
    const store = memoryStore();
    await saveModel(model, "m/model.pth", { store });
    const [path, text] = [...store.files].find(([name]) => name.endsWith("manifest.json"))!;
    const manifest = JSON.parse(new TextDecoder().decode(text));
    expect(manifest.input_transform).toBe("log1p_cp10k");
    const metadata = await parseMetadata(
      [...store.files].find(([name]) => name.endsWith("metadata.pkl"))![1],
      NO_PAUSE,
    );
    expect(metadata.inputTransform).toBe("log1p_cp10k");

    const { model: loaded, warnings } = await loadModel("m/model.pth", { store });
    expect(warnings).toEqual([]);
    expect([loaded.inputTransform, normalizationOf(loaded)]).toEqual(["float", "log1p_cp10k"]);

    // As bundles were saved before: the transform of the network alone.
    const older = memoryStore([
      ...store.files,
      [path, new TextEncoder().encode(JSON.stringify({ ...manifest, input_transform: "float" }))],
    ]);
    const old = await loadModel("m/model.pth", { store: older });
    expect([old.model.inputTransform, normalizationOf(old.model)]).toEqual(["float", "log1p_cp10k"]);

    // A bundle that says it normalises, and does not.
    const { model: plain } = await run({ inputTransform: "float", numEpochs: 1 }, { x: normalised() });
    const other = memoryStore();
    await saveModel(plain, "m/model.pth", { store: other });
    const own = JSON.parse(new TextDecoder().decode(other.files.get(path)));
    const lying = memoryStore([
      ...other.files,
      [path, new TextEncoder().encode(JSON.stringify({ ...own, input_transform: "log1p_cp10k" }))],
    ]);
    await expect(loadModel("m/model.pth", { store: lying })).rejects.toMatchObject({
      code: "MISMATCH",
      where: expect.stringContaining("input_transform"),
    });
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
      message: expect.stringMatching(/takes counts, and X looks like log1p/),
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
      "component_cells",
      "components",
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
      message: expect.stringMatching(/X looks like log1p/),
    });
  });
});
