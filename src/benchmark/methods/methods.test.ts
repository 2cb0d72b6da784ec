import fc from "fast-check";
import { expect, test } from "vitest";
import type { Csr } from "../../core/csr.ts";
import { randomUniform, streamKey } from "../../core/rng.ts";
import { minimise } from "./lbfgs.ts";
import { fitLogistic, predictLogistic } from "./logistic-regression.ts";
import { centroidsOf } from "./nearest-centroid.ts";
import { standardRanks } from "./spearman-correlation.ts";
import { scaleOf, standardise } from "./standardised.ts";

const csr = (rows: readonly (readonly number[])[]): Csr => {
  const entries = rows.map((row) => row.flatMap((value, c) => (value === 0 ? [] : [{ value, c }])));
  const indptr = new Uint32Array(rows.length + 1);
  entries.forEach((row, r) => {
    indptr[r + 1] = indptr[r] + row.length;
  });
  return {
    nRows: rows.length,
    nCols: rows[0]?.length ?? 0,
    indptr,
    indices: Uint16Array.from(entries.flat(), ({ c }) => c),
    data: Float32Array.from(entries.flat(), ({ value }) => value),
  };
};

test("L-BFGS finds the lowest point of a long, bent valley", async () => {
  const { x, hasConverged } = await minimise(
    ([a, b], gradient) => {
      gradient[0] = -2 * (1 - a) - 400 * a * (b - a * a);
      gradient[1] = 200 * (b - a * a);
      return (1 - a) ** 2 + 100 * (b - a * a) ** 2;
    },
    Float64Array.of(-1.2, 1),
    { maxIter: 200, tolerance: 1e-8 },
  );
  expect(hasConverged).toBe(true);
  expect(x[0]).toBeCloseTo(1, 6);
  expect(x[1]).toBeCloseTo(1, 6);
});

test("standardised values equal those of the dense matrix, cut at ten deviations", () => {
  const value = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 200 }));
  fc.assert(
    fc.property(fc.array(fc.tuple(value, value, value), { minLength: 2, maxLength: 140 }), (rows) => {
      const matrix = csr(rows);
      const { base, deltas } = standardise(matrix, scaleOf(matrix));
      rows.forEach((row, r) => {
        row.forEach((own, c) => {
          const column = rows.map((each) => each[c]);
          const mean = column.reduce((a, b) => a + b, 0) / rows.length;
          const variance = column.reduce((sum, x) => sum + (x - mean) ** 2, 0) / rows.length;
          const z = (own - mean) / (variance > 0 ? Math.sqrt(variance) : 1);
          const e = [...matrix.indices].findIndex(
            (index, at) => index === c && at >= matrix.indptr[r] && at < matrix.indptr[r + 1],
          );
          const got = base[c] + (e < 0 ? 0 : deltas[e]);
          expect(got).toBeCloseTo(Math.min(10, Math.max(-10, z)), 6);
        });
      });
    }),
    { numRuns: 30 },
  );
});

test("the fitted regression is where the gradient of the penalised loss is zero", async () => {
  const key = streamKey(3, "logistic");
  const rows = Array.from({ length: 60 }, (_, i) =>
    [0, 1, 2].map((c) => (randomUniform(key, 3 * i + c) < 0.5 ? 0 : 1 + (i % 3 === c ? 3 : 0))),
  );
  const codes = Int32Array.from(rows, (_, i) => (i % 7 === 0 ? -1 : i % 3));
  const matrix = csr(rows);
  const x = standardise(matrix, scaleOf(matrix));
  const model = await fitLogistic(x, codes, 3, { c: 1, maxIter: 500 });
  expect(model.hasConverged).toBe(true);
  const loss = (weights: Float64Array, intercepts: Float64Array): number => {
    let total = weights.reduce((sum, w) => sum + (w * w) / 2, 0);
    rows.forEach((_, r) => {
      if (codes[r] < 0) return;
      const scores = [0, 1, 2].map((k) => {
        let score = intercepts[k];
        for (let c = 0; c < 3; c++) {
          const e = [...matrix.indices].findIndex(
            (index, at) => index === c && at >= matrix.indptr[r] && at < matrix.indptr[r + 1],
          );
          score += (x.base[c] + (e < 0 ? 0 : x.deltas[e])) * weights[c * 3 + k];
        }
        return score;
      });
      total += Math.log(scores.reduce((sum, s) => sum + Math.exp(s), 0)) - scores[codes[r]];
    });
    return total;
  };
  const at = loss(model.weights, model.intercepts);
  for (let i = 0; i < 9; i++)
    for (const step of [-1e-3, 1e-3]) {
      const moved = model.weights.slice();
      moved[i] += step;
      expect(loss(moved, model.intercepts)).toBeGreaterThan(at);
    }
  const { codes: predicted, probabilities } = predictLogistic(model, x);
  expect(predicted.filter((code, i) => code === i % 3).length).toBeGreaterThan(26);
  for (const p of probabilities) expect(p > 1 / 3 - 1e-6 && p <= 1).toBe(true);
});

test("centroids are means; a label without cells has none", () => {
  const means = centroidsOf(
    csr([
      [2, 0],
      [4, 2],
      [9, 9],
    ]),
    Int32Array.of(0, 0, -1),
    2,
  );
  expect([...means]).toEqual([3, 1, Number.NaN, Number.NaN]);
});

test("products of standard ranks are Spearman correlations", () => {
  const dot = (a: Float64Array, b: Float64Array) => a.reduce((sum, x, i) => sum + x * b[i], 0);
  const ranks = (values: number[]) => standardRanks(Float64Array.from(values));
  expect(dot(ranks([1, 2, 3, 9]), ranks([10, 20, 30, 31]))).toBeCloseTo(1, 12);
  expect(dot(ranks([1, 2, 3]), ranks([3, 2, 1]))).toBeCloseTo(-1, 12);
  // scipy.stats.spearmanr([1, 2, 2, 4], [1, 3, 2, 4]) is 0.9486832980505138.
  expect(dot(ranks([1, 2, 2, 4]), ranks([1, 3, 2, 4]))).toBeCloseTo(0.9486832980505138, 12);
  expect([...ranks([5, 5])]).toEqual([0, 0]);
});
