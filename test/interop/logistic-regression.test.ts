/** The logistic regression of refinement (dense, balanced) and of benchmarks (sparse, standardised) against scikit-learn's. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { scaleOf, standardise } from "../../src/benchmark/methods/standardised.ts";
import { randomUniform, streamKey } from "../../src/core/rng.ts";
import type { FeatureRows } from "../../src/model/feature-rows.ts";
import {
  fitLogisticRegression,
  type LogisticRegression,
  logisticScorer,
  softmax,
} from "../../src/model/logistic-regression.ts";
import { PYTHON, runPython } from "../helpers/python.ts";

interface Case {
  readonly features: Float64Array;
  readonly targets: Int32Array;
  readonly nFeatures: number;
  readonly nClasses: number;
}

/** scikit-learn's probabilities, `[rows, classes]` for each case. */
function probabilitiesInPython(cases: readonly Case[], standardised: boolean): number[][] {
  const folder = mkdtempSync(join(tmpdir(), "logistic-"));
  try {
    const input = join(folder, "cases.json");
    const asked = cases.map(({ features, targets }) => ({
      features: [...features],
      targets: [...targets],
      standardised,
    }));
    writeFileSync(input, JSON.stringify(asked));
    return JSON.parse(
      runPython(PYTHON, fileURLToPath(new URL("logistic_regression.py", import.meta.url)), input),
    );
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The largest difference from what is expected. */
function worst(model: LogisticRegression, rows: FeatureRows, expected: readonly number[]): number {
  const writeScores = logisticScorer(model, rows);
  const scores = new Float64Array(model.nClasses);
  let most = 0;
  for (let row = 0; row < rows.nRows; row++) {
    writeScores(row, scores);
    softmax(scores, 0);
    scores.forEach((p, k) => {
      most = Math.max(most, Math.abs(p - expected[row * model.nClasses + k]));
    });
  }
  return most;
}

/** Overlapping classes of unequal size, features on the scale of logits. */
function logitCase(seed: number, n: number, nFeatures: number, nClasses: number, spread: number): Case {
  const key = streamKey(seed, "logistic-interop");
  const targets = Int32Array.from({ length: n }, (_, i) =>
    i < nClasses ? i : Math.floor(randomUniform(key, i) ** 2 * nClasses),
  );
  const features = Float64Array.from({ length: n * nFeatures }, (_, at) => {
    const i = Math.floor(at / nFeatures);
    return spread * (randomUniform(key, n + at) - 0.5) + (at % nFeatures === targets[i] % nFeatures ? 2 : 0);
  });
  return { features, targets, nClasses, nFeatures };
}

test("balanced, dense: probabilities agree to 1e-3", async () => {
  const cases = [
    logitCase(1, 200, 2, 2, 8),
    logitCase(2, 400, 3, 3, 6),
    logitCase(3, 900, 7, 7, 10),
    logitCase(4, 60, 5, 5, 1),
    logitCase(5, 30, 1, 4, 3),
    logitCase(6, 12, 6, 2, 40),
  ];
  const expected = probabilitiesInPython(cases, false);
  for (const [c, { features, targets, nClasses, nFeatures }] of cases.entries()) {
    const rows = { nRows: targets.length, nCols: nFeatures, values: features };
    const penalty = nClasses === 2 ? 2 : 1;
    const fitted = await fitLogisticRegression([{ rows, targets }], nClasses, { isBalanced: true, penalty });
    expect(worst(fitted, rows, expected[c])).toBeLessThan(1e-3);
  }
});

test("sparse, standardised: probabilities agree to the digits that its solver leaves", async () => {
  const key = streamKey(1, "logistic-interop");
  const [n, genes, nClasses] = [150, 30, 4];
  const features = Float64Array.from({ length: n * genes }, (_, at) => {
    const draw = randomUniform(key, at);
    const [i, g] = [Math.floor(at / genes), at % genes];
    return draw < 0.6 ? 0 : Math.fround(draw * (g % nClasses === i % nClasses ? 3 : 1));
  });
  const targets = Int32Array.from({ length: n }, (_, i) => i % nClasses);
  const stored = [...features.keys()].filter((at) => features[at] !== 0);
  const matrix = {
    nRows: n,
    nCols: genes,
    indptr: Uint32Array.from({ length: n + 1 }, (_, i) => stored.filter((at) => at < i * genes).length),
    indices: Uint16Array.from(stored, (at) => at % genes),
    data: Float32Array.from(stored, (at) => features[at]),
  };
  const rows = standardise(matrix, scaleOf(matrix));
  const fitted = await fitLogisticRegression([{ rows, targets }], nClasses, {
    maxIter: 5000,
    tolerance: 1e-8,
  });
  expect(fitted.hasConverged).toBe(true);
  const [expected] = probabilitiesInPython([{ features, targets, nFeatures: genes, nClasses }], true);
  expect(worst(fitted, rows, expected)).toBeLessThan(1e-6);
});
