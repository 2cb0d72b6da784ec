import fc from "fast-check";
import { expect, test } from "vitest";
import { expectGradient, randomIntegers, randomNumbers } from "../../../test/helpers/gradients.ts";
import { crossEntropy } from "./cross-entropy.ts";

/** Straight from the definition, with the platform's exp and log. */
function naive(logits: number[][], targets: number[], weights: number[] | null): number {
  let [loss, total] = [0, 0];
  logits.forEach((row, r) => {
    if (targets[r] < 0) return;
    const w = weights === null ? 1 : weights[targets[r]];
    const sum = row.reduce((s, z) => s + Math.exp(z), 0);
    loss += w * (Math.log(sum) - row[targets[r]]);
    total += w;
  });
  return total > 0 ? loss / total : 0;
}

const cases = fc.record({
  seed: fc.nat(),
  nRows: fc.integer({ min: 1, max: 6 }),
  nClasses: fc.integer({ min: 1, max: 5 }),
  lowest: fc.constantFrom(0, -1),
  weighted: fc.boolean(),
});

test("value and gradient agree with the definition and finite differences", () => {
  fc.assert(
    fc.property(cases, ({ seed, nRows, nClasses, lowest, weighted }) => {
      const logits = randomNumbers(seed, nRows * nClasses, -3, 3);
      const targets = randomIntegers(seed + 1, nRows, lowest, nClasses);
      // The first class weighs nothing, as an absent class does.
      const classWeights = weighted
        ? Float32Array.from(randomNumbers(seed + 2, nClasses, 0.1, 3), (w, c) =>
            c === 0 && nClasses > 1 ? 0 : w,
          )
        : null;
      const value = (z: Float64Array) =>
        crossEntropy({ logits: z, nRows, nClasses, targets, classWeights }, 1, null);
      const rows = Array.from({ length: nRows }, (_, r) => [
        ...logits.subarray(r * nClasses, (r + 1) * nClasses),
      ]);
      expect(value(logits)).toBeCloseTo(naive(rows, [...targets], classWeights && [...classWeights]), 10);
      const gradient = new Float64Array(logits.length).fill(9);
      crossEntropy({ logits, nRows, nClasses, targets, classWeights }, 0.7, gradient);
      expectGradient((z) => 0.7 * value(z), logits, gradient);
    }),
    { numRuns: 60 },
  );
});

test("a batch without any label, or of classes that weigh nothing, has loss 0 and no gradient", () => {
  for (const [targets, classWeights] of [
    [[-1, -1], null],
    [[0, 0], Float32Array.of(0, 1)],
  ] as const) {
    const gradient = new Float64Array(4).fill(9);
    const input = {
      logits: randomNumbers(1, 4),
      nRows: 2,
      nClasses: 2,
      targets: Int32Array.from(targets),
      classWeights,
    };
    expect(crossEntropy(input, 1, gradient)).toBe(0);
    expect([...gradient]).toEqual([0, 0, 0, 0]);
  }
});

test("logits of a thousand do not overflow", () => {
  const input = { nRows: 1, nClasses: 2, targets: Int32Array.of(1), classWeights: null };
  expect(crossEntropy({ ...input, logits: Float64Array.of(1000, -1000) }, 1, null)).toBe(2000);
  expect(crossEntropy({ ...input, logits: Float64Array.of(-1000, 1000) }, 1, null)).toBe(0);
});

test("one class costs nothing", () => {
  const gradient = new Float64Array(1);
  const input = {
    logits: Float64Array.of(5),
    nRows: 1,
    nClasses: 1,
    targets: Int32Array.of(0),
    classWeights: null,
  };
  expect(crossEntropy(input, 1, gradient)).toBe(0);
  expect(gradient[0]).toBe(0);
});
