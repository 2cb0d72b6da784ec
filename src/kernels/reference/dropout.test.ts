import { expect, test } from "vitest";
import { randomNumbers } from "../../../test/helpers/gradients.ts";
import { dropoutLayerKey, dropoutThreshold, hash32 } from "../../core/rng.ts";
import { reluDropout, reluDropoutBackward } from "./dropout.ts";

test("an element is kept exactly when its hash reaches the threshold, and is scaled", () => {
  const key = dropoutLayerKey(123, 4, 1);
  const values = new Float64Array(1000).fill(2);
  reluDropout(values, 1000, 0.3, key);
  values.forEach((value, e) => {
    expect(value).toBe(hash32((key + e) | 0) >= dropoutThreshold(0.3) ? 2 * (1 / 0.7) : 0);
  });
});

test("without dropout it is ReLU alone, and only the first n values are touched", () => {
  const values = Float64Array.of(-1, 0, 3, -5);
  reluDropout(values, 3, 0, 99);
  expect([...values]).toEqual([0, 0, 3, -5]);
});

test("the derivative is the scale where the unit was active and kept, else 0", () => {
  const before = randomNumbers(1, 500);
  const after = before.slice();
  const key = dropoutLayerKey(7, 1, 0);
  reluDropout(after, 500, 0.5, key);
  const gradient = new Float64Array(500).fill(3);
  reluDropoutBackward(after, 500, 0.5, gradient);
  before.forEach((value, e) => {
    const kept = value > 0 && hash32((key + e) | 0) >= dropoutThreshold(0.5);
    expect(gradient[e]).toBe(kept ? 6 : 0);
  });
});
