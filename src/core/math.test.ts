import fc from "fast-check";
import { expect, test } from "vitest";
import { exp, log } from "./math.ts";

/** Distance in units of the last place of `expected`. */
function ulps(actual: number, expected: number): number {
  const unit = 2 ** (Math.floor(Math.log2(Math.abs(expected))) - 52);
  return Math.abs(actual - expected) / unit;
}

test("exp is within two units in the last place of the platform's over the normal range", () => {
  fc.assert(
    fc.property(fc.double({ min: -700, max: 709, noNaN: true }), (x) => ulps(exp(x), Math.exp(x)) <= 2),
    { numRuns: 5000 },
  );
});

test("log is within two units in the last place of the platform's", () => {
  fc.assert(
    fc.property(fc.double({ min: 5e-324, noNaN: true, noDefaultInfinity: true }), (x) => {
      const expected = Math.log(x);
      return expected === 0 ? log(x) === 0 : ulps(log(x), expected) <= 2;
    }),
    { numRuns: 5000 },
  );
});

test.each([
  [exp, Number.NaN, Number.NaN],
  [exp, 710, Number.POSITIVE_INFINITY],
  [exp, -746, 0],
  [exp, 0, 1],
  [exp, Number.NEGATIVE_INFINITY, 0],
  [log, 0, Number.NEGATIVE_INFINITY],
  [log, 1, 0],
  [log, -1, Number.NaN],
  [log, Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
])("%o of %d is %d", (f, x, y) => expect(f(x)).toBe(y));

test("exp reaches into the subnormal numbers", () => {
  expect(exp(-740)).toBeGreaterThan(0);
  expect(Math.abs(exp(-740) / Math.exp(-740) - 1)).toBeLessThan(0.01);
});
