import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hashWeights } from "../../../test/helpers/hash-weights.ts";
import {
  ADAMW,
  randomOrder,
  trainingProblem,
  uniform,
  weightDifference,
} from "../../../test/helpers/kernels.ts";
import { randomBelow, streamKey } from "../../core/rng.ts";
import type { ChildFeatureMode } from "../../schema/training-options.ts";
import { childFeatureCount } from "../reference/child-features.ts";
import { createReferenceEngine } from "../reference/engine.ts";
import type { CellTransform, ChildTrainingOptions, Engine, NetworkShape, TrainerOptions } from "../types.ts";
import { createWasmEngine } from "./engine.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createWasmEngine();
});
afterAll(() => engine.dispose());

/** Modules for two of the five parents of the second head, whose children are in the third. */
function childTraining(
  { shape }: TrainerOptions,
  featureMode: ChildFeatureMode,
  baseLrScale: number | null,
): ChildTrainingOptions {
  const draw = uniform(5, "modules", -0.4, 0.4);
  const linear = (nIn: number, nOut: number) => ({
    ...{ nIn, nOut, weight: Float32Array.from({ length: nIn * nOut }, draw) },
    bias: Float32Array.from({ length: nOut }, draw),
  });
  const modules = [
    { parentIndex: 1, childIndices: [0, 2, 3, 7] },
    { parentIndex: 4, childIndices: [1, 2, 4, 5, 6, 8] },
  ].map((module) => {
    const n = module.childIndices.length;
    const nIn = childFeatureCount(featureMode, shape.hiddenSizes.at(-1)!, 5, n);
    return { ...module, hidden: linear(nIn, 6), output: linear(6, n) };
  });
  return {
    ...{ parentHead: 1, childHead: 2, featureMode, modules, baseLrScale },
    ...{ residualScale: 0.9, lossWeight: 1.2, rankLossWeight: 0.3, rankMargin: 0.5 },
  };
}

const small: NetworkShape = { nGenes: 37, hiddenSizes: [19, 11], nClasses: [1, 5, 9], coordDims: [3, 2] };

/** Trains both engines on the same batches and returns how far apart weights and losses end. */
async function compare(options: TrainerOptions, nCells: number, learningRate = 1e-3) {
  const { nRows } = options.data.x;
  const order = randomOrder(3, Math.min(nCells, nRows), nRows);
  const reference = await createReferenceEngine().createTrainer(options);
  const trainer = await engine.createTrainer(options);
  await reference.runEpoch(order, { learningRate });
  await trainer.runEpoch(order, { learningRate });
  const expected = await reference.runEpoch(order, { learningRate: learningRate / 2 });
  const actual = await trainer.runEpoch(order, { learningRate: learningRate / 2 });
  const evaluated = await trainer.evaluate(order);
  const expectedEvaluation = await reference.evaluate(order);
  const weights = weightDifference(trainer.weights(), reference.weights());
  trainer.dispose();
  return { weights, actual, expected, evaluated, expectedEvaluation };
}

function expectClose(result: Awaited<ReturnType<typeof compare>>, tolerance: number) {
  expect(result.weights).toBeLessThan(tolerance);
  for (const [a, b] of [
    [result.actual, result.expected],
    [result.evaluated, result.expectedEvaluation],
  ] as const) {
    const parts = (loss: typeof a) => [
      loss.total,
      ...loss.labels,
      ...loss.coords,
      loss.domain,
      loss.topology,
    ];
    parts(a).forEach((part, i) => {
      expect(Math.abs(part - parts(b)[i])).toBeLessThan(1e-4 * Math.max(1, Math.abs(parts(b)[i])));
    });
  }
}

