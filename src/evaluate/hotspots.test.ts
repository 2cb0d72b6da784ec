import { expect, test } from "vitest";
import { discoverHotspots, type HotspotOptions } from "./hotspots.ts";

const row = (parent: string, nCells: number, parentCorrectChildWrongRate: number) => ({
  parent,
  nCells,
  parentCorrectChildWrongRate,
});
// Scores 60, 20, 15, 5, 0; e has too few cells for the default.
const table = [
  row("a", 100, 0.2),
  row("b", 600, 0.1),
  row("c", 500, 0),
  row("d", 100, 0.15),
  row("e", 10, 0.5),
];
const chosen = (options: Partial<HotspotOptions>) =>
  discoverHotspots(table, options).chosen.map(({ parent }) => parent);

test("topk takes the highest scores, never a parent without a mistake or with too few cells", () => {
  expect(chosen({ topK: 2 })).toEqual(["b", "a"]);
  expect(chosen({ topK: 9 })).toEqual(["b", "a", "d"]);
  expect(chosen({ topK: 9, minCells: 1 })).toEqual(["b", "a", "d", "e"]);
  expect(chosen({ topK: 9, maxParents: 1 })).toEqual(["b"]);
});

test("cumulative_contribution takes the smallest prefix that reaches the target", () => {
  const selection = "cumulative_contribution";
  expect(chosen({ selection, targetContribution: 0.6 })).toEqual(["b"]);
  expect(chosen({ selection, targetContribution: 0.61 })).toEqual(["b", "a"]);
  expect(chosen({ selection, targetContribution: 0.8 })).toEqual(["b", "a"]);
  expect(chosen({ selection, targetContribution: 1 })).toEqual(["b", "a", "d"]);
});

test("equal scores go by code point, and the concentration is that of the three worst", () => {
  const even = ["d", "c", "b", "a"].map((parent) => row(parent, 100, 0.1));
  const found = discoverHotspots(even, { topK: 2 });
  expect(found.chosen.map(({ parent }) => parent)).toEqual(["a", "b"]);
  expect(found.concentration).toBeCloseTo(0.75, 12);
  expect(discoverHotspots([row("a", 100, 0)])).toEqual({ chosen: [], concentration: 0 });
});

test.each([
  { topK: 0 },
  { minCells: 0.5 },
  { maxParents: -1 },
  { targetContribution: 0 },
  { targetContribution: 1.1 },
])("%o is refused", (options) =>
  expect(() => discoverHotspots(table, options)).toThrow(expect.objectContaining({ code: "USAGE" })),
);
