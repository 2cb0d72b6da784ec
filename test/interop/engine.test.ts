/**
 * Twenty steps of training against PyTorch. Torch's float64 run is the truth, torch's own float32 run the control:
 * the engine may be as far from the truth as that, not much farther.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { dropoutLayerKey, dropoutThreshold, hash32 } from "../../src/core/rng.ts";
import type { NetworkShape, NetworkWeights, TrainerOptions } from "../../src/kernels/types.ts";
import { createWasmEngine } from "../../src/kernels/wasm/engine.ts";
import { ADAMW, randomOrder, trainingProblem } from "../helpers/kernels.ts";

const shape: NetworkShape = { nGenes: 200, hiddenSizes: [48, 20], nClasses: [4, 13], coordDims: [3, 2] };
const N_STEPS = 20;
const BATCH = 32;
const LEARNING_RATE = 2e-3;

interface TorchRun {
  readonly parameters: readonly (readonly number[])[];
  readonly losses: readonly number[];
}

function runTorch(options: TrainerOptions, order: Uint32Array): { double: TorchRun; single: TorchRun } {
  const { data, initial, dropoutRate, dropoutKey, loss } = options;
  const plain = (weights: NetworkWeights["encoder"]) =>
    weights.map(({ nIn, nOut, weight, bias }) => ({
      weight: Array.from({ length: nOut }, (_, o) => [...weight.subarray(o * nIn, (o + 1) * nIn)]),
      bias: [...bias],
    }));
  const x = Array.from({ length: data.x.nRows }, (_, r) => {
    const row = new Array<number>(data.x.nCols).fill(0);
    for (let p = data.x.indptr[r]; p < data.x.indptr[r + 1]; p++)
      row[data.x.indices[p]] = data.x.data === null ? 1 : data.x.data[p];
    return row;
  });
  const threshold = dropoutThreshold(dropoutRate);
  const batches = Array.from({ length: N_STEPS }, (_, step) => ({
    rows: [...order.subarray(step * BATCH, (step + 1) * BATCH)],
    kept: shape.hiddenSizes.map((width, layer) =>
      Array.from({ length: BATCH }, (_row, r) =>
        Array.from({ length: width }, (_unit, u) => {
          const key = dropoutLayerKey(dropoutKey, step + 1, layer);
          return hash32((key + r * width + u) | 0) >= threshold ? 1 : 0;
        }),
      ),
    ),
  }));
  const folder = mkdtempSync(join(tmpdir(), "engine-"));
  try {
    const problem = {
      weights: {
        encoder: plain(initial.encoder),
        labelHeads: plain(initial.labelHeads),
        coordHeads: plain(initial.coordHeads),
      },
      optimizer: options.optimizer,
      learningRate: LEARNING_RATE,
      x,
      labels: data.labels.map((codes) => [...codes]),
      coords: data.coords.map(({ nRows, nCols, data: values }) =>
        Array.from({ length: nRows }, (_, r) => [...values.subarray(r * nCols, (r + 1) * nCols)]),
      ),
      batches,
      dropoutRate,
      taskWeights: loss.taskWeights,
      coordWeights: loss.coordWeights,
      classWeights: loss.classWeights.map((weights) => (weights === null ? null : [...weights])),
    };
    writeFileSync(join(folder, "problem.json"), JSON.stringify(problem));
    const script = new URL("./train_torch.py", import.meta.url).pathname;
    execFileSync("/usr/bin/python3", [script, join(folder, "problem.json"), join(folder, "out.json")]);
    return JSON.parse(readFileSync(join(folder, "out.json"), "utf8"));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Root mean square and largest difference of two parameter lists. */
function distance(a: readonly ArrayLike<number>[], b: readonly ArrayLike<number>[]) {
  let sum = 0;
  let n = 0;
  let largest = 0;
  a.forEach((values, i) => {
    expect(values.length).toBe(b[i].length);
    for (let j = 0; j < values.length; j++) {
      const difference = values[j] - b[i][j];
      sum += difference * difference;
      largest = Math.max(largest, Math.abs(difference));
      n++;
    }
  });
  return { rms: Math.sqrt(sum / n), largest };
}

const cases: [string, TrainerOptions][] = [
  ["adamw, dropout, float input", trainingProblem(40, shape, 300, {}, { batchSize: BATCH })],
  ["adamw, dropout, binary input", trainingProblem(42, shape, 300, { binary: true }, { batchSize: BATCH })],
  [
    "adam, no dropout, no missing labels",
    trainingProblem(
      43,
      shape,
      300,
      { missing: 0 },
      {
        batchSize: BATCH,
        dropoutRate: 0,
        optimizer: { ...ADAMW, name: "adam", weightDecay: 0.01 },
      },
    ),
  ],
  [
    "strong decay, class weights",
    (() => {
      const options = trainingProblem(
        44,
        shape,
        300,
        {},
        { batchSize: BATCH, optimizer: { ...ADAMW, weightDecay: 0.1 } },
      );
      const classWeights = [Float32Array.of(0.5, 1, 2, 4), null];
      return { ...options, loss: { ...options.loss, classWeights } };
    })(),
  ],
];

test.each(cases)("twenty steps agree with PyTorch: %s", async (_, options) => {
  const engine = await createWasmEngine({ numThreads: 2 });
  for (const sequence of [1, 2, 3]) {
    const order = randomOrder(sequence, N_STEPS * BATCH, options.data.x.nRows);
    const torch = runTorch(options, order);
    const trainer = await engine.createTrainer(options);
    const loss = await trainer.runEpoch(order, { learningRate: LEARNING_RATE });
    const { encoder, labelHeads, coordHeads } = trainer.weights();
    trainer.dispose();
    const ours = [...encoder, ...labelHeads, ...coordHeads].flatMap(({ weight, bias }) => [weight, bias]);
    const error = distance(ours, torch.double.parameters);
    const control = distance(torch.single.parameters, torch.double.parameters);
    const moved = distance(
      [...options.initial.encoder, ...options.initial.labelHeads, ...options.initial.coordHeads].flatMap(
        ({ weight, bias }) => [weight, bias],
      ),
      torch.double.parameters,
    );
    expect(error.rms).toBeLessThan(2 * control.rms + 1e-8);
    expect(error.rms).toBeLessThan(1e-3 * moved.rms);
    const mean = torch.double.losses.reduce((sum, value) => sum + value, 0) / N_STEPS;
    expect(loss.total).toBeCloseTo(mean, 5);
  }
  engine.dispose();
});
