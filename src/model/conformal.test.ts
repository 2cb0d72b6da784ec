import fc from "fast-check";
import { expect, test } from "vitest";
import { randomIntegers, randomNumbers } from "../../test/helpers/gradients.ts";
import type { HeadLogits } from "./calibrate.ts";
import { fitSetThresholds, heldOutCellsNeeded, probabilitiesOf, SET_COVERAGES } from "./conformal.ts";

/** The least k with k / (n + 1) ≥ coverage, in whole numbers. */
function rankOf(n: number, coverage: number): number {
  const percent = Math.round(100 * coverage);
  let k = 0;
  while (100 * k < percent * (n + 1)) k++;
  return k;
}

function softmax(row: readonly number[], temperature: number): number[] {
  const powers = row.map((z) => Math.exp((z - Math.max(...row)) / temperature));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((p) => p / sum);
}

const rowOf = ({ logits, nClasses }: HeadLogits, r: number): number[] => [
  ...logits.subarray(r * nClasses, (r + 1) * nClasses),
];

const heads = fc
  .record({
    seed: fc.nat(),
    nRows: fc.integer({ min: 0, max: 130 }),
    nClasses: fc.integer({ min: 1, max: 6 }),
    scale: fc.constantFrom(0, 1, 20),
  })
  .map(
    ({ seed, nRows, nClasses, scale }): HeadLogits => ({
      logits: Float32Array.from(randomNumbers(seed, nRows * nClasses), (z) => z * scale),
      nClasses,
      targets: randomIntegers(seed + 1, nRows, -1, nClasses),
    }),
  );

test("each threshold is the k-th largest probability of the true labels, as far as cells suffice", () => {
  fc.assert(
    fc.property(heads, fc.constantFrom(0.3, 1, 4), (head, temperature) => {
      const falling = [...head.targets]
        .flatMap((target, r) => (target < 0 ? [] : [softmax(rowOf(head, r), temperature)[target]]))
        .sort((a, b) => b - a);
      const n = falling.length;
      const { nCells, thresholds } = fitSetThresholds(head, temperature);
      expect(nCells).toBe(n);
      expect(thresholds.length).toBe(SET_COVERAGES.filter((coverage) => rankOf(n, coverage) <= n).length);
      thresholds.forEach((threshold, i) => {
        expect(threshold).toBeCloseTo(falling[rankOf(n, SET_COVERAGES[i]) - 1], 12);
      });
      expect(thresholds).toEqual([...thresholds].sort((a, b) => b - a));
    }),
  );
});

test("coverages are two-digit numbers from 0.5 to 0.99", () => {
  expect(SET_COVERAGES).toHaveLength(50);
  expect(SET_COVERAGES.map(String)).toEqual(
    SET_COVERAGES.map((coverage) => coverage.toFixed(2).replace(/0$/, "")),
  );
});

test("as many cells as are said to be needed suffice, and one fewer does not", () => {
  for (const [i, coverage] of SET_COVERAGES.entries()) {
    const needed = heldOutCellsNeeded(coverage);
    expect(rankOf(needed, coverage)).toBeLessThanOrEqual(needed);
    expect(rankOf(needed - 1, coverage)).toBeGreaterThan(needed - 1);
    const cells = (n: number): HeadLogits => ({
      logits: new Float32Array(n),
      nClasses: 1,
      targets: new Int32Array(n),
    });
    expect(fitSetThresholds(cells(needed), 1).thresholds.length).toBeGreaterThan(i);
    expect(fitSetThresholds(cells(needed - 1), 1).thresholds.length).toBeLessThanOrEqual(i);
  }
  expect([0.5, 0.9, 0.95, 0.99].map(heldOutCellsNeeded)).toEqual([1, 9, 19, 99]);
});

test("probabilities of hopeless labels keep their order down to the smallest numbers", () => {
  const probabilities = new Float64Array(3);
  probabilitiesOf(Float32Array.of(9, 9, 0, -80, -90), 2, 1, probabilities);
  expect(probabilities[0]).toBe(1);
  expect(probabilities[1] / probabilities[2]).toBeCloseTo(Math.exp(10), 6);
  probabilitiesOf(Float32Array.of(1, Number.NEGATIVE_INFINITY, 1), 0, 2, probabilities);
  expect([...probabilities]).toEqual([0.5, 0, 0.5]);
});

test.each([0.5, 0.8, 0.9, 0.95])(
  "new cells like the held-out ones are covered at %d, on average over splits",
  (coverage) => {
    const [nHeldOut, nNew, nSplits, nClasses] = [60, 60, 400, 4];
    let held = 0;
    for (let split = 0; split < nSplits; split++) {
      const n = nHeldOut + nNew;
      const logits = Float32Array.from(randomNumbers(split, n * nClasses, -3, 3));
      // Labels follow other probabilities than the logits say: coverage must not depend on it.
      const draws = randomNumbers(split + 1e6, n, 0, 1);
      const targets = Int32Array.from(draws, (u, r) => {
        let [rest, label] = [u, 0];
        const p = softmax([...logits.subarray(r * nClasses, (r + 1) * nClasses)], 2.5);
        while (label < nClasses - 1 && rest >= p[label]) rest -= p[label++];
        return label;
      });
      const heldOut = { logits, nClasses, targets: targets.subarray(0, nHeldOut) };
      const threshold = fitSetThresholds(heldOut, 1).thresholds[SET_COVERAGES.indexOf(coverage)];
      const probabilities = new Float64Array(nClasses);
      for (let r = nHeldOut; r < n; r++) {
        probabilitiesOf(logits, r * nClasses, 1, probabilities);
        if (probabilities[targets[r]] >= threshold) held++;
      }
    }
    // The spread of one split's coverage is that of a beta distribution over held-out cells and of new cells drawn from it.
    const variance = coverage * (1 - coverage) * (1 / (nHeldOut + 2) + 1 / nNew);
    const tolerance = 4 * Math.sqrt(variance / nSplits);
    const share = held / (nNew * nSplits);
    expect(share).toBeGreaterThan(coverage - tolerance);
    expect(share).toBeLessThan(coverage + 1 / (nHeldOut + 1) + tolerance);
  },
);
