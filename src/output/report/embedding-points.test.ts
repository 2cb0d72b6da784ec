import { expect, test } from "vitest";
import type { DenseMatrix } from "../../core/dense.ts";
import { chooseEmbedding } from "./embedding-points.ts";
import { principalPlane } from "./principal-plane.ts";

test("the plane holds the two directions with most variance, in order", async () => {
  // Axis 1 varies most, axis 2 less, axis 0 not at all.
  const rows = Array.from({ length: 40 }, (_, i) => [5, 10 * ((i * 7) % 40), (i * 11) % 40]);
  const plane = await principalPlane({ nRows: 40, nCols: 3, data: Float32Array.from(rows.flat()) });
  const variance = (axis: number) => {
    const values = rows.map((_, i) => plane.data[2 * i + axis]);
    return values.reduce((sum, value) => sum + value * value, 0) / 40;
  };
  const total = [1, 2].reduce((sum, axis) => {
    const mean = rows.reduce((s, row) => s + row[axis], 0) / 40;
    return sum + rows.reduce((s, row) => s + (row[axis] - mean) ** 2, 0) / 40;
  }, 0);
  expect(variance(0)).toBeGreaterThan(50 * variance(1));
  expect(variance(0) + variance(1)).toBeCloseTo(total, 1);
});

test("points that are all the same have a plane, too", async () => {
  const plane = await principalPlane({ nRows: 3, nCols: 2, data: new Float32Array(6).fill(4) });
  expect([...plane.data]).toEqual([0, 0, 0, 0, 0, 0]);
});

const matrix = (nCols: number): DenseMatrix => ({ nRows: 2, nCols, data: new Float32Array(2 * nCols) });
const query = (keys: readonly string[], nCols = 2) => ({ obsmKeys: keys, obsm: async () => matrix(nCols) });

test("the query's own map comes first, then the predicted one, then the latent space", async () => {
  const coords = new Map([
    ["umap", matrix(2)],
    ["latent_internal", matrix(5)],
  ]);
  expect((await chooseEmbedding(query(["X_pca", "X_umap"]), coords))?.name).toContain("X_umap");
  expect((await chooseEmbedding(query([]), coords))?.name).toContain("UMAP coordinates");
  // A map of three dimensions cannot be drawn.
  expect((await chooseEmbedding(query(["X_umap"], 3), coords))?.name).toContain("model predicts");
  expect((await chooseEmbedding(query([]), new Map([["latent_internal", matrix(5)]])))?.name).toContain(
    "principal components",
  );
  expect(await chooseEmbedding(query([]), new Map())).toBeNull();
});
