import { expect, test } from "vitest";
import { labels } from "../../test/helpers/labels.ts";
import { scoreBehaviour } from "./behaviour.ts";

const behaviour = (cells: [truth: string | null, raw: string, knn: string, final: string, used: number][]) =>
  scoreBehaviour(labels(cells.map(([truth]) => truth)), {
    raw: labels(cells.map(([, raw]) => raw)),
    knn: labels(cells.map(([, , knn]) => knn)),
    final: labels(cells.map(([, , , final]) => final)),
    usedKnn: Uint8Array.from(cells, ([, , , , used]) => used),
  });

test("each kind of cell is counted once, in its own rate", () => {
  const metrics = behaviour([
    ["A", "A", "A", "A", 0],
    ["A", "B", "A", "A", 1], // rescued
    ["A", "A", "B", "B", 1], // harmed
    ["A", "A", "A", "Unknown", 1], // harmed by Unknown, label unchanged
    ["A", "A", "A", "Unknown", 0], // Unknown, but not by KNN
    ["A", "B", "C", "C", 1], // changed, still wrong
    [null, "B", "A", "A", 1], // no truth: neither rescue nor harm
    ["A", "B", "B", "B", 0],
  ]);
  expect(metrics).toEqual({
    unknownRate: 2 / 8,
    knnCoverage: 5 / 8,
    knnChangeRate: 4 / 8,
    knnRescueRate: 1 / 7,
    knnHarmRate: 2 / 7,
    unknownRateAmongUsed: 1 / 5,
    knnChangeRateAmongUsed: 4 / 5,
    knnRescueRateAmongUsed: 1 / 4,
    knnHarmRateAmongUsed: 2 / 4,
  });
});

test("without KNN the rates among used cells are not measured, the others are 0", () => {
  expect(behaviour([["A", "A", "A", "A", 0]])).toMatchObject({
    knnCoverage: 0,
    knnRescueRate: 0,
    knnHarmRate: 0,
    knnChangeRateAmongUsed: Number.NaN,
    knnHarmRateAmongUsed: Number.NaN,
  });
});

test("no cells: nothing is measured", () => {
  for (const value of Object.values(behaviour([]))) expect(value).toBeNaN();
});
