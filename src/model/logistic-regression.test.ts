import { describe, expect, test } from "vitest";
import { exp, log } from "../core/math.ts";
import { randomUniform, streamKey } from "../core/rng.ts";
import type { DenseRows, FeatureRows, SparseRows } from "./feature-rows.ts";
import {
  fitLogisticRegression,
  type LogisticOptions,
  type LogisticRegression,
  logisticScorer,
  softmax,
} from "./logistic-regression.ts";

const dense = (rows: readonly (readonly number[])[]): DenseRows => ({
  nRows: rows.length,
  nCols: rows[0]?.length ?? 0,
  values: Float64Array.from(rows.flat()),
});

/** The same rows, stored where they differ from `base`. */
function sparse(rows: readonly (readonly number[])[], base: readonly number[] | null = null): SparseRows {
  const stored = rows.map((row) =>
    row.flatMap((value, f) => (value === (base?.[f] ?? 0) ? [] : [{ f, above: value - (base?.[f] ?? 0) }])),
  );
  const indptr = new Uint32Array(rows.length + 1);
  stored.forEach((row, r) => {
    indptr[r + 1] = indptr[r] + row.length;
  });
  return {
    nRows: rows.length,
    nCols: rows[0]?.length ?? 0,
    indptr,
    indices: Uint16Array.from(stored.flat(), ({ f }) => f),
    values: Float64Array.from(stored.flat(), ({ above }) => above),
    base: base === null ? null : Float64Array.from(base),
  };
}

const fitRows = (
  rows: FeatureRows,
  targets: readonly number[],
  nClasses: number,
  options: Partial<LogisticOptions> = {},
) => fitLogisticRegression([{ rows, targets: Int32Array.from(targets) }], nClasses, options);

function probabilities(fitted: LogisticRegression, row: readonly number[]): number[] {
  const scores = new Float64Array(fitted.nClasses);
  logisticScorer(fitted, dense([row]))(0, scores);
  softmax(scores, 0);
  return [...scores];
}

/** 60 rows of three features; every seventh has no class. */
const key = streamKey(3, "logistic");
const rows = Array.from({ length: 60 }, (_, i) =>
  [0, 1, 2].map((f) => (randomUniform(key, 3 * i + f) < 0.5 ? 0 : 1 + (i % 3 === f ? 3 : 0))),
);
const targets = rows.map((_, i) => (i % 7 === 0 ? -1 : i % 3));

