import { expect, test } from "vitest";
import { createCountsCheck } from "./counts-check.ts";

const check = (values: readonly number[], times = 1) => {
  const own = createCountsCheck("X", "fix");
  const row = Float32Array.from(values);
  for (let r = 0; r < times; r++) own.add(row, 0, row.length, r);
  return own.finish();
};

test("counts pass without a word; few other values with a warning", () => {
  expect(check([0, 1, 2, 1000])).toEqual([]);
  expect(check([])).toEqual([]);
  expect(check([1, 2, 3, 1.5])).toEqual([
    expect.objectContaining({ message: expect.stringMatching(/^25\.0 % of the values of X/) }),
  ]);
});

test.each([
  [[1.1, 2.3, 0.7, 1], /looks normalised already: 25 % of 4 values are whole numbers/],
  [[1, 0.5], null],
  [[1, -1, 2], /row 0 of X holds -1/],
  [[1, Number.NaN], /holds NaN/],
  [[1, Number.POSITIVE_INFINITY], /holds Infinity/],
  [[1e-9, 1e-9, 1e-9], /0 % of 3 values/],
])("%j", (values, message) => {
  if (message === null) expect(() => check(values)).toThrow(/50 %/);
  else expect(() => check(values)).toThrow(message);
});

test("a large matrix is refused after its first 20,000 values", () => {
  const own = createCountsCheck("X", "fix");
  const row = new Float32Array(1000).fill(1.5);
  for (let r = 0; r < 19; r++) own.add(row, 0, 1000, r);
  expect(() => own.add(row, 0, 1000, 19)).toThrow(/of 20000 values/);
});
