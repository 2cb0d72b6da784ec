import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { normalizeCell } from "../core/normalize.ts";
import { hash32 } from "../core/rng.ts";
import { createCountThinning, thinCell, WHOLE_SHARE } from "./count-thinning.ts";

/** What a cell of `n` genes with `count` each becomes. */
function thinned(count: number, n: number, q: number, key: number): Float32Array {
  const values = new Float32Array(n).fill(count);
  thinCell(values, 0, n, q * WHOLE_SHARE, key);
  return values;
}

/** The binomial's probabilities of 0 to n, by their recurrence. */
function binomial(n: number, q: number): number[] {
  const out = [(1 - q) ** n];
  for (let k = 0; k < n; k++) out.push((out[k] * (n - k) * q) / ((k + 1) * (1 - q)));
  return out;
}

function moments(values: Float32Array): { mean: number; variance: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, variance };
}

describe("a thinned count", () => {
  test.each([
    [1, 0.25],
    [2, 0.75],
    [3, 0.5],
    [4, 0.3125],
    [5, 0.75],
    [9, 0.25],
  ])("of %i, share %d, is distributed binomially", (count, q) => {
    const n = 200_000;
    const seen = new Array<number>(count + 1).fill(0);
    for (const value of thinned(count, n, q, 12)) seen[value] = seen[value] + 1;
    const expected = binomial(count, q).map((p) => p * n);
    const chi2 = seen.reduce((sum, times, k) => sum + (times - expected[k]) ** 2 / expected[k], 0);
    // Five standard deviations above the mean of chi-square.
    expect(chi2).toBeLessThan(count + 5 * Math.sqrt(2 * count));
  });

  test.each([1, 4, 17, 63, 64, 65, 300, 20_000, 3e6])(
    "of %i has the binomial's mean and variance",
    (count) => {
      const n = 100_000;
      for (const q of [0.125, 0.5, 0.9375]) {
        const { mean, variance } = moments(thinned(count, n, q, 7));
        const expected = count * q * (1 - q);
        expect(Math.abs(mean - count * q)).toBeLessThan(5 * Math.sqrt(expected / n) + 1e-7 * count);
        // A rounded deviate has a twelfth more.
        expect(Math.abs(variance - expected)).toBeLessThan(0.04 * expected + 1 / 12);
      }
    },
  );

  test("is a whole number from 0 to the count, for any count and share", () => {
    const cells = fc.array(fc.oneof(fc.nat({ max: 80 }), fc.nat({ max: 2 ** 24 })), { maxLength: 50 });
    fc.assert(
      fc.property(cells, fc.integer({ min: 1, max: WHOLE_SHARE - 1 }), fc.nat(), (counts, share, key) => {
        const values = Float32Array.from(counts);
        thinCell(values, 0, values.length, share, key);
        values.forEach((value, e) => {
          expect(Number.isInteger(value) && value >= 0 && value <= Math.fround(counts[e])).toBe(true);
        });
      }),
    );
  });

  test("keeps what is no whole number in proportion", () => {
    const values = Float32Array.of(0.5, 0.75, 2.5);
    thinCell(values, 0, 3, WHOLE_SHARE / 2, 3);
    expect([...values.subarray(0, 2)]).toEqual([0.25, 0.375]);
    expect([0.25, 1.25, 2.25]).toContain(values[2]);
    const huge = Float32Array.of(3e38);
    thinCell(huge, 0, 1, WHOLE_SHARE / 2, 3);
    expect(huge[0] / 1.5e38).toBeCloseTo(1, 6);
  });

  test("does not depend on its neighbour's, nor on the next cell's", () => {
    const correlation = (a: Float32Array, b: Float32Array): number => {
      const [ma, mb] = [moments(a), moments(b)];
      const sum = a.reduce((total, value, e) => total + (value - ma.mean) * (b[e] - mb.mean), 0);
      return sum / a.length / Math.sqrt(ma.variance * mb.variance);
    };
    const values = thinned(5, 50_001, 0.5, 4);
    expect(Math.abs(correlation(values.subarray(1), values.subarray(0, -1)))).toBeLessThan(0.03);
    expect(Math.abs(correlation(values, thinned(5, 50_001, 0.5, 40_000_000)))).toBeLessThan(0.03);
  });
});

