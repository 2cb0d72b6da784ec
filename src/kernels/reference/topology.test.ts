import fc from "fast-check";
import { expect, test } from "vitest";
import { expectGradient, randomNumbers } from "../../../test/helpers/gradients.ts";
import { topology } from "./topology.ts";

test("value and gradient agree with the definition and finite differences", () => {
  const cases = fc.tuple(
    fc.nat(),
    fc.integer({ min: 1, max: 8 }),
    fc.integer({ min: 1, max: 3 }),
    fc.integer({ min: 1, max: 10 }),
  );
  fc.assert(
    fc.property(cases, ([seed, nRows, width, k]) => {
      const predicted = randomNumbers(seed, nRows * width);
      const target = randomNumbers(seed + 1, nRows * width);
      expect(topology(predicted, target, nRows, width, k, 1, null)).toBeCloseTo(
        naive(predicted, target, nRows, width, k),
        12,
      );
      const gradient = new Float64Array(predicted.length).fill(0.25);
      topology(predicted, target, nRows, width, k, 0.4, gradient);
      const f = (p: Float64Array) => 0.4 * topology(p, target, nRows, width, k, 1, null);
      // Where two predictions almost coincide the curvature exceeds what a finite difference resolves.
      fc.pre(closest(predicted, nRows, width) > 0.02);
      expectGradient(
        f,
        predicted,
        gradient.map((g) => g - 0.25),
        1e-5,
      );
    }),
    { numRuns: 60 },
  );
});

test("rows predicted at one point get no gradient rather than NaN", () => {
  const gradient = new Float64Array(4);
  expect(topology(new Float64Array(4), Float64Array.of(0, 0, 3, 4), 2, 2, 10, 1, gradient)).toBe(25);
  expect([...gradient]).toEqual([0, 0, 0, 0]);
});

test("ties go to the lower row, and a single row costs nothing", () => {
  // Row 0 is as far from 1 as from 2; only the pair (0, 1) counts.
  const target = Float64Array.of(0, 1, -1);
  const predicted = Float64Array.of(0, 1, -5);
  const pairs = [0, 0, (5 - 1) ** 2]; // 0→1, 1→0, 2→0
  expect(topology(predicted, target, 3, 1, 1, 1, null)).toBe((pairs[0] + pairs[1] + pairs[2]) / 3);
  expect(topology(Float64Array.of(1), Float64Array.of(2), 1, 1, 3, 1, null)).toBe(0);
});

function distance(points: Float64Array, a: number, b: number, width: number): number {
  return Math.hypot(
    ...Array.from({ length: width }, (_, j) => points[a * width + j] - points[b * width + j]),
  );
}

function closest(points: Float64Array, nRows: number, width: number): number {
  let least = 1;
  for (let a = 0; a < nRows; a++)
    for (let b = 0; b < a; b++) least = Math.min(least, distance(points, a, b, width));
  return least;
}

function naive(
  predicted: Float64Array,
  target: Float64Array,
  nRows: number,
  width: number,
  k: number,
): number {
  const errors: number[] = [];
  for (let a = 0; a < nRows; a++) {
    const others = Array.from({ length: nRows }, (_, b) => b).filter((b) => b !== a);
    others.sort((b, c) => distance(target, a, b, width) - distance(target, a, c, width));
    for (const b of others.slice(0, k))
      errors.push((distance(predicted, a, b, width) - distance(target, a, b, width)) ** 2);
  }
  return errors.length === 0 ? 0 : errors.reduce((x, y) => x + y, 0) / errors.length;
}
