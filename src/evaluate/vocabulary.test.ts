import { expect, test } from "vitest";
import { labels } from "../../test/helpers/labels.ts";
import { requireCommonLabels, scoreSeen, unseenLabels } from "./vocabulary.ts";

const check = (truth: readonly (string | null)[], vocabulary: readonly string[]) => () =>
  requireCommonLabels("type", labels(truth), vocabulary, "the predictions", "t.csv › type");

test("labels that do not meet are an error that names both sides, and says so if they differ in writing", () => {
  expect(check(["5.0", "4.0", "5.0"], ["5", "4", "Unknown"])).toThrow(
    expect.objectContaining({
      code: "MISMATCH",
      message: 'no true label of "type" ("5.0", "4.0") is a label of the predictions ("5", "4")',
      where: "t.csv › type",
      hint: 'write the labels the same way on both sides: "5.0" is "5" there',
    }),
  );
  expect(check(["b cell"], ["B-cell"])).toThrow(
    expect.objectContaining({ hint: expect.stringContaining('"b cell" is "B-cell"') }),
  );
  expect(check(["a"], ["b"])).toThrow(
    expect.objectContaining({ hint: expect.stringContaining("give the column") }),
  );
});

test("one common label, no true label or nothing but Unknown is no error", () => {
  for (const call of [
    check(["a", "b"], ["b"]),
    check([null, null], ["b"]),
    check(["a"], ["Unknown"]),
    check(["a"], []),
  ])
    expect(call).not.toThrow();
});

test("cells of unseen types are counted apart", () => {
  const truth = labels(["a", "b", "new", "new", "old", null, "a"]);
  const vocabulary = new Set(["a", "b"]);
  expect(unseenLabels(truth, vocabulary)).toEqual([
    { name: "new", nCells: 2 },
    { name: "old", nCells: 1 },
  ]);
  // Of a, b, a: right, wrong, Unknown.
  const predicted = labels(["a", "a", "a", "b", "a", "a", "Unknown"]);
  expect(scoreSeen(truth, predicted, vocabulary)).toEqual({ nUnseen: 3, seenAccuracy: 1 / 3 });
  expect(scoreSeen(labels(["new"]), labels(["a"]), vocabulary)).toEqual({
    nUnseen: 1,
    seenAccuracy: Number.NaN,
  });
});
