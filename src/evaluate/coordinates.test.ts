import fc from "fast-check";
import { expect, test } from "vitest";
import type { DenseMatrix } from "../core/dense.ts";
import { scoreCoordinates } from "./coordinates.ts";

const matrix = (rows: readonly (readonly number[])[]): DenseMatrix => ({
  nRows: rows.length,
  nCols: rows[0]?.length ?? 2,
  data: Float32Array.from(rows.flat()),
});

/** Neighbours by sorting everything, as the definition says. */
function bruteForce(truth: number[][], predicted: number[][], k: number) {
  const n = truth.length;
  const order = (rows: number[][], i: number) =>
    rows
      .map((row, j) => ({ j, d: row.reduce((sum, x, c) => sum + (x - rows[i][c]) ** 2, 0) }))
      .filter(({ j }) => j !== i)
      .sort((a, b) => a.d - b.d || a.j - b.j)
      .map(({ j }) => j);
  let [trust, cont, overlap] = [0, 0, 0];
  for (let i = 0; i < n; i++) {
    const [a, b] = [order(truth, i), order(predicted, i)];
    for (const j of b.slice(0, k)) trust += Math.max(0, a.indexOf(j) + 1 - k);
    for (const j of a.slice(0, k)) cont += Math.max(0, b.indexOf(j) + 1 - k);
    overlap += a.slice(0, k).filter((j) => b.slice(0, k).includes(j)).length / k;
  }
  const scale = 2 / (n * k * (2 * n - 3 * k - 1));
  return { trustworthiness: 1 - scale * trust, continuity: 1 - scale * cont, neighborOverlap: overlap / n };
}

test("neighbourhood scores equal the definition, ties included", async () => {
  const point = fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 4 }));
  await fc.assert(
    fc.asyncProperty(fc.array(fc.tuple(point, point), { minLength: 7, maxLength: 20 }), async (pairs) => {
      const truth = pairs.map(([a]) => [...a]);
      const predicted = pairs.map(([, b]) => [...b]);
      const got = await scoreCoordinates(matrix(truth), matrix(predicted), { k: 3 });
      for (const [name, value] of Object.entries(bruteForce(truth, predicted, 3)))
        expect(got[name as "continuity"]).toBeCloseTo(value, 12);
    }),
  );
});

test("equal coordinates are perfect; a shift changes the error alone", async () => {
  const rows = Array.from({ length: 30 }, (_, i) => [i * i, 7 * i]);
  const moved = rows.map(([x, y]) => [x + 3, y + 4]);
  expect(await scoreCoordinates(matrix(rows), matrix(rows))).toEqual({
    rmse: 0,
    trustworthiness: 1,
    continuity: 1,
    neighborOverlap: 1,
    nCells: 30,
    nCompared: 30,
  });
  expect(await scoreCoordinates(matrix(rows), matrix(moved))).toMatchObject({
    rmse: Math.sqrt(12.5),
    trustworthiness: 1,
  });
});

test("too few cells, and cells without coordinates, are not compared", async () => {
  const rows = Array.from({ length: 20 }, (_, i) => [i, 0]);
  expect(await scoreCoordinates(matrix(rows), matrix(rows))).toMatchObject({
    rmse: 0,
    trustworthiness: Number.NaN,
    nCompared: 20,
  });
  expect((await scoreCoordinates(matrix([]), matrix([]))).rmse).toBeNaN();
  const holes = [...rows, [Number.NaN, 1], [1, Number.POSITIVE_INFINITY]];
  expect((await scoreCoordinates(matrix(holes), matrix(holes))).nCells).toBe(20);
});

test("of many cells the same ones are drawn each time", async () => {
  const rows = Array.from({ length: 60 }, (_, i) => [(i * 37) % 61, i]);
  const other = Array.from({ length: 60 }, (_, i) => [(i * 17) % 61, i]);
  const options = { k: 3, maxCells: 30, seed: 5 };
  const once = await scoreCoordinates(matrix(rows), matrix(other), options);
  expect(once.nCompared).toBe(30);
  expect(await scoreCoordinates(matrix(rows), matrix(other), options)).toEqual(once);
  expect(await scoreCoordinates(matrix(rows), matrix(other), { ...options, seed: 6 })).not.toEqual(once);
});

test("other shapes and a k below 1 are refused", async () => {
  await expect(scoreCoordinates(matrix([[1, 2]]), matrix([[1]]))).rejects.toThrow(/1 × 2.*1 × 1/);
  await expect(scoreCoordinates(matrix([[1]]), matrix([[1]]), { k: 0 })).rejects.toThrow(/k is 0/);
});
