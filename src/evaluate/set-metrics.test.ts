import { expect, test } from "vitest";
import { scoreSets } from "./set-metrics.ts";

const sets = {
  codes: Int32Array.of(0, 1, 2, 1, -1, 0),
  members: [[0], [1, 0], [0, 1, 2]],
  categories: ["a", "b", "c"],
};

test("labels are matched by name; cells without truth or set are left out", () => {
  // Truths: a, c, b, new, a (no set), none.
  const truth = { codes: Int32Array.of(2, 0, 1, 3, 2, -1), categories: ["c", "b", "a", "new"] };
  expect(scoreSets(truth, sets)).toEqual({ setCoverage: 2 / 4, meanSetSize: 8 / 4, singleLabelRate: 1 / 4 });
});

test("nothing to score is not measured, other cells are refused", () => {
  const none = { codes: new Int32Array(6).fill(-1), categories: [] };
  expect(scoreSets(none, sets)).toEqual({
    setCoverage: Number.NaN,
    meanSetSize: Number.NaN,
    singleLabelRate: Number.NaN,
  });
  expect(() => scoreSets({ codes: new Int32Array(2), categories: ["a"] }, sets)).toThrow(/2 true labels/);
});
