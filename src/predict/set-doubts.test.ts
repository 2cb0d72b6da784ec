import { expect, test } from "vitest";
import { doubtSets } from "./set-doubts.ts";

const plan = (nHeldOut: number, coverage = 0.95) => ({ coverage, nHeldOut, thresholds: new Map() });
const shift = (score: number | null, depthRatio: number | null) => ({ length: 0, score, depthRatio });

test("thresholds of few held-out cells are told, those of many are not", () => {
  const few = doubtSets(plan(41), shift(1, 1));
  expect(few?.message).toBe(
    "prediction sets may hold the true label of fewer than 95 % of the cells: their thresholds rest on 41 held-out cells",
  );
  // √(0.95 · 0.05 / n) is 0.03 at 52.8 cells, and √(0.9 · 0.1 / n) at 100.
  expect(doubtSets(plan(52), shift(1, 1))).not.toBeNull();
  expect(doubtSets(plan(53), shift(1, 1))).toBeNull();
  expect(doubtSets(plan(99, 0.9), shift(1, 1))?.message).toContain("fewer than 90 %");
  expect(doubtSets(plan(101, 0.9), shift(1, 1))).toBeNull();
  // A model that does not say how many there were.
  expect(doubtSets(plan(Number.POSITIVE_INFINITY), null)).toBeNull();
});

test("another depth is told in both directions, and nothing twice of a query that is unlike the reference", () => {
  expect(doubtSets(plan(220), shift(1.06, 0.52))?.message).toContain("a cell has 0.52 times the counts");
  expect(doubtSets(plan(220), shift(1.3, 1.75))?.message).toContain("a cell has 1.8 times the counts");
  expect(doubtSets(plan(220), shift(1.3, 1.5))).toBeNull();
  expect(doubtSets(plan(220), shift(1.3, 0.7))).toBeNull();
  expect(doubtSets(plan(220), shift(2.1, 0.5))).toBeNull();
  expect(doubtSets(plan(41), shift(null, 0.5))?.message).toContain("held-out cells, and a cell has");
});
