/** The logistic regression of refinement against scikit-learn's: probabilities to 1e-3. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { exp } from "../../src/core/math.ts";
import { randomUniform, streamKey } from "../../src/core/rng.ts";
import { fitLogisticRegression, logisticScores } from "../../src/model/logistic-regression.ts";
import { PYTHON, runPython } from "../helpers/python.ts";

/** Overlapping classes of unequal size, features on the scale of logits. */
function makeCase(seed: number, n: number, nFeatures: number, nClasses: number, spread: number) {
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

const cases = [
  makeCase(1, 200, 2, 2, 8),
  makeCase(2, 400, 3, 3, 6),
  makeCase(3, 900, 7, 7, 10),
  makeCase(4, 60, 5, 5, 1),
  makeCase(5, 30, 1, 4, 3),
  makeCase(6, 12, 6, 2, 40),
];

test("probabilities agree with scikit-learn's to 1e-3", () => {
  const folder = mkdtempSync(join(tmpdir(), "logistic-"));
  try {
    const input = join(folder, "cases.json");
    writeFileSync(
      input,
      JSON.stringify(
        cases.map(({ features, targets }) => ({ features: [...features], targets: [...targets] })),
      ),
    );
    const script = fileURLToPath(new URL("logistic_regression.py", import.meta.url));
    const expected: number[][] = JSON.parse(runPython(PYTHON, script, input));
    cases.forEach(({ features, targets, nClasses, nFeatures }, c) => {
      const fitted = fitLogisticRegression(features, targets, nClasses);
      const scores = new Float64Array(nClasses);
      let worst = 0;
      targets.forEach((_, i) => {
        logisticScores(fitted, features.subarray(i * nFeatures, (i + 1) * nFeatures), scores);
        const odds = scores.map((score) => exp(score - Math.max(...scores)));
        const sum = odds.reduce((total, value) => total + value, 0);
        odds.forEach((value, k) => {
          worst = Math.max(worst, Math.abs(value / sum - expected[c][i * nClasses + k]));
        });
      });
      expect(worst).toBeLessThan(1e-3);
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
