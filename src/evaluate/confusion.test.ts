import fc from "fast-check";
import { expect, test } from "vitest";
import { labels } from "../../test/helpers/labels.ts";
import { classMetrics, confusionOf } from "./confusion.ts";
import { scoreLabels } from "./metrics.ts";

test("rows are the truth, columns the prediction, the last one Unknown", () => {
  const truth = labels(["B", "B", "A", null, "C"]);
  const confusion = confusionOf(truth, labels(["B", "A", "Unknown", "A", "D"]));
  expect(confusion.labels).toEqual(["A", "B", "C", "D"]);
  expect([...confusion.counts]).toEqual([
    ...[0, 0, 0, 0, 1],
    ...[1, 1, 0, 0, 0],
    ...[0, 0, 0, 1, 0],
    ...[0, 0, 0, 0, 0],
  ]);
  expect(classMetrics(confusion)[1]).toEqual({
    label: "B",
    support: 2,
    nPredicted: 1,
    precision: 1,
    recall: 0.5,
    f1: 2 / 3,
    unknownRate: 0,
  });
});

test("categories that no cell has are not listed; no cells give no rows", () => {
  const wide = { codes: Int32Array.of(0), categories: ["A", "unused"] };
  expect(confusionOf(wide, wide).labels).toEqual(["A"]);
  expect(confusionOf(labels([]), labels([])).counts).toHaveLength(0);
});

test("class scores average to the macro scores", () => {
  const name = fc.constantFrom("A", "B", "C", "Unknown");
  const cell = fc.tuple(fc.option(fc.constantFrom("A", "B", "D")), name);
  fc.assert(
    fc.property(fc.array(cell, { minLength: 1, maxLength: 30 }), (cells) => {
      const truth = labels(cells.map(([t]) => t));
      const predicted = labels(cells.map(([, p]) => p));
      const present = classMetrics(confusionOf(truth, predicted)).filter(({ support }) => support > 0);
      const { macroF1, balancedAccuracy } = scoreLabels(truth, predicted, null);
      const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
      if (present.length === 0) return;
      expect(mean(present.map(({ f1 }) => f1))).toBeCloseTo(macroF1, 12);
      expect(mean(present.map(({ recall }) => recall))).toBeCloseTo(balancedAccuracy, 12);
    }),
  );
});