describe("training agrees with the oracle engine", () => {
  const cases: [string, TrainerOptions][] = [
    ["float input, dropout", trainingProblem(1, small, 90)],
    ["binary input", trainingProblem(2, small, 90, { binary: true })],
    [
      "no dropout, adam",
      trainingProblem(
        3,
        small,
        90,
        {},
        { dropoutRate: 0, optimizer: { ...ADAMW, name: "adam", weightDecay: 0.01 } },
      ),
    ],
    ["one hidden layer of one unit", trainingProblem(4, { ...small, hiddenSizes: [1] }, 50)],
    ["three hidden layers", trainingProblem(5, { ...small, hiddenSizes: [65, 33, 7] }, 70)],
    [
      "one gene, one class",
      trainingProblem(6, { nGenes: 1, hiddenSizes: [3], nClasses: [1], coordDims: [] }, 20, { density: 0.6 }),
    ],
    ["no label heads", trainingProblem(7, { ...small, nClasses: [] }, 40)],
    ["no coordinate heads", trainingProblem(8, { ...small, coordDims: [] }, 40)],
    ["batches of one cell", trainingProblem(9, small, 30, {}, { batchSize: 1 })],
    ["a batch larger than the data", trainingProblem(10, small, 30, {}, { batchSize: 300 })],
    ["all labels missing", trainingProblem(11, small, 30, { missing: 1 })],
    [
      "many genes, narrow panels",
      trainingProblem(12, { ...small, nGenes: 6500 }, 40, { density: 0.02 }, { batchSize: 16 }),
    ],
    [
      "more genes still, binary",
      trainingProblem(13, { ...small, nGenes: 9001 }, 40, { density: 0.02, binary: true }, { batchSize: 16 }),
    ],
  ];
  test.each(cases)("%s", async (_, options) => {
    expectClose(await compare(options, 100), 3e-5);
  });

  test("class weights, a task of weight 0, a class of weight 0", async () => {
    const options = trainingProblem(14, small, 60);
    const loss = {
      ...options.loss,
      taskWeights: [0, 1, 0.3],
      classWeights: [null, Float32Array.of(0.5, 2, 0, 1, 3), null],
    };
    expectClose(await compare({ ...options, loss }, 100), 3e-5);
  });

  test("domain alignment and topology", async () => {
    const options = trainingProblem(15, small, 60, { nDomains: 3 });
    const loss = { ...options.loss, domainWeight: 0.7, topology: { weight: 0.4, k: 5, coordHead: 1 } };
    const result = await compare({ ...options, loss }, 100);
    expect(result.actual.domain).toBeGreaterThan(0);
    expect(result.actual.topology).toBeGreaterThan(0);
    expectClose(result, 3e-5);
  });

  test.each([
    ["standard", 0.1, 0],
    ["reranker_like", 0.1, 0],
    ["standard", null, 0],
    ["reranker_like", 0.5, 3],
  ] as const)(
    "child correction, %s features, base learning rate × %s, %i domains",
    async (mode, scale, nDomains) => {
      const options = trainingProblem(16, small, 80, { nDomains });
      const loss = { ...options.loss, domainWeight: nDomains > 0 ? 0.7 : 0 };
      const result = await compare({ ...options, loss, child: childTraining(options, mode, scale) }, 100);
      expect(result.actual.child).toBeGreaterThan(0);
      expect(result.actual.childRank).toBeGreaterThan(0);
      expectClose(result, 3e-5);
      expect(result.evaluated.child).toBeCloseTo(result.expectedEvaluation.child!, 5);
    },
  );

  test("a frozen base does not move; its modules do", async () => {
    const options = trainingProblem(17, small, 80);
    const child = childTraining(options, "standard", null);
    const trainer = await engine.createTrainer({ ...options, child });
    await trainer.runEpoch(randomOrder(3, 80, 80), { learningRate: 0.01 });
    const { childModules, ...base } = trainer.weights();
    trainer.dispose();
    expect(hashWeights(base)).toBe(hashWeights(options.initial));
    childModules!.forEach(({ hidden, output }, m) => {
      expect(hidden.weight).not.toEqual(child.modules[m].hidden.weight);
      expect(output.weight).not.toEqual(child.modules[m].output.weight);
    });
  });
});

describe("a cell transform", () => {
  /** Loses some of a cell's values, others in each step. */
  const lossy: CellTransform = (values, start, end, row, step) => {
    for (let e = start; e < end; e++)
      if (step !== null && randomBelow(streamKey(step, "lossy"), 100 * row + e - start, 3) === 0)
        values[e] = 0;
      else values[e] = 0.5 * values[e];
  };

  test.each(["standard", "reranker_like", null] as const)(
    "agrees with the oracle, child features %s",
    async (mode) => {
      const options = trainingProblem(21, small, 90, { nDomains: 3 }, { cellTransform: lossy });
      const loss = { ...options.loss, domainWeight: 0.7, topology: { weight: 0.4, k: 5, coordHead: 1 } };
      const child = mode === null ? null : childTraining(options, mode, 0.1);
      const result = await compare({ ...options, loss, child }, 100);
      expectClose(result, 3e-5);
      const plain = await compare({ ...options, loss, child, cellTransform: null }, 100);
      expect(Math.abs(plain.actual.total - result.actual.total)).toBeGreaterThan(1e-3);
    },
  );

  test("meets each cell of a batch once, with the step that the batch is of", async () => {
    const order = randomOrder(3, 90, 90);
    const seen: (number | null)[][] = [];
    const cellTransform: CellTransform = (_values, _start, _end, row, step) => seen.push([row, step]);
    const trainer = await engine.createTrainer(trainingProblem(22, small, 90, {}, { cellTransform }));
    for (let epoch = 0; epoch < 2; epoch++) {
      await trainer.runEpoch(order, { learningRate: 0.01 });
      await trainer.evaluate(order.subarray(0, 40));
    }
    trainer.dispose();
    const pass = (before: number) => [...order].map((row, i) => [row, before + Math.floor(i / 32) + 1]);
    const evaluation = [...order.subarray(0, 40)].map((row) => [row, null]);
    expect(seen).toEqual([...pass(0), ...evaluation, ...pass(3), ...evaluation]);
  });

  test("of a matrix without values is refused", async () => {
    const options = trainingProblem(23, small, 20, { binary: true }, { cellTransform: () => {} });
    await expect(engine.createTrainer(options)).rejects.toMatchObject({ code: "BUG" });
  });
});

test("weights come back as they went in", async () => {
  const options = trainingProblem(20, small, 10);
  const trainer = await engine.createTrainer(options);
  expect(hashWeights(trainer.weights())).toBe(hashWeights(options.initial));
  trainer.dispose();
});
