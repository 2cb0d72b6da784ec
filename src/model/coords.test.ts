import fc from "fast-check";
import { expect, test } from "vitest";
import { memoryAnnData } from "../../test/helpers/memory-anndata.ts";
import { randomCsr } from "../../test/helpers/training-fixtures.ts";
import type { DenseMatrix } from "../core/dense.ts";
import { columnStatistics, readCoordTarget } from "./coords.ts";

const dataset = (matrix: DenseMatrix) =>
  memoryAnnData({ x: randomCsr(1, 3, 2, 0.5, true), obs: {}, obsm: { X_umap: matrix } });
const matrix = (nCols: number, ...data: number[]): DenseMatrix => ({
  nRows: data.length / nCols,
  nCols,
  data: Float32Array.from(data),
});

test("targets have mean 0 and population deviation 1 per column", async () => {
  const target = await readCoordTarget(dataset(matrix(2, 1, 10, 2, 10, 6, 40)), "umap", "X_umap");
  expect([...target.mean]).toEqual([3, 20]);
  expect(target.std[0]).toBe(Math.fround(Math.sqrt(14 / 3)));
  expect(target.std[1]).toBe(Math.fround(Math.sqrt(200)));
  expect(target.standardised.data[0]).toBeCloseTo(-2 / Math.sqrt(14 / 3), 6);
  expect(target.original.data[0]).toBe(1);
});

test("a constant column has deviation 1 and targets of exactly 0, whatever its value", () => {
  fc.assert(
    fc.property(
      fc.float({ noNaN: true, noDefaultInfinity: true }),
      fc.integer({ min: 1, max: 50 }),
      (value, n) => {
        const { mean, std } = columnStatistics({ nRows: n, nCols: 1, data: new Float32Array(n).fill(value) });
        expect(std[0]).toBe(1);
        expect(value - mean[0]).toBe(0);
      },
    ),
  );
});

test("coordinates that cannot be targets are refused by name", async () => {
  const nan = dataset(matrix(2, 1, 2, Number.NaN, Number.NaN, 3, Number.POSITIVE_INFINITY));
  await expect(readCoordTarget(nan, "umap", "X_umap")).rejects.toMatchObject({
    code: "BAD_DATA",
    where: "obsm › X_umap",
    message: expect.stringContaining("2 of 3 cells"),
  });
  await expect(readCoordTarget(dataset(matrix(1, 1, 2)), "umap", "X_umap")).rejects.toMatchObject({
    code: "MISMATCH",
  });
  const empty = dataset({ nRows: 3, nCols: 0, data: new Float32Array(0) });
  await expect(readCoordTarget(empty, "umap", "X_umap")).rejects.toMatchObject({ code: "BAD_DATA" });
});
