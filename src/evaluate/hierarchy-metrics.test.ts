import fc from "fast-check";
import { expect, test } from "vitest";
import { labels } from "../../test/helpers/labels.ts";
import { pathConsistencyRate, scoreEdge, scoreFullPath } from "./hierarchy-metrics.ts";

const TREE = new Map([
  ["CD4", "T"],
  ["CD8", "T"],
  ["Naive B", "B"],
]);
const level = (truth: (string | null)[], predicted: string[]) => ({
  truth: labels(truth),
  predicted: labels(predicted),
});

test("full path: right means right on every level, covered means Unknown on none", () => {
  const metrics = scoreFullPath([
    level(["T", "T", "B", "B", "T"], ["T", "T", "B", "T", "T"]),
    level(["CD4", "CD8", "Naive B", "Naive B", null], ["CD4", "Unknown", "Naive B", "Naive B", "CD4"]),
  ]);
  expect(metrics).toEqual({
    nTotal: 4,
    fullPathAccuracy: 2 / 4,
    fullPathCoverage: 3 / 4,
    fullPathCoveredAccuracy: 2 / 3,
  });
});

test("full path of no cells and of all Unknown cells", () => {
  expect(scoreFullPath([level([], [])])).toEqual({
    nTotal: 0,
    fullPathAccuracy: Number.NaN,
    fullPathCoverage: Number.NaN,
    fullPathCoveredAccuracy: 0,
  });
  expect(scoreFullPath([level(["T"], ["Unknown"])])).toMatchObject({
    fullPathAccuracy: 0,
    fullPathCoverage: 0,
    fullPathCoveredAccuracy: 0,
  });
  expect(() => scoreFullPath([])).toThrow(/at least one level/);
  expect(() => scoreFullPath([level(["T"], ["T"]), level([], [])])).toThrow(/1 true labels for 0/);
});

test("path consistency compares known, mapped pairs only", () => {
  const parent = labels(["T", "B", "Unknown", "T", "T"]);
  const child = labels(["CD4", "CD4", "CD4", "Unknown", "unmapped"]);
  expect(pathConsistencyRate(parent, child, TREE)).toBe(1 / 2);
  expect(pathConsistencyRate(labels(["Unknown"]), labels(["CD4"]), TREE)).toBeNaN();
});

test("a child whose parent the model has no class for is inconsistent", () => {
  expect(pathConsistencyRate(labels(["T"]), labels(["Naive B"]), TREE)).toBe(0);
});

test("an edge is broken down into four outcomes, in total and by true parent", () => {
  const edge = scoreEdge(
    level(["T", "T", "T", "B", null], ["T", "T", "B", "T", "T"]),
    level(["CD4", "CD4", "CD8", "Naive B", "CD4"], ["CD4", "CD8", "CD8", "Unknown", "CD4"]),
    TREE,
  );
  expect(edge).toEqual({
    nCells: 4,
    parentCorrectChildCorrectRate: 1 / 4,
    parentCorrectChildWrongRate: 1 / 4,
    parentWrongChildCorrectRate: 1 / 4,
    parentWrongChildWrongRate: 1 / 4,
    pathBreakRate: 1 / 4,
    perParent: [
      {
        parent: "B",
        nCells: 1,
        parentCorrectChildCorrectRate: 0,
        parentCorrectChildWrongRate: 0,
        parentWrongChildCorrectRate: 0,
        parentWrongChildWrongRate: 1,
        pathBreakRate: 0,
      },
      {
        parent: "T",
        nCells: 3,
        parentCorrectChildCorrectRate: 1 / 3,
        parentCorrectChildWrongRate: 1 / 3,
        parentWrongChildCorrectRate: 1 / 3,
        parentWrongChildWrongRate: 0,
        pathBreakRate: 1 / 3,
      },
    ],
  });
  expect(scoreEdge(level([], []), level([], []), TREE)).toMatchObject({ nCells: 0, perParent: [] });
});

test("the four outcomes add up to 1 and the parents' cells to the total", () => {
  const parentName = fc.constantFrom("T", "B");
  const childName = fc.constantFrom("CD4", "CD8", "Naive B");
  const cell = fc.tuple(
    parentName,
    fc.oneof(parentName, fc.constant("Unknown")),
    childName,
    fc.oneof(childName, fc.constant("Unknown")),
  );
  fc.assert(
    fc.property(fc.array(cell, { minLength: 1, maxLength: 30 }), (cells) => {
      const edge = scoreEdge(
        level(
          cells.map((c) => c[0]),
          cells.map((c) => c[1]),
        ),
        level(
          cells.map((c) => c[2]),
          cells.map((c) => c[3]),
        ),
        TREE,
      );
      const sum =
        edge.parentCorrectChildCorrectRate +
        edge.parentCorrectChildWrongRate +
        edge.parentWrongChildCorrectRate +
        edge.parentWrongChildWrongRate;
      expect(sum).toBeCloseTo(1, 12);
      expect(edge.perParent.reduce((n, rates) => n + rates.nCells, 0)).toBe(cells.length);
      const broken = edge.perParent.reduce((n, rates) => n + rates.pathBreakRate * rates.nCells, 0);
      expect(broken / cells.length).toBeCloseTo(edge.pathBreakRate, 12);
    }),
  );
});
