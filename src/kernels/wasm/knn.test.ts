import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { uniform } from "../../../test/helpers/kernels.ts";
import type { DenseMatrix } from "../../core/dense.ts";
import { createReferenceEngine } from "../reference/engine.ts";
import type { Engine } from "../types.ts";
import { createWasmEngine } from "./engine.ts";

let engine: Engine;
const oracle = createReferenceEngine();
beforeAll(async () => {
  engine = await createWasmEngine({ numThreads: 2 });
});
afterAll(() => engine.dispose());

function matrix(nRows: number, nCols: number, value: () => number): DenseMatrix {
  return { nRows, nCols, data: Float32Array.from({ length: nRows * nCols }, value) };
}

async function expectExact(reference: DenseMatrix, queries: DenseMatrix, k: number): Promise<void> {
  const index = await engine.createKnnIndex(reference);
  const actual = await index.search(queries, k);
  const expected = await (await oracle.createKnnIndex(reference)).search(queries, k);
  index.dispose();
  expect(actual.k).toBe(Math.min(k, reference.nRows));
  expect(actual.indices).toEqual(expected.indices);
  expect(actual.distances).toEqual(expected.distances);
}

test.each([
  [1, 1, 1, 1],
  [5, 3, 2, 9],
  [17, 1, 40, 4],
  [33, 7, 5, 33],
  [500, 50, 70, 15],
  [1000, 128, 530, 3],
  [300, 513, 10, 20],
])(
  "%i references of width %i, %i queries, k = %i equal brute force in float64",
  async (n, width, nQueries, k) => {
    const draw = uniform(n + width, "knn", -1, 1);
    await expectExact(matrix(n, width, draw), matrix(nQueries, width, draw), k);
  },
);

test("duplicates and ties come in row order", async () => {
  const draw = uniform(1, "ties");
  const coarse = () => Math.floor(draw() * 3);
  await expectExact(matrix(400, 3, coarse), matrix(60, 3, coarse), 25);
  await expectExact(
    matrix(100, 4, () => 2.5),
    matrix(3, 4, () => 2.5),
    10,
  );
});

test("close neighbours far from the origin, where float32 products cancel", async () => {
  const draw = uniform(2, "far");
  await expectExact(
    matrix(300, 20, () => 1e4 + draw()),
    matrix(40, 20, () => 1e4 + draw()),
    7,
  );
  await expectExact(
    matrix(64, 8, () => 3e7 + 100 * draw()),
    matrix(9, 8, () => 3e7 + 100 * draw()),
    7,
  );
});

test("sparse, huge, tiny and zero coordinates", async () => {
  const draw = uniform(3, "odd");
  const sparse = () => Math.max(0, draw() - 0.6);
  await expectExact(matrix(200, 31, sparse), matrix(50, 31, sparse), 8);
  await expectExact(
    matrix(90, 5, () => 1e30 * draw()),
    matrix(9, 5, () => 1e30 * draw()),
    8,
  );
  await expectExact(
    matrix(90, 5, () => 1e-30 * draw()),
    matrix(9, 5, () => 1e-30 * draw()),
    8,
  );
  await expectExact(
    matrix(90, 5, () => 0),
    matrix(9, 5, () => 0),
    8,
  );
});

test("any small matrices equal brute force", async () => {
  const cell = fc.integer({ min: -4, max: 4 }).map((i) => i / 2);
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 6 }),
      fc.array(cell, { minLength: 6, maxLength: 240 }),
      fc.array(cell, { minLength: 6, maxLength: 60 }),
      fc.integer({ min: 1, max: 50 }),
      async (width, reference, queries, k) => {
        const rows = (cells: number[]) => {
          const nRows = Math.floor(cells.length / width);
          return { nRows, nCols: width, data: Float32Array.from(cells.slice(0, nRows * width)) };
        };
        await expectExact(rows(reference), rows(queries), k);
      },
    ),
    { numRuns: 60 },
  );
});

test("no queries and no references give nothing; wrong calls are refused", async () => {
  const index = await engine.createKnnIndex(matrix(4, 3, () => 1));
  expect(
    (
      await index.search(
        matrix(0, 3, () => 1),
        2,
      )
    ).indices.length,
  ).toBe(0);
  await expect(
    index.search(
      matrix(1, 2, () => 1),
      2,
    ),
  ).rejects.toMatchObject({ code: "MISMATCH" });
  await expect(
    index.search(
      matrix(1, 3, () => 1),
      0,
    ),
  ).rejects.toMatchObject({ code: "USAGE" });
  await expect(
    index.search(
      matrix(1, 3, () => Number.NaN),
      1,
    ),
  ).rejects.toMatchObject({ code: "BAD_DATA" });
  index.dispose();
  const none = await engine.createKnnIndex(matrix(0, 3, () => 1));
  expect(
    (
      await none.search(
        matrix(2, 3, () => 1),
        5,
      )
    ).k,
  ).toBe(0);
  none.dispose();
});
