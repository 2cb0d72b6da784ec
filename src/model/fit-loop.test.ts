import { expect, test } from "vitest";
import type { Progress } from "../core/progress.ts";
import type { LossSummary, NetworkWeights, Trainer } from "../kernels/types.ts";
import { type FitOptions, fitEpochs, shuffled } from "./fit-loop.ts";

const loss = (total: number): LossSummary => ({ total, labels: [], coords: [], domain: 0, topology: 0 });

/** A trainer whose validation losses are given; its weights carry the epoch in the first bias. */
function scripted(valLosses: readonly number[]) {
  const rates: number[] = [];
  const orders: number[][] = [];
  const trainer: Trainer = {
    async runEpoch(order, { learningRate, onBatch }) {
      rates.push(learningRate);
      orders.push([...order]);
      onBatch?.(order.length);
      return loss(100 - rates.length);
    },
    evaluate: async () => loss(valLosses[rates.length - 1]),
    weights: (): NetworkWeights => ({
      encoder: [{ nIn: 0, nOut: 1, weight: new Float32Array(0), bias: Float32Array.of(rates.length) }],
      labelHeads: [],
      coordHeads: [],
    }),
    dispose() {},
  };
  return { trainer, rates, orders };
}

const split = { train: Uint32Array.of(2, 4, 5, 7, 9), val: Uint32Array.of(0, 1) };
const options: FitOptions = { numEpochs: 6, learningRate: 1, plateau: null, stopping: null, shuffleKey: 3 };
const epochOf = ({ weights }: { weights: NetworkWeights }) => weights.encoder[0].bias[0];

test("the weights of the best validation epoch are kept, the first of equals", async () => {
  const { trainer } = scripted([5, 3, 4, 3, 6, 7]);
  const result = await fitEpochs(trainer, split, options, {});
  expect(epochOf(result)).toBe(2);
  expect(result).toMatchObject({
    epochsCompleted: 6,
    bestEpoch: 2,
    bestValLoss: 3,
    lastValLoss: 7,
    lastTrainLoss: 94,
    finalLearningRate: 1,
  });
});

test("without validation the last weights are kept and nothing else is decided", async () => {
  const { trainer } = scripted([]);
  const result = await fitEpochs(
    trainer,
    { train: split.train, val: new Uint32Array(0) },
    {
      ...options,
      stopping: { patience: 1, minDelta: 0 },
    },
    {},
  );
  expect(epochOf(result)).toBe(6);
  expect(result).toMatchObject({ bestEpoch: null, bestValLoss: null, lastValLoss: null, epochsCompleted: 6 });
});

test("early stopping ends training; a small improvement is kept although it does not count", async () => {
  const { trainer } = scripted([5, 4, 3.95, 3.94, 1, 1]);
  const result = await fitEpochs(
    trainer,
    split,
    { ...options, stopping: { patience: 2, minDelta: 0.1 } },
    {},
  );
  expect(result.epochsCompleted).toBe(4);
  expect(epochOf(result)).toBe(4);
});

test("the plateau schedule sets the next epoch's learning rate", async () => {
  const { trainer, rates } = scripted([5, 5, 5, 4, 4, 4]);
  const plateau = { factor: 0.5, patience: 1, minLr: 0 };
  const result = await fitEpochs(trainer, split, { ...options, plateau }, {});
  expect(rates).toEqual([1, 1, 1, 0.5, 0.5, 0.5]);
  expect(result.finalLearningRate).toBe(0.25);
});

test("each epoch visits every training row once, in an order of its own", async () => {
  const { trainer, orders } = scripted([1, 1, 1, 1, 1, 1]);
  await fitEpochs(trainer, split, options, {});
  for (const order of orders) expect(order.slice().sort((a, b) => a - b)).toEqual([...split.train]);
  expect(new Set(orders.map(String)).size).toBeGreaterThan(3);
  expect(orders[1]).toEqual([...shuffled(split.train, 3, 2)]);
});

test("progress counts epochs upwards and carries the losses after each", async () => {
  const { trainer } = scripted([5, 3]);
  const reports: Progress[] = [];
  await fitEpochs(
    trainer,
    split,
    { ...options, numEpochs: 2 },
    { onProgress: (report) => reports.push(report) },
  );
  expect(reports.map(({ done }) => done)).toEqual([0.999, 1, 1.999, 2]);
  expect(reports[3].figures).toMatchObject({ train_loss: 98, val_loss: 3, learning_rate: 1 });
});

test("a loss that is not a number ends training with a reason", async () => {
  const { trainer } = scripted([5, Number.NaN]);
  await expect(fitEpochs(trainer, split, options, {})).rejects.toMatchObject({
    code: "BAD_DATA",
    message: "the validation loss became NaN in epoch 2",
    hint: expect.stringContaining("lower learningRate"),
  });
});

test("an abort before an epoch stops", async () => {
  const { trainer, rates } = scripted([1, 1, 1]);
  const stop = new AbortController();
  const onProgress = ({ done }: Progress) => {
    if (done === 2) stop.abort();
  };
  await expect(fitEpochs(trainer, split, options, { signal: stop.signal, onProgress })).rejects.toMatchObject(
    {
      code: "ABORTED",
    },
  );
  expect(rates).toHaveLength(2);
});
