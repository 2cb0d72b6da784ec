import { spawnSync } from "node:child_process";
import { describe, expect, test } from "vitest";
import { hashWeights } from "../../../test/helpers/hash-weights.ts";
import { randomOrder, trainingProblem } from "../../../test/helpers/kernels.ts";
import type { NetworkShape } from "../types.ts";
import { createWasmEngine, type WasmEngineOptions } from "./engine.ts";
import { TASK } from "./pool.ts";

const shape: NetworkShape = { nGenes: 301, hiddenSizes: [50, 23], nClasses: [3, 12], coordDims: [2] };

async function train(
  options: WasmEngineOptions,
  binary: boolean,
): Promise<{ hash: string; losses: unknown }> {
  const engine = await createWasmEngine(options);
  await engine.session.pool.ready();
  const problem = trainingProblem(30, shape, 200, { binary, nDomains: 2 }, { batchSize: 48 });
  const trainer = await engine.createTrainer(problem);
  const losses = [];
  for (let epoch = 0; epoch < 3; epoch++)
    losses.push(await trainer.runEpoch(randomOrder(epoch, 200, 200), { learningRate: 2e-3 }));
  losses.push(await trainer.evaluate(randomOrder(9, 200, 200)));
  const hash = hashWeights(trainer.weights());
  trainer.dispose();
  engine.dispose();
  return { hash, losses };
}

describe.each([true, false])("binary input %s", (binary) => {
  test("any number of threads, with or without shared memory, gives the same bytes", async () => {
    const expected = await train({ numThreads: 1, sharedMemory: false }, binary);
    expect(await train({ numThreads: 1, sharedMemory: true }, binary)).toEqual(expected);
    for (const numThreads of [2, 3, 8]) expect(await train({ numThreads }, binary)).toEqual(expected);
  });
});

test("known bytes: the same on every platform and in every version of the kernels", async () => {
  const { hash } = await train({ numThreads: 2 }, true);
  expect(hash).toBe("478f28943585cec6ff2d7cd3365e606546aa8e0d952949c82e6a1c7a33696fa8");
});

test("threads take part", async () => {
  const engine = await createWasmEngine({ numThreads: 2 });
  await engine.session.pool.ready();
  // A trap aimed at thread 1 reaches the caller only if that thread claims a task.
  let failure: unknown;
  for (let i = 0; i < 2000 && failure === undefined; i++) {
    try {
      engine.session.pool.start([{ kind: TASK.trap, argument: 1, nTasks: 20000 }]);
      engine.session.pool.join();
    } catch (error) {
      failure = error;
    }
  }
  expect(failure).toMatchObject({ code: "BUG", message: expect.stringContaining("unreachable") });
  engine.dispose();
});

test("a job may use memory that grew just before it started, on more threads than there are cores", async () => {
  const shape: NetworkShape = { nGenes: 8, hiddenSizes: [16], nClasses: [3], coordDims: [] };
  const linear = (nIn: number, nOut: number) => ({
    nIn,
    nOut,
    weight: new Float32Array(nIn * nOut).fill(0.1),
    bias: new Float32Array(nOut),
  });
  const weights = { encoder: [linear(8, 16)], labelHeads: [linear(16, 3)], coordHeads: [] };
  const nRows = 500;
  const cells = {
    nRows,
    nCols: 8,
    indptr: Uint32Array.from({ length: nRows + 1 }, (_, i) => i),
    indices: new Uint32Array(nRows),
    data: new Float32Array(nRows).fill(1),
  };
  // A thread that was interrupted between two instructions may not know the new size yet: one engine in ten or
  // so met that before threads looked (V8 11.3, eight threads on two cores).
  for (let round = 0; round < 8; round++) {
    const engine = await createWasmEngine({ numThreads: 8 });
    for (let i = 0; i < 200; i++) {
      engine.session.arena.allocate(10 * 65536, "a test");
      const network = await engine.createInference(shape, weights);
      expect((await network.run(cells)).nRows).toBe(nRows);
    }
    engine.dispose();
  }
}, 60_000);

test("a kernel that traps on the caller's thread is a BUG, and so is every later call", async () => {
  const engine = await createWasmEngine({ numThreads: 2 });
  await engine.session.pool.ready();
  const run = () => {
    engine.session.pool.start([{ kind: TASK.trap, argument: 0xffffffff, nTasks: 1 }]);
    engine.session.pool.join();
  };
  expect(run).toThrowError(expect.objectContaining({ code: "BUG" }));
  const problem = trainingProblem(31, shape, 20);
  const trainer = await engine.createTrainer(problem);
  await expect(trainer.runEpoch(randomOrder(1, 20, 20), { learningRate: 1e-3 })).rejects.toMatchObject({
    code: "BUG",
  });
  engine.dispose();
  expect(run).toThrowError(expect.objectContaining({ code: "USAGE" }));
});

test("threads never keep the process alive", () => {
  const script = `
    const { Worker } = require("node:worker_threads");
    const shared = new Int32Array(new SharedArrayBuffer(8));
    const worker = new Worker("Atomics.wait(require('node:worker_threads').workerData, 0, 0)", { eval: true, workerData: shared });
    worker.unref();
  `;
  // What the pool relies on: an unreferenced worker that sleeps for ever does not hold the process.
  expect(spawnSync(process.execPath, ["-e", script], { timeout: 10_000 }).status).toBe(0);
});

test.each([0, 1.5, 65, Number.NaN])("%s threads are refused", async (numThreads) => {
  await expect(createWasmEngine({ numThreads })).rejects.toMatchObject({ code: "USAGE" });
});