describe("the transform", () => {
  const counts = Array.from({ length: 60 }, (_, g) => 1 + ((g * g) % 7));
  const cell = (transform: ReturnType<typeof createCountThinning>, row: number, step: number | null) => {
    const values = Float32Array.from(counts);
    transform(values, 0, values.length, row, step);
    return values;
  };

  test("only normalises in evaluation", () => {
    const expected = Float32Array.from(counts);
    normalizeCell(expected, 0, expected.length);
    expect(cell(createCountThinning(0.2, 1), 5, null)).toEqual(expected);
  });

  test("gives a cell the same in a step wherever it lies, and else in every cell, step and stream", () => {
    const transform = createCountThinning(0.2, 1);
    const once = cell(transform, 5, 9);
    expect(cell(createCountThinning(0.2, 1), 5, 9)).toEqual(once);
    const moved = Float32Array.of(8, 8, ...counts, 8);
    transform(moved, 2, 2 + counts.length, 5, 9);
    expect(moved).toEqual(Float32Array.of(8, 8, ...once, 8));
    const others = [
      cell(transform, 6, 9),
      cell(transform, 5, 10),
      cell(transform, 9, 5),
      cell(createCountThinning(0.2, 2), 5, 9),
      cell(createCountThinning(0.3, 1), 5, 9),
    ];
    expect(new Set([once, ...others].map(String)).size).toBe(6);
  });

  test("has the same bits on every platform", () => {
    const values = Float32Array.from({ length: 500 }, (_, g) => (g % 50 === 0 ? 70 + g : 1 + (g % 9)));
    createCountThinning(0.2, 1)(values, 0, values.length, 5, 9);
    const digest = new Uint32Array(values.buffer).reduce((sum, word) => hash32(sum ^ word), 0);
    expect(digest).toBe(2666471632);
  });

  test("normalises what is left, and leaves a cell of which nothing is left empty", () => {
    const values = cell(createCountThinning(0.2, 1), 3, 4);
    const total = values.reduce((sum, value) => sum + Math.expm1(value), 0);
    expect(total / 10_000).toBeCloseTo(1, 4);
    let nEmpty = 0;
    for (let row = 0; row < 1000; row++) {
      const one = Float32Array.of(1);
      createCountThinning(0.2, 1)(one, 0, 1, row, 1);
      expect([0, Math.fround(Math.log1p(10_000))]).toContain(one[0]);
      if (one[0] === 0) nEmpty++;
    }
    // On average 0.4 are lost.
    expect(nEmpty).toBeGreaterThan(330);
    expect(nEmpty).toBeLessThan(470);
  });

  test.each([0.2, 0.9, 1e-9])("draws shares uniformly from %d to 1", (lowest) => {
    const transform = createCountThinning(lowest, 21);
    const [n, nGenes] = [800, 2000];
    const places = Array.from({ length: n }, (_, row) => {
      const values = new Float32Array(nGenes).fill(1);
      transform(values, 0, nGenes, row, 1);
      const kept = values.reduce((sum, value) => sum + (value > 0 ? 1 : 0), 0) / nGenes;
      return (kept - lowest) / (1 - lowest);
    }).sort((a, b) => a - b);
    places.forEach((place, i) => {
      expect(Math.abs(place - (i + 0.5) / n)).toBeLessThan(0.05 + 0.05 * lowest);
    });
  });

  test("thins almost nothing from just below 1 on", () => {
    const transform = createCountThinning(1 - 1e-9, 3);
    const values = new Float32Array(1000).fill(1);
    transform(values, 0, 1000, 0, 1);
    expect(values.filter((value) => value > 0).length).toBeGreaterThan(990);
  });
});
