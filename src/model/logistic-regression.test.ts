import { describe, expect, test } from "vitest";
import { exp } from "../core/math.ts";
import { randomUniform, streamKey } from "../core/rng.ts";
import { fitLogisticRegression, logisticScores } from "./logistic-regression.ts";

function probabilities(fitted: ReturnType<typeof fitLogisticRegression>, row: readonly number[]): number[] {
  const scores = new Float64Array(fitted.nClasses);
  logisticScores(fitted, Float64Array.from(row), scores);
  const odds = [...scores].map((score) => exp(score - Math.max(...scores)));
  const sum = odds.reduce((a, b) => a + b, 0);
  return odds.map((value) => value / sum);
}

describe("fitLogisticRegression", () => {
  test("two classes on one feature solve the textbook problem", () => {
    // By symmetry the intercept is 0 and w solves w = 4 · σ(−w): one weight vector, penalty ½w².
    const fitted = fitLogisticRegression(Float64Array.of(1, 1, -1, -1), Int32Array.of(1, 1, 0, 0), 2);
    const w = fitted.coef[1] - fitted.coef[0];
    expect(w).toBeCloseTo(4 / (1 + exp(w)), 4);
    expect(fitted.intercept[1] - fitted.intercept[0]).toBeCloseTo(0, 6);
  });

  test("classes of unequal size get equal say where the features tell nothing", () => {
    const fitted = fitLogisticRegression(
      new Float64Array(10),
      Int32Array.of(0, 0, 0, 0, 0, 0, 0, 1, 1, 2),
      3,
    );
    for (const p of probabilities(fitted, [0])) expect(p).toBeCloseTo(1 / 3, 5);
  });

  test("separable classes end at the penalised optimum, where the gradient vanishes", () => {
    const key = streamKey(1, "logistic");
    const n = 90;
    const targets = Int32Array.from({ length: n }, (_, i) => i % 3);
    const features = Float64Array.from(
      { length: 2 * n },
      (_, at) => randomUniform(key, at) + 50 * (at % 2 === targets[at >> 1] ? 1 : 0),
    );
    const fitted = fitLogisticRegression(features, targets, 3);
    const gradient = fitted.coef.slice();
    for (let i = 0; i < n; i++) {
      const row = [features[2 * i], features[2 * i + 1]];
      probabilities(fitted, row).forEach((p, k) => {
        row.forEach((x, f) => {
          gradient[2 * k + f] += (p - (k === targets[i] ? 1 : 0)) * x;
        });
      });
    }
    for (const g of gradient) expect(Math.abs(g)).toBeLessThan(1e-3);
  });

  test("the same rows give the same bits", () => {
    const features = Float64Array.of(0.1, 2, 0.3, -1, 5, 0.25);
    const fitted = () => fitLogisticRegression(features, Int32Array.of(0, 1, 2), 3);
    expect(fitted()).toEqual(fitted());
  });

  test.each([
    ["a class without a row", Float64Array.of(1, 2), Int32Array.of(0, 1), 3, "BAD_DATA"],
    ["a feature that is not finite", Float64Array.of(1, Number.NaN), Int32Array.of(0, 1), 2, "BAD_DATA"],
    ["one class", Float64Array.of(1, 2), Int32Array.of(0, 0), 1, "USAGE"],
    ["a class that is none", Float64Array.of(1, 2), Int32Array.of(0, 2), 2, "USAGE"],
    ["rows of unequal width", Float64Array.of(1, 2, 3), Int32Array.of(0, 1), 2, "USAGE"],
  ] as const)("refuses %s", (_, features, targets, nClasses, code) => {
    expect(() => fitLogisticRegression(features, targets, nClasses)).toThrow(
      expect.objectContaining({ code }),
    );
  });
});
