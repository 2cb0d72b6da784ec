import { expect, test } from "vitest";
import { randomCsr, randomWeights } from "../../../test/helpers/kernels.ts";
import { createReferenceEngine } from "../reference/engine.ts";
import type { NetworkShape } from "../types.ts";
import { createWasmEngine } from "./engine.ts";

const small: NetworkShape = { nGenes: 53, hiddenSizes: [21, 10], nClasses: [1, 4, 17], coordDims: [2, 5] };

function largestDifference(a: Float32Array, b: Float32Array): number {
  expect(a.length).toBe(b.length);
  return a.reduce((most, value, i) => {
    return Math.max(most, Math.abs(value - b[i]));
  }, 0);
}

test.each([
  ["float values", small, 33, false],
  ["binary values", small, 33, true],
  ["one row", small, 1, false],
  ["more rows than one pass takes", small, 4500, false],
  ["one hidden unit", { ...small, hiddenSizes: [1] }, 20, false],
  ["many genes", { ...small, nGenes: 9000 }, 20, true],
  ["no heads", { ...small, nClasses: [], coordDims: [] }, 20, false],
] as const)("inference agrees with the oracle: %s", async (_, shape, nRows, binary) => {
  const weights = randomWeights(5, shape);
  const block = randomCsr(6, nRows, shape.nGenes, 0.15, binary);
  const engine = await createWasmEngine({ numThreads: 2 });
  const inference = await engine.createInference(shape, weights);
  const oracle = await createReferenceEngine().createInference(shape, weights);
  const actual = await inference.run(block);
  const expected = await oracle.run(block);
  expect(actual.nRows).toBe(nRows);
  expect(largestDifference(actual.latent, expected.latent)).toBeLessThan(3e-6);
  expect(actual.logits.length).toBe(shape.nClasses.length);
  expect(actual.coords.length).toBe(shape.coordDims.length);
  actual.logits.forEach((logits, j) => {
    expect(largestDifference(logits, expected.logits[j])).toBeLessThan(3e-6);
  });
  actual.coords.forEach((coords, c) => {
    expect(largestDifference(coords, expected.coords[c])).toBeLessThan(3e-6);
  });
  inference.dispose();
  engine.dispose();
});

test("an empty block and blocks of different kinds follow each other", async () => {
  const engine = await createWasmEngine();
  const inference = await engine.createInference(small, randomWeights(5, small));
  const empty = {
    nRows: 0,
    nCols: small.nGenes,
    indptr: Uint32Array.of(0),
    indices: new Uint32Array(0),
    data: null,
  };
  expect((await inference.run(empty)).latent.length).toBe(0);
  const ones = randomCsr(8, 9, small.nGenes, 0.3, true);
  const before = structuredClone(await inference.run(ones));
  await inference.run(randomCsr(9, 700, small.nGenes, 0.3, false));
  const explicit = { ...ones, data: new Float32Array(ones.indices.length).fill(1) };
  expect(await inference.run(ones)).toEqual(before);
  expect(await inference.run(explicit)).toEqual(before);
  engine.dispose();
});

test("each row's result is the same in any company", async () => {
  const engine = await createWasmEngine({ numThreads: 3 });
  const inference = await engine.createInference(small, randomWeights(5, small));
  const block = randomCsr(11, 600, small.nGenes, 0.3, false);
  const whole = structuredClone(await inference.run(block));
  const start = block.indptr[597];
  const alone = await inference.run({
    nRows: 3,
    nCols: block.nCols,
    indptr: block.indptr.slice(597).map((p) => p - start),
    indices: block.indices.slice(start),
    data: block.data!.slice(start),
  });
  expect(alone.latent).toEqual(whole.latent.slice(597 * 10));
  engine.dispose();
});

test("wrong sizes are refused", async () => {
  const engine = await createWasmEngine();
  const weights = randomWeights(5, small);
  await expect(engine.createInference({ ...small, nGenes: 54 }, weights)).rejects.toMatchObject({
    code: "BUG",
  });
  const inference = await engine.createInference(small, weights);
  await expect(inference.run(randomCsr(1, 2, 52, 0.1, true))).rejects.toMatchObject({ code: "BUG" });
  inference.dispose();
  await expect(inference.run(randomCsr(1, 2, 53, 0.1, true))).rejects.toMatchObject({ code: "USAGE" });
  engine.dispose();
});

test("the next block is prepared while a block runs, and what fails there leaves the network usable", async () => {
  const engine = await createWasmEngine({ numThreads: 2 });
  const inference = await engine.createInference(small, randomWeights(5, small));
  const block = randomCsr(6, 300, small.nGenes, 0.15, true);
  const expected = structuredClone(await inference.run(block));
  let calls = 0;
  const prepared = await inference.run(block, async () => {
    calls++;
    await new Promise((resolve) => setTimeout(resolve, 5));
  });
  expect(calls).toBe(1);
  expect(prepared).toEqual(expected);
  const failing = inference.run(block, async () => {
    throw new Error("the file ended");
  });
  await expect(failing).rejects.toThrow("the file ended");
  expect(await inference.run(block)).toEqual(expected);
  engine.dispose();
});
