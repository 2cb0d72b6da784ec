import fc from "fast-check";
import { expect, test } from "vitest";
import { streamKey } from "../core/rng.ts";
import { negativeBinomial, normalQuantile, standardNormal } from "./samplers.ts";

test.each([
  [0.5, 0],
  [0.975, 1.959963984540054],
  [0.025, -1.959963984540054],
  [0.99, 2.3263478740408408],
  [0.0001, -3.719016485455709],
  [1e-10, -6.361340902404056],
])("the normal quantile of %d is %d", (p, z) => {
  expect(Math.abs(normalQuantile(p) - z)).toBeLessThan(1e-8 * (1 + Math.abs(z)));
});

test("the normal quantile rises with p, across the seams of its pieces", () => {
  const near = (seam: number) => fc.double({ min: seam - 1e-6, max: seam + 1e-6, noNaN: true });
  fc.assert(
    fc.property(fc.oneof(near(0.02425), near(0.97575), near(0.5)), (p) => {
      expect(normalQuantile(p + 1e-8)).toBeGreaterThan(normalQuantile(p - 1e-8));
    }),
  );
});

test("standard normal draws have mean 0 and deviation 1", () => {
  const key = streamKey(1, "normal-test");
  let sum = 0;
  let squares = 0;
  for (let i = 0; i < 40_000; i++) {
    const z = standardNormal(key, i);
    sum += z;
    squares += z * z;
  }
  expect(Math.abs(sum / 40_000)).toBeLessThan(0.02);
  expect(Math.abs(squares / 40_000 - 1)).toBeLessThan(0.03);
});

test.each([
  [0.01, 3],
  [0.4, 3],
  [5, 3],
  [60, 2],
])(
  "counts of mean %d and size %d have that mean and variance over an even grid of quantiles",
  (mean, size) => {
    const n = 200_000;
    let sum = 0;
    let squares = 0;
    for (let i = 0; i < n; i++) {
      const count = negativeBinomial((i + 0.5) / n, mean, size);
      sum += count;
      squares += count * count;
    }
    const variance = squares / n - (sum / n) ** 2;
    expect(Math.abs(sum / n / mean - 1)).toBeLessThan(0.01);
    expect(Math.abs(variance / (mean + (mean * mean) / size) - 1)).toBeLessThan(0.02);
  },
);

test("a count is the smallest whose cumulative probability is above the quantile", () => {
  const input = fc.record({
    u: fc.double({ min: 1e-9, max: 1 - 1e-9, noNaN: true }),
    mean: fc.double({ min: 1e-4, max: 50, noNaN: true }),
    size: fc.integer({ min: 1, max: 8 }),
  });
  fc.assert(
    fc.property(input, ({ u, mean, size }) => {
      // The mass of k: C(k + size − 1, k) (size / (size + mean))^size (mean / (size + mean))^k.
      const mass = (k: number) => {
        let value = (size / (size + mean)) ** size;
        for (let j = 1; j <= k; j++) value *= ((j + size - 1) / j) * (mean / (size + mean));
        return value;
      };
      const count = negativeBinomial(u, mean, size);
      let below = 0;
      for (let k = 0; k < count; k++) below += mass(k);
      expect(below).toBeLessThan(u + 1e-9);
      expect(below + mass(count)).toBeGreaterThan(u - 1e-9);
    }),
  );
});

test("a mean of zero gives zero, and the last quantile ends", () => {
  expect(negativeBinomial(0.9999, 0, 3)).toBe(0);
  expect(negativeBinomial(1 - 1e-16, 2, 3)).toBeLessThan(1000);
});