describe("fitLogisticRegression", () => {
  test("two classes on one feature solve the textbook problem", async () => {
    // By symmetry the intercept is 0 and w solves w = 4 · σ(−w): one weight vector, penalty ½w².
    const fitted = await fitRows(dense([[1], [1], [-1], [-1]]), [1, 1, 0, 0], 2, { penalty: 2 });
    const w = fitted.weights[1] - fitted.weights[0];
    expect(w).toBeCloseTo(4 / (1 + exp(w)), 4);
    expect(fitted.intercepts[1] - fitted.intercepts[0]).toBeCloseTo(0, 6);
  });

  test.each([
    { isBalanced: true, expected: [1 / 3, 1 / 3, 1 / 3] },
    { isBalanced: false, expected: [0.7, 0.2, 0.1] },
  ])("where features tell nothing, a class's say is its share: balanced $isBalanced", async (given) => {
    const nothing = dense(Array.from({ length: 10 }, () => [0]));
    const { isBalanced, expected } = given;
    const fitted = await fitRows(nothing, [0, 0, 0, 0, 0, 0, 0, 1, 1, 2], 3, { isBalanced });
    probabilities(fitted, [0]).forEach((p, k) => {
      expect(p).toBeCloseTo(expected[k], 5);
    });
  });

  test.each([
    { name: "dense", features: dense(rows) },
    { name: "sparse", features: sparse(rows) },
    { name: "sparse above a base", features: sparse(rows, [0.25, 0, 1]) },
  ])("ends where moving any weight makes the penalised loss larger: $name", async ({ features }) => {
    const fitted = await fitRows(features, targets, 3, { c: 2, penalty: 0.5 });
    const loss = (model: LogisticRegression): number => {
      const ofWeights = 0.25 * model.weights.reduce((sum, w) => sum + w * w, 0);
      return rows.reduce(
        (sum, row, r) => (targets[r] < 0 ? sum : sum - 2 * log(probabilities(model, row)[targets[r]])),
        ofWeights,
      );
    };
    expect(fitted.hasConverged).toBe(true);
    const lowest = loss(fitted);
    for (const part of ["weights", "intercepts"] as const)
      for (let i = 0; i < fitted[part].length; i++)
        for (const step of [-1e-3, 1e-3]) {
          const moved = fitted[part].slice();
          moved[i] += step;
          expect(loss({ ...fitted, [part]: moved })).toBeGreaterThan(lowest);
        }
  });

  test("separable classes end at the penalised optimum, where the gradient vanishes", async () => {
    const n = 90;
    const classes = Array.from({ length: n }, (_, i) => i % 3);
    const far = classes.map((k, i) =>
      [0, 1].map((f) => randomUniform(key, 2 * i + f) + 50 * (f === k ? 1 : 0)),
    );
    const fitted = await fitRows(dense(far), classes, 3);
    const gradient = fitted.weights.slice();
    far.forEach((row, i) => {
      probabilities(fitted, row).forEach((p, k) => {
        row.forEach((x, f) => {
          gradient[3 * f + k] += (p - (k === classes[i] ? 1 : 0)) * x;
        });
      });
    });
    for (const g of gradient) expect(Math.abs(g)).toBeLessThan(1e-3);
  });

  test("sparse rows fit as the same rows do when they are dense", async () => {
    const whole = await fitRows(dense(rows), targets, 3, { tolerance: 1e-10 });
    for (const features of [sparse(rows), sparse(rows, [0.25, 0, 1])]) {
      const fitted = await fitRows(features, targets, 3, { tolerance: 1e-10 });
      fitted.weights.forEach((w, i) => {
        expect(w).toBeCloseTo(whole.weights[i], 9);
      });
    }
  });

  test("blocks that are read again for each step fit as one block does", async () => {
    const targetsOf = Int32Array.from(targets);
    let reads = 0;
    const streamed = {
      async *[Symbol.asyncIterator]() {
        reads++;
        for (let first = 0; first < rows.length; first += 25)
          yield {
            rows: dense(rows.slice(first, first + 25)),
            targets: targetsOf.subarray(first, first + 25),
          };
      },
    };
    const options = { tolerance: 1e-10 };
    const fitted = await fitLogisticRegression(streamed, 3, options);
    const whole = await fitRows(dense(rows), targets, 3, options);
    fitted.weights.forEach((w, i) => {
      expect(w).toBeCloseTo(whole.weights[i], 9);
    });
    expect(reads).toBeGreaterThan(fitted.iterations);
    expect(await fitLogisticRegression(streamed, 3, options)).toEqual(fitted);
  });

  test.each([
    ["a balanced class without a row", dense([[1], [2]]), [0, 1], 3, "BAD_DATA"],
    ["a feature that is not finite", dense([[1], [Number.NaN]]), [0, 1], 2, "BAD_DATA"],
    ["no row with a class", dense([[1], [2]]), [-1, -1], 2, "BAD_DATA"],
    ["no class", dense([[1], [2]]), [-1, -1], 0, "USAGE"],
    ["a class that is none", dense([[1], [2]]), [0, 2], 2, "USAGE"],
    ["fewer classes than rows", dense([[1], [2]]), [0], 2, "USAGE"],
    ["rows of unequal width", { ...dense([[1], [2]]), values: Float64Array.of(1, 2, 3) }, [0, 1], 2, "USAGE"],
  ] as const)("refuses %s", async (_, features, classes, nClasses, code) => {
    await expect(fitRows(features, classes, nClasses, { isBalanced: true })).rejects.toMatchObject({ code });
  });

  test("names the place of a sparse value that is not finite, in whichever block it is", async () => {
    const bad = sparse([
      [0, 0, 1],
      [0, 0, 0],
      [0, Number.NaN, 0],
    ]);
    const blocks = [
      { rows: sparse([[1, 2, 3]]), targets: Int32Array.of(0) },
      { rows: bad, targets: Int32Array.of(0, 1, 1) },
    ];
    await expect(fitLogisticRegression(blocks, 2)).rejects.toThrow("feature 1 of row 3 is NaN");
  });
});

test("with offsets it learns the difference: as the regression on scores that have them, and less the higher the penalties", async () => {
  const n = 60;
  const values = Float64Array.from({ length: 2 * n }, (_, i) => Math.sin(7 * i) + (i % 3));
  const targets = Int32Array.from({ length: n }, (_, row) =>
    values[2 * row] + values[2 * row + 1] > 2 ? 1 : 0,
  );
  const rows = { nRows: n, nCols: 2, values };
  const options = { penalty: 0.5, interceptPenalty: 0.25, tolerance: 1e-9 };
  const offsets = Float32Array.from({ length: 2 * n }, (_, i) => Math.cos(i));
  const fitted = await fitLogisticRegression([{ rows, targets, offsets }], 2, options);
  // The gradient of the objective is zero, by differences of the objective itself.
  const objective = (weights: readonly number[]): number => {
    let value = 0;
    for (let row = 0; row < n; row++) {
      const scores = [0, 1].map(
        (k) =>
          offsets[2 * row + k] +
          weights[4 + k] +
          weights[k] * values[2 * row] +
          weights[2 + k] * values[2 * row + 1],
      );
      const [own, other] = [scores[targets[row]], scores[1 - targets[row]]];
      value += Math.log(1 + Math.exp(other - own));
    }
    const squares = (from: number, to: number) => weights.slice(from, to).reduce((sum, w) => sum + w * w, 0);
    return value + 0.25 * squares(0, 4) + 0.125 * squares(4, 6);
  };
  const found = [...fitted.weights, ...fitted.intercepts];
  found.forEach((_, i) => {
    const moved = (step: number) => objective(found.map((w, j) => (i === j ? w + step : w)));
    expect((moved(1e-4) - moved(-1e-4)) / 2e-4).toBeCloseTo(0, 5);
  });
  const drawn = await fitLogisticRegression([{ rows, targets, offsets }], 2, {
    ...options,
    penalty: 1e6,
    interceptPenalty: 1e6,
  });
  expect(Math.max(...[...drawn.weights, ...drawn.intercepts].map(Math.abs))).toBeLessThan(1e-3);
});
