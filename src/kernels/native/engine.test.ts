/** The native kernels against WebAssembly, bit for bit. Skipped where they were not built (npm run build:native). */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hashWeights } from "../../../test/helpers/hash-weights.ts";
import { randomOrder, trainingProblem, uniform } from "../../../test/helpers/kernels.ts";
import { describeNative, nativeWidths, nativeEngine as startNative } from "../../../test/helpers/native.ts";
import type { DenseMatrix } from "../../core/dense.ts";
import type { Engine, NetworkShape, TrainerOptions } from "../types.ts";
import { createWasmEngine } from "../wasm/engine.ts";
import type { NativeEngineOptions } from "./engine.ts";

const nativeEngine = (options: NativeEngineOptions): Engine => startNative(options)!;

let wasm: Engine;
beforeAll(async () => {
  wasm = await createWasmEngine();
});
afterAll(() => wasm.dispose());

/** Weights and losses after some steps, as text: equal texts are equal bits. */
async function train(engine: Engine, problem: TrainerOptions, nCells: number): Promise<unknown> {
  const trainer = await engine.createTrainer(problem);
  const { nRows } = problem.data.x;
  const losses = [];
  for (let epoch = 0; epoch < 2; epoch++)
    losses.push(await trainer.runEpoch(randomOrder(epoch, nCells, nRows), { learningRate: 2e-3 }));
  losses.push(await trainer.evaluate(randomOrder(9, nRows, nRows)));
  const weights = trainer.weights();
  trainer.dispose();
  const network = await engine.createInference(problem.shape, weights);
  const { latent, logits, coords } = await network.run(problem.data.x);
  const outputs = [latent, ...logits, ...coords].map(bits);
  network.dispose();
  return { hash: hashWeights(weights), losses, outputs };
}

const bits = (values: Float32Array): string => Buffer.from(values.slice().buffer).toString("base64");

function matrix(nRows: number, nCols: number, value: () => number): DenseMatrix {
  return { nRows, nCols, data: Float32Array.from({ length: nRows * nCols }, value) };
}

async function search(
  engine: Engine,
  reference: DenseMatrix,
  queries: DenseMatrix,
  k: number,
): Promise<unknown> {
  const index = await engine.createKnnIndex(reference);
  const { indices, distances } = await index.search(queries, k);
  index.dispose();
  return { indices: [...indices], distances: [...distances] };
}

describeNative("the native kernels", () => {
  test("known bytes: those of WebAssembly, for every width and any number of threads", async () => {
    const shape: NetworkShape = { nGenes: 301, hiddenSizes: [50, 23], nClasses: [3, 12], coordDims: [2] };
    for (const width of nativeWidths())
      for (const numThreads of [1, 2, 8]) {
        const engine = nativeEngine({ width, numThreads });
        const problem = trainingProblem(30, shape, 200, { binary: true, nDomains: 2 }, { batchSize: 48 });
        const trainer = await engine.createTrainer(problem);
        for (let epoch = 0; epoch < 3; epoch++)
          await trainer.runEpoch(randomOrder(epoch, 200, 200), { learningRate: 2e-3 });
        // As in wasm/pool.test.ts.
        expect(hashWeights(trainer.weights()), `${width} bits, ${numThreads} threads`).toBe(
          "478f28943585cec6ff2d7cd3365e606546aa8e0d952949c82e6a1c7a33696fa8",
        );
        engine.dispose();
      }
  });

  describe.each(nativeWidths())("vectors of %i bits", (width) => {
    let engines: Engine[];
    beforeAll(() => {
      engines = [1, 2, 8].map((numThreads) => nativeEngine({ width, numThreads }));
    });
    afterAll(() => {
      for (const engine of engines) engine.dispose();
    });

    test("any network trains and predicts to the same bits", async () => {
      const size = fc.integer({ min: 1, max: 40 });
      const shapes = fc.record({
        nGenes: fc.integer({ min: 1, max: 90 }),
        hiddenSizes: fc.array(size, { minLength: 1, maxLength: 3 }),
        nClasses: fc.array(size, { maxLength: 3 }),
        coordDims: fc.array(fc.integer({ min: 1, max: 17 }), { maxLength: 2 }),
      });
      await fc.assert(
        fc.asyncProperty(
          shapes,
          fc.record({
            seed: fc.nat(1e6),
            nCells: fc.integer({ min: 1, max: 70 }),
            batchSize: fc.integer({ min: 1, max: 70 }),
          }),
          fc.record({ binary: fc.boolean(), domains: fc.boolean(), rate: fc.constantFrom(0, 0.1, 0.5) }),
          async (shape, { seed, nCells, batchSize }, { binary, domains, rate }) => {
            const data = { binary, ...(domains ? { nDomains: 3 } : {}) };
            const problem = () => {
              const own = trainingProblem(seed, shape, nCells, data, { batchSize, dropoutRate: rate });
              return { ...own, loss: { ...own.loss, domainWeight: domains ? 0.3 : 0 } };
            };
            const expected = await train(wasm, problem(), nCells);
            for (const engine of engines) expect(await train(engine, problem(), nCells)).toEqual(expected);
          },
        ),
        { numRuns: 40 },
      );
    });

    test("more genes than a tile holds, and a wide head", async () => {
      const shape: NetworkShape = { nGenes: 4500, hiddenSizes: [40, 19], nClasses: [301, 2], coordDims: [5] };
      for (const binary of [true, false]) {
        const problem = () => trainingProblem(7, shape, 40, { binary, density: 0.05 }, { batchSize: 30 });
        const expected = await train(wasm, problem(), 40);
        for (const engine of engines) expect(await train(engine, problem(), 40)).toEqual(expected);
      }
    });

    test("the same neighbours at the same distances: ties, cancellation, zeros, huge and tiny numbers", async () => {
      const draw = uniform(5, "native");
      const numbers: (() => number)[] = [
        () => draw() - 0.5,
        () => Math.floor(draw() * 3),
        () => Math.max(0, draw() - 0.6),
        () => 1e4 + draw(),
        () => 1e30 * draw(),
        () => 1e-30 * draw(),
      ];
      for (const number of numbers)
        for (const [n, dim, nQueries, k] of [
          [1, 1, 1, 1],
          [33, 7, 5, 40],
          [400, 31, 70, 15],
          [300, 130, 530, 3],
        ] as const) {
          const reference = matrix(n, dim, number);
          const queries = matrix(nQueries, dim, number);
          const expected = await search(wasm, reference, queries, k);
          for (const engine of engines) expect(await search(engine, reference, queries, k)).toEqual(expected);
        }
    });
  });
});
