import fc from "fast-check";
import { expect, test } from "vitest";
import { randomIntegers, randomNumbers } from "../../test/helpers/gradients.ts";
import { boundedTemperature, fitTemperature, type HeadLogits } from "./calibrate.ts";

function nll({ logits, nClasses, targets }: HeadLogits, temperature: number): number {
  let [sum, n] = [0, 0];
  targets.forEach((target, r) => {
    if (target < 0) return;
    const row = [...logits.subarray(r * nClasses, (r + 1) * nClasses)].map((z) => z / temperature);
    const largest = Math.max(...row);
    sum += Math.log(row.reduce((total, z) => total + Math.exp(z - largest), 0)) + largest - row[target];
    n++;
  });
  return sum / n;
}

/** Derivative of the mean loss by log T. */
function slope(head: HeadLogits, logT: number): number {
  const h = 1e-6;
  return (nll(head, Math.exp(logT + h)) - nll(head, Math.exp(logT - h))) / (2 * h);
}

/** What the original does: 100 Adam steps of 0.05 on log T from T = 1. */
function adamTemperature(head: HeadLogits): number {
  let [logT, m, v] = [0, 0, 0];
  for (let t = 1; t <= 100; t++) {
    const g = slope(head, logT);
    m = 0.9 * m + 0.1 * g;
    v = 0.999 * v + 0.001 * g * g;
    logT -= (0.05 * (m / (1 - 0.9 ** t))) / (Math.sqrt(v / (1 - 0.999 ** t)) + 1e-8);
  }
  return Math.exp(logT);
}

const heads = fc
  .record({
    seed: fc.nat(),
    nRows: fc.integer({ min: 1, max: 30 }),
    nClasses: fc.integer({ min: 1, max: 6 }),
    scale: fc.constantFrom(0.01, 1, 20),
    right: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ seed, nRows, nClasses, scale, right }): HeadLogits => {
    const logits = Float32Array.from(randomNumbers(seed, nRows * nClasses), (z) => z * scale);
    const random = randomIntegers(seed + 1, nRows, -1, nClasses);
    const draws = randomNumbers(seed + 2, nRows, 0, 1);
    const targets = random.map((target, r) => {
      if (draws[r] > right) return target;
      const row = [...logits.subarray(r * nClasses, (r + 1) * nClasses)];
      return row.indexOf(Math.max(...row));
    });
    return { logits, nClasses, targets };
  })
  .filter(({ targets }) => targets.some((target) => target >= 0));

test("the loss is the least over a dense grid of the range", async () => {
  await fc.assert(
    fc.asyncProperty(heads, async (head) => {
      const found = nll(head, await fitTemperature(head));
      for (let logT = -5; logT <= 5; logT += 0.05)
        expect(found).toBeLessThanOrEqual(nll(head, Math.exp(logT)) + 1e-9);
    }),
    { numRuns: 60 },
  );
});

test("the loss is no higher than after 100 Adam steps", async () => {
  await fc.assert(
    fc.asyncProperty(heads, async (head) => {
      expect(nll(head, await fitTemperature(head))).toBeLessThanOrEqual(
        nll(head, adamTemperature(head)) + 1e-9,
      );
    }),
    { numRuns: 60 },
  );
});

test("logits multiplied by c need a temperature multiplied by c", async () => {
  const logits = Float32Array.from(randomNumbers(4, 300));
  const targets = randomIntegers(5, 100, 0, 3).map((target, r) => {
    const row = [...logits.subarray(3 * r, 3 * r + 3)];
    return r % 3 === 0 ? target : row.indexOf(Math.max(...row));
  });
  const once = await fitTemperature({ logits, nClasses: 3, targets });
  expect(await fitTemperature({ logits: logits.map((z) => 4 * z), nClasses: 3, targets })).toBeCloseTo(
    4 * once,
    8,
  );
});

test("nothing to fit: temperature 1", async () => {
  expect(
    await fitTemperature({ logits: Float32Array.of(1, 2), nClasses: 2, targets: Int32Array.of(-1) }),
  ).toBe(1);
  expect(await fitTemperature({ logits: Float32Array.of(3), nClasses: 1, targets: Int32Array.of(0) })).toBe(
    1,
  );
  expect(await fitTemperature({ logits: new Float32Array(0), nClasses: 2, targets: new Int32Array(0) })).toBe(
    1,
  );
  expect(
    await fitTemperature({ logits: Float32Array.of(2, 2), nClasses: 2, targets: Int32Array.of(1) }),
  ).toBe(1);
});

test("when every row is right or every row is wrong the temperature stays in its range", async () => {
  const logits = Float32Array.of(0.01, -0.01, 0.02, -0.02);
  const right = await fitTemperature({ logits, nClasses: 2, targets: Int32Array.of(0, 0) }, 5);
  const wrong = await fitTemperature({ logits, nClasses: 2, targets: Int32Array.of(1, 1) }, 5);
  expect(Math.log(right)).toBeCloseTo(-5, 6);
  expect(Math.log(wrong)).toBeCloseTo(5, 6);
});

test("a network is made surer only where ten held-out cells are wrong", async () => {
  const head = (nWrong: number): HeadLogits => ({
    logits: Float32Array.from({ length: 400 }, (_, i) => (i % 2 === 0 ? 0.5 : 0)),
    nClasses: 2,
    targets: Int32Array.from({ length: 200 }, (_, r) => (r < nWrong ? 1 : 0)),
  });
  for (const nWrong of [0, 9]) expect(await boundedTemperature(head(nWrong), 5)).toBe(1);
  expect(await boundedTemperature(head(10), 5)).toBe(await fitTemperature(head(10), 5));
  expect(await boundedTemperature(head(10), 5)).toBeLessThan(1);
  expect(await boundedTemperature(head(90), 5)).toBe(await fitTemperature(head(90), 5));
  expect(await boundedTemperature(head(90), 5)).toBeGreaterThan(1);
});
