import { expect, test } from "vitest";
import { createPlateau, createStopper } from "./schedule.ts";

test("the learning rate falls after more than `patience` bad epochs, not below the minimum", () => {
  const next = createPlateau({ factor: 0.1, patience: 1, minLr: 0.002 });
  let rate = 1;
  const rates = [5, 5, 5, 5, 5, 4, 4, 4, 4, 4].map((loss) => {
    rate = next(loss, rate);
    return rate;
  });
  expect(rates.map((r) => Math.round(r * 1000) / 1000)).toEqual([
    1, 1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.002, 0.002, 0.002,
  ]);
});

test("an improvement of less than one in ten thousand counts as none", () => {
  const next = createPlateau({ factor: 0.5, patience: 0, minLr: 0 });
  expect(next(1, 1)).toBe(1);
  expect(next(0.99995, 1)).toBe(0.5);
  expect(next(0.9998, 1)).toBe(1);
});

test("a change of the rate of at most 1e-8 is not made", () => {
  const next = createPlateau({ factor: 0.5, patience: 0, minLr: 0 });
  next(1, 1e-8);
  expect(next(1, 1e-8)).toBe(1e-8);
});

test("stopping counts epochs in a row that are not more than the delta below the best", () => {
  const stop = createStopper(2, 0.1);
  expect([1, 0.95, 0.89, 0.85, 0.8].map(stop)).toEqual([false, false, false, false, true]);
  const strict = createStopper(1, 0);
  expect([1, 0.9, 0.9].map(strict)).toEqual([false, false, true]);
});
