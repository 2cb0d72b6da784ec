import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { fitLogistic, predictLogistic } from "../../src/benchmark/methods/logistic-regression.ts";
import { scaleOf, standardise } from "../../src/benchmark/methods/standardised.ts";
import { randomUniform, streamKey } from "../../src/core/rng.ts";

const SCRIPT = `
import json, sys
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
asked = json.load(sys.stdin)
x = np.array(asked["x"], dtype=np.float32).astype(np.float64)
z = np.clip(StandardScaler().fit_transform(x), -10, 10)
model = LogisticRegression(C=1.0, max_iter=5000, tol=1e-9, multi_class="multinomial", solver="newton-cg").fit(z, asked["y"])
json.dump(model.predict_proba(z).max(axis=1).tolist(), sys.stdout)
`;

test("the regression is scikit-learn's, to the digits that its solver leaves", async () => {
  const key = streamKey(1, "logistic-interop");
  const [n, genes, classes] = [150, 30, 4];
  const x = Array.from({ length: n }, (_, i) =>
    Array.from({ length: genes }, (_, g) => {
      const draw = randomUniform(key, i * genes + g);
      return draw < 0.6 ? 0 : Math.fround(draw * (g % classes === i % classes ? 3 : 1));
    }),
  );
  const y = x.map((_, i) => i % classes);
  const indptr = new Uint32Array(n + 1);
  const entries = x.map((row) => row.flatMap((value, c) => (value === 0 ? [] : [{ value, c }])));
  entries.forEach((row, i) => {
    indptr[i + 1] = indptr[i] + row.length;
  });
  const matrix = {
    nRows: n,
    nCols: genes,
    indptr,
    indices: Uint16Array.from(entries.flat(), ({ c }) => c),
    data: Float32Array.from(entries.flat(), ({ value }) => value),
  };
  const standardised = standardise(matrix, scaleOf(matrix));
  const model = await fitLogistic(standardised, Int32Array.from(y), classes, {
    c: 1,
    maxIter: 5000,
    tolerance: 1e-8,
  });
  const { probabilities } = predictLogistic(model, standardised);
  expect(model.hasConverged).toBe(true);
  const expected: number[] = JSON.parse(
    execFileSync(process.env.PYTHON ?? "/usr/bin/python3", ["-c", SCRIPT], {
      input: JSON.stringify({ x, y }),
      encoding: "utf8",
    }),
  );
  probabilities.forEach((p, i) => {
    expect(Math.abs(p - expected[i])).toBeLessThan(1e-6);
  });
});
