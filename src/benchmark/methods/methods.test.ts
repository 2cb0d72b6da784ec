import fc from "fast-check";
import { expect, test } from "vitest";
import type { Csr } from "../../core/csr.ts";
import { predictLogistic } from "./logistic-regression.ts";
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

test("standardised values equal those of the dense matrix, cut at ten deviations", () => {
  const value = fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 200 }));
  fc.assert(
    fc.property(fc.array(fc.tuple(value, value, value), { minLength: 2, maxLength: 140 }), (rows) => {
      const matrix = csr(rows);
      const { base, values } = standardise(matrix, scaleOf(matrix));
      rows.forEach((row, r) => {
        row.forEach((own, c) => {
          const column = rows.map((each) => each[c]);
          const mean = column.reduce((a, b) => a + b, 0) / rows.length;
          const variance = column.reduce((sum, x) => sum + (x - mean) ** 2, 0) / rows.length;
          const z = (own - mean) / (variance > 0 ? Math.sqrt(variance) : 1);
          const e = [...matrix.indices].findIndex(
            (index, at) => index === c && at >= matrix.indptr[r] && at < matrix.indptr[r + 1],
          );
          const got = base![c] + (e < 0 ? 0 : values[e]);
          expect(got).toBeCloseTo(Math.min(10, Math.max(-10, z)), 6);
        });
      });
    }),
    { numRuns: 30 },
  );
});

test("a regression labels each row by its most probable class", () => {
  const matrix = csr([
    [2, 0],
    [0, 3],
    [0, 0],
  ]);
  const model = {
    nFeatures: 2,
    nClasses: 2,
    weights: Float64Array.of(1, -1, 0, 1),
    intercepts: Float64Array.of(0.5, 0),
  };
  const { codes, probabilities } = predictLogistic(model, { ...matrix, values: matrix.data!, base: null });
  expect([...codes]).toEqual([0, 1, 0]);
  // Scores differ by 4.5, 2.5 and 0.5; the probability is the logistic function of that.
  [0.989013, 0.924142, 0.622459].forEach((p, i) => {
    expect(probabilities[i]).toBeCloseTo(p, 6);
  });
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
