import fc from "fast-check";
import { expect, test } from "vitest";
import { randomProblem, tensorsOf } from "../../../test/helpers/training-fixtures.ts";
import { hash32 } from "../../core/rng.ts";
import type { NetworkShape, TrainerOptions } from "../types.ts";
import { createReferenceEngine } from "./engine.ts";
import { createTrainer } from "./trainer.ts";

const shape: NetworkShape = { nGenes: 9, hiddenSizes: [7, 5], nClasses: [2, 4], coordDims: [3, 2] };
const upTo = (n: number) => Uint32Array.from({ length: n }, (_, i) => i);

async function trained(problem: TrainerOptions, epochs = 3) {
  const trainer = createTrainer(problem);
  for (let i = 0; i < epochs; i++) await trainer.runEpoch(upTo(problem.data.x.nRows), { learningRate: 0.01 });
  return trainer;
}

test("the same problem twice gives the same bits, whatever holds the gene indices", async () => {
  const problem = randomProblem({ seed: 5, nRows: 21, shape, binary: false });
  const once = tensorsOf((await trained(problem)).weights());
  const { x } = problem.data;
  const wide = { ...problem, data: { ...problem.data, x: { ...x, indices: Uint32Array.from(x.indices) } } };
  expect(tensorsOf((await trained(problem)).weights())).toEqual(once);
  expect(tensorsOf((await trained(wide)).weights())).toEqual(once);
  expect(tensorsOf((await trained({ ...problem, dropoutKey: 6 })).weights())).not.toEqual(once);
});

test("the bits after three epochs are the same on every platform", async () => {
  const tensors = tensorsOf(
    (await trained(randomProblem({ seed: 5, nRows: 21, shape, binary: false }))).weights(),
  );
  let digest = 0;
  for (const tensor of tensors)
    for (const word of new Uint32Array(tensor.buffer, tensor.byteOffset, tensor.length))
      digest = hash32(digest ^ word);
  expect(digest).toBe(3422640843);
});

