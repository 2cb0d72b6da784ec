import { afterAll, beforeAll, expect, test } from "vitest";
import { randomNumbers } from "../../test/helpers/gradients.ts";
import type { DenseMatrix } from "../core/dense.ts";
import { createReferenceEngine } from "../kernels/reference/engine.ts";
import type { Engine } from "../kernels/types.ts";
import { createWasmEngine } from "../kernels/wasm/engine.ts";
import { createApproximateIndex } from "./approximate.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createWasmEngine({ numThreads: 1 });
});
afterAll(() => engine.dispose());

const points = (seed: number, nRows: number, nCols: number): DenseMatrix => ({
  nRows,
  nCols,
  data: Float32Array.from(randomNumbers(seed, nRows * nCols)),
});

async function search(reference: DenseMatrix, queries: DenseMatrix, k: number, nProbes: number, by = engine) {
  const index = await createApproximateIndex(by, reference, { nProbes });
  try {
    return await index.search(queries, k);
  } finally {
    index.dispose();
  }
}

test("with every list searched it is the exact search", async () => {
  const [reference, queries] = [points(1, 300, 4), points(2, 40, 4)];
  const exact = await engine.createKnnIndex(reference);
  expect(await search(reference, queries, 9, 1000)).toEqual(await exact.search(queries, 9));
  exact.dispose();
});

test("with a few lists most neighbours are found, at their exact distances", async () => {
  const [reference, queries] = [points(3, 2000, 3), points(4, 60, 3)];
  const exact = await engine.createKnnIndex(reference);
  const truth = await exact.search(queries, 5);
  exact.dispose();
  const found = await search(reference, queries, 5, 8);
  let hits = 0;
  for (let q = 0; q < queries.nRows; q++) {
    const rows = truth.indices.subarray(5 * q, 5 * q + 5);
    for (let i = 5 * q; i < 5 * q + 5; i++) {
      const at = rows.indexOf(found.indices[i]);
      if (at >= 0) expect(found.distances[i]).toBe(truth.distances[5 * q + at]);
      hits += at >= 0 ? 1 : 0;
    }
  }
  expect(hits / truth.indices.length).toBeGreaterThan(0.9);
});

test("equal points come in the order of their rows, each once", async () => {
  const reference = { nRows: 30, nCols: 2, data: new Float32Array(60) };
  const found = await search(reference, { nRows: 1, nCols: 2, data: new Float32Array(2) }, 4, 2);
  expect([...found.indices]).toEqual([0, 1, 2, 3]);
});

test("lists with fewer rows than neighbours are asked for do not matter", async () => {
  const [reference, queries] = [points(5, 50, 2), points(6, 5, 2)];
  const exact = await engine.createKnnIndex(reference);
  expect(await search(reference, queries, 45, 1)).toEqual(await exact.search(queries, 45));
  expect((await search(reference, queries, 99, 1)).k).toBe(50);
  exact.dispose();
});

test("engines agree", async () => {
  const [reference, queries] = [points(7, 400, 5), points(8, 20, 5)];
  const other = await search(reference, queries, 6, 3, createReferenceEngine());
  const found = await search(reference, queries, 6, 3);
  expect(found.indices).toEqual(other.indices);
});
