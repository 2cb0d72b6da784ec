import { expect, test } from "vitest";
import { randomUniform } from "../../core/rng.ts";
import { createWasmEngine } from "../../kernels/wasm/engine.ts";
import { fitLogisticRegression } from "../logistic-regression.ts";
import { fitRegression } from "./fit-regression.ts";

const [N, WIDTH, CLASSES] = [400, 12, 7];
const values = Float32Array.from({ length: N * WIDTH }, (_, i) => {
  const [row, p] = [Math.floor(i / WIDTH), i % WIDTH];
  return (row % CLASSES === p ? 2 : 0) + 3 * randomUniform(4, i) - 1.5;
});
const targets = Int32Array.from({ length: N }, (_, row) => row % CLASSES);
const options = {
  penalty: 10,
  classWeights: Float64Array.from({ length: CLASSES }, (_, k) => 0.5 + k / CLASSES),
  maxIter: 200,
  tolerance: 1e-3,
};
const rows = { nRows: N, nCols: WIDTH, values };

test.each([1, 3])("products on %i threads give the regression of plain ones", async (numThreads) => {
  const engine = await createWasmEngine({ numThreads });
  try {
    const got = await fitRegression(rows, targets, CLASSES, { ...options, engine });
    const expected = await fitLogisticRegression([{ rows, targets }], CLASSES, options);
    got.weights.forEach((weight, i) => {
      expect(weight).toBeCloseTo(expected.weights[i], 4);
    });
    got.intercepts.forEach((intercept, k) => {
      expect(intercept - got.intercepts[0]).toBeCloseTo(expected.intercepts[k] - expected.intercepts[0], 3);
    });
  } finally {
    engine.dispose();
  }
});

test("the number of threads does not change a bit", async () => {
  const fits = [];
  for (const numThreads of [1, 2, 5]) {
    const engine = await createWasmEngine({ numThreads });
    fits.push(await fitRegression(rows, targets, CLASSES, { ...options, engine }));
    engine.dispose();
  }
  expect(fits[1]).toEqual(fits[0]);
  expect(fits[2]).toEqual(fits[0]);
});

test("a signal stops it", async () => {
  const engine = await createWasmEngine({ numThreads: 1 });
  const signal = AbortSignal.abort();
  await expect(fitRegression(rows, targets, CLASSES, { ...options, engine, signal })).rejects.toMatchObject({
    code: "ABORTED",
  });
  engine.dispose();
});