test("awkward sizes train to finite weights and the loss is the sum of its weighted parts", async () => {
  const cases = fc.record({
    seed: fc.nat({ max: 1e6 }),
    nRows: fc.integer({ min: 1, max: 20 }),
    batchSize: fc.integer({ min: 1, max: 9 }),
    hidden: fc.constantFrom([1], [3], [5, 2], [4, 1, 6]),
    nClasses: fc.constantFrom([1], [2, 1], [3]),
    coordDims: fc.constantFrom<readonly number[]>([], [1], [2, 5]),
    density: fc.constantFrom(0, 0.2, 1),
    binary: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(
      cases,
      async ({ seed, nRows, batchSize, hidden, nClasses, coordDims, density, binary }) => {
        const sizes = { nGenes: 5, hiddenSizes: hidden, nClasses, coordDims };
        const problem = { ...randomProblem({ seed, nRows, shape: sizes, binary, density }), batchSize };
        const trainer = await trained(problem, 2);
        for (const tensor of tensorsOf(trainer.weights())) expect(tensor.every(Number.isFinite)).toBe(true);
        const { loss } = problem;
        const parts = await trainer.evaluate(upTo(nRows));
        const sum =
          parts.labels.reduce((total, part, j) => total + loss.taskWeights[j] * part, 0) +
          parts.coords.reduce((total, part, c) => total + loss.coordWeights[c] * part, 0) +
          loss.domainWeight * parts.domain +
          (loss.topology?.weight ?? 0) * parts.topology;
        expect(parts.total).toBeCloseTo(sum, 10);
      },
    ),
    { numRuns: 40 },
  );
});

test("training lowers the loss; evaluating and taking weights change nothing", async () => {
  const problem = randomProblem({ seed: 8, nRows: 40, shape, binary: true });
  const trainer = createTrainer(problem);
  const rows = upTo(40);
  const before = await trainer.evaluate(rows);
  expect(await trainer.evaluate(rows)).toEqual(before);
  trainer.weights().encoder[0].weight.fill(100);
  expect(await trainer.evaluate(rows)).toEqual(before);
  for (let i = 0; i < 20; i++) await trainer.runEpoch(rows, { learningRate: 0.01 });
  expect((await trainer.evaluate(rows)).total).toBeLessThan(before.total * 0.9);
});

test("a cell transform sees each cell with its row and step, and its values are what is trained on", async () => {
  const problem = randomProblem({ seed: 5, nRows: 21, shape, binary: false });
  const rows = Uint32Array.from({ length: 21 }, (_, i) => (8 * i) % 21);
  const { indptr, data } = problem.data.x;
  const seen: (number | null)[][] = [];
  const double = { ...problem.data.x, data: data!.map((value) => 2 * value) };
  const transformed = createTrainer({
    ...problem,
    cellTransform: (values, start, end, row, step) => {
      expect([...values.subarray(start, end)]).toEqual([...data!.subarray(indptr[row], indptr[row + 1])]);
      seen.push([row, step]);
      for (let e = start; e < end; e++) values[e] = 2 * values[e];
    },
  });
  const plain = createTrainer({ ...problem, data: { ...problem.data, x: double } });
  for (let epoch = 0; epoch < 2; epoch++)
    expect(await transformed.runEpoch(rows, { learningRate: 0.01 })).toEqual(
      await plain.runEpoch(rows, { learningRate: 0.01 }),
    );
  expect(await transformed.evaluate(rows)).toEqual(await plain.evaluate(rows));
  expect(tensorsOf(transformed.weights())).toEqual(tensorsOf(plain.weights()));
  const steps = [0, 3].map((before) => [...rows].map((row, i) => [row, before + Math.floor(i / 8) + 1]));
  expect(seen).toEqual([...steps.flat(), ...[...rows].map((row) => [row, null])]);
});

test("the first AdamW step moves each weight by the learning rate, against its gradient", async () => {
  const problem = { ...randomProblem({ seed: 2, nRows: 6, shape, binary: true }), dropoutRate: 0 };
  const calm = { ...problem, optimizer: { ...problem.optimizer, weightDecay: 0 } };
  const trainer = createTrainer(calm);
  await trainer.runEpoch(upTo(6), { learningRate: 1e-4 });
  const after = tensorsOf(trainer.weights());
  const lossAt = (options: TrainerOptions) => createTrainer(options).evaluate(upTo(6));
  const tensors = tensorsOf(calm.initial);
  for (const [t, tensor] of tensors.entries())
    for (let i = 0; i < tensor.length; i += 3) {
      const kept = tensor[i];
      tensor[i] = kept + 0.001;
      const above = (await lossAt(calm)).total;
      tensor[i] = kept - 0.001;
      const below = (await lossAt(calm)).total;
      tensor[i] = kept;
      const slope = (above - below) / 0.002;
      if (Math.abs(slope) < 1e-4) continue;
      expect(after[t][i] - kept, `tensor ${t} element ${i}`).toBeCloseTo(-Math.sign(slope) * 1e-4, 6);
    }
});

test("the last short batch is used and batches are reported", async () => {
  const problem = randomProblem({ seed: 3, nRows: 19, shape, binary: true });
  const done: number[] = [];
  await createTrainer(problem).runEpoch(upTo(19), {
    learningRate: 0.01,
    onBatch: (cells) => done.push(cells),
  });
  expect(done).toEqual([8, 16, 19]);
});

test("an aborted epoch stops at the next batch", async () => {
  const problem = randomProblem({ seed: 3, nRows: 19, shape, binary: true });
  const stop = new AbortController();
  let nBatches = 0;
  const epoch = createTrainer(problem).runEpoch(upTo(19), {
    learningRate: 0.01,
    signal: stop.signal,
    onBatch: () => {
      nBatches++;
      stop.abort();
    },
  });
  await expect(epoch).rejects.toMatchObject({ code: "ABORTED" });
  expect(nBatches).toBe(1);
});

test("inference agrees with the loss that evaluation reports, in any split into blocks", async () => {
  const problem = randomProblem({ seed: 12, nRows: 10, shape, binary: false });
  const engine = createReferenceEngine();
  const inference = await engine.createInference(shape, problem.initial);
  const { x } = problem.data;
  const whole = await inference.run(x);
  const half = { ...x, nRows: 4, indptr: x.indptr.slice(0, 5), indices: x.indices.slice(0, x.indptr[4]) };
  const part = await inference.run(half);
  expect(part.latent).toEqual(whole.latent.slice(0, 4 * 5));
  expect(part.logits[1]).toEqual(whole.logits[1].slice(0, 4 * 4));
  const expected = (await createTrainer({ ...problem, batchSize: 10 }).evaluate(upTo(10))).labels[0];
  let [sum, n] = [0, 0];
  problem.data.labels[0].forEach((target, r) => {
    if (target < 0) return;
    const row = [...whole.logits[0].subarray(2 * r, 2 * r + 2)];
    sum += Math.log(row.reduce((total, z) => total + Math.exp(z), 0)) - row[target];
    n++;
  });
  expect(sum / n).toBeCloseTo(expected, 5);
  await expect(inference.run({ ...x, nCols: 8 })).rejects.toMatchObject({ code: "BUG" });
});

test("arrays that do not fit each other are refused", () => {
  const problem = randomProblem({ seed: 1, nRows: 5, shape, binary: true });
  const { data, loss } = problem;
  const wrong: Partial<TrainerOptions>[] = [
    { data: { ...data, labels: [data.labels[0]] } },
    { data: { ...data, labels: [data.labels[0], new Int32Array(5).fill(4)] } },
    { data: { ...data, labels: [data.labels[0], new Int32Array(4)] } },
    { data: { ...data, coords: [data.coords[1], data.coords[0]] } },
    { data: { ...data, domains: new Int32Array(3) } },
    { data: { ...data, x: { ...data.x, nCols: 8 } } },
    { loss: { ...loss, taskWeights: [1] } },
    { batchSize: 0 },
    { dropoutRate: 1 },
    { cellTransform: () => {} },
  ];
  for (const change of wrong)
    expect(() => createTrainer({ ...problem, ...change })).toThrow(expect.objectContaining({ code: "BUG" }));
});
