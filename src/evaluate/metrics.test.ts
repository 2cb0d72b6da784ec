import fc from "fast-check";
import { expect, test } from "vitest";
import { labels } from "../../test/helpers/labels.ts";
import { reliability, scoreLabels } from "./metrics.ts";

const scored = (truth: (string | null)[], predicted: string[], confidence: number[] | null = null) =>
  scoreLabels(labels(truth), labels(predicted), confidence);

test("a worked example by hand: three classes, one Unknown, one label never predicted", () => {
  const metrics = scored(
    ["A", "A", "B", "B", "C"],
    ["A", "B", "B", "Unknown", "A"],
    [0.9, 0.8, 0.6, 0.1, 0.7],
  );
  expect(metrics).toMatchObject({
    accuracy: 2 / 5,
    coverage: 4 / 5,
    rejectRate: 1 / 5,
    nTotal: 5,
    nCovered: 4,
    coveredAccuracy: 1 / 2,
    risk: 1 / 2,
  });
  // A: precision 1/2, recall 1/2; B: 1/2, 1/2; C: 0.
  expect(metrics.macroF1).toBeCloseTo(1 / 3, 15);
  expect(metrics.balancedAccuracy).toBeCloseTo(1 / 3, 15);
  // One cell per bin: |1 − 0.9|, |0 − 0.8|, |1 − 0.6|, |0 − 0.7|.
  expect(metrics.ece).toBeCloseTo((0.1 + 0.8 + 0.4 + 0.7) / 4, 15);
  expect(metrics.brier).toBeCloseTo((0.01 + 0.64 + 0.16 + 0.49) / 4, 15);
  // Risks at coverage 1/4 … 1: 0, 1/2, 2/3, 1/2.
  expect(metrics.aurc).toBeCloseTo((0.25 + 7 / 12 + 7 / 12) / 4, 15);
});

test("Unknown is wrong even where the truth is spelled Unknown", () => {
  expect(scored(["Unknown", "A"], ["Unknown", "A"])).toMatchObject({ accuracy: 0.5, nCovered: 1 });
});

test("cells without a true label are not scored", () => {
  expect(scored([null, "A", null], ["A", "A", "B"], [0.1, 1, 0.2])).toMatchObject({
    nTotal: 1,
    accuracy: 1,
    macroF1: 1,
    ece: 0,
  });
});

test("a label that only the prediction knows costs precision, not recall of an absent class", () => {
  const metrics = scored(["A", "A"], ["A", "Z"]);
  expect(metrics.macroF1).toBeCloseTo(2 / 3, 15);
  expect(metrics.balancedAccuracy).toBe(0.5);
});

test("no cells: nothing is measured, apart from what the specification fixes", () => {
  const metrics = scored([], [], []);
  expect(metrics).toEqual({
    accuracy: Number.NaN,
    macroF1: 0,
    balancedAccuracy: Number.NaN,
    coverage: Number.NaN,
    rejectRate: Number.NaN,
    nTotal: 0,
    nCovered: 0,
    coveredAccuracy: 0,
    risk: 1,
    ece: Number.NaN,
    brier: Number.NaN,
    aurc: Number.NaN,
  });
});

test("all Unknown: risk is 1 and calibration is not measured", () => {
  expect(scored(["A", "B"], ["Unknown", "Unknown"], [0.3, 0.2])).toMatchObject({
    accuracy: 0,
    macroF1: 0,
    balancedAccuracy: 0,
    coverage: 0,
    rejectRate: 1,
    coveredAccuracy: 0,
    risk: 1,
    ece: Number.NaN,
    brier: Number.NaN,
    aurc: Number.NaN,
  });
});

test("one class, all right", () => {
  expect(scored(["A", "A"], ["A", "A"], [1, 1])).toMatchObject({
    accuracy: 1,
    macroF1: 1,
    balancedAccuracy: 1,
    risk: 0,
    ece: 0,
    brier: 0,
    aurc: 0,
  });
});

test("without confidences calibration is not measured; a NaN confidence is left out", () => {
  expect(scored(["A"], ["A"])).toMatchObject({ accuracy: 1, ece: Number.NaN, aurc: Number.NaN });
  expect(scored(["A", "A"], ["A", "A"], [Number.NaN, 0.75]).brier).toBe(0.0625);
});

test("differing lengths, a confidence outside 0 to 1 and a code without a category are refused", () => {
  expect(() => scored(["A"], ["A", "B"])).toThrow(/1 true labels for 2 predictions/);
  expect(() => scored(["A"], ["A"], [1, 1])).toThrow(/1 true labels for 2/);
  expect(() => scored(["A"], ["A"], [98])).toThrow(/confidence of cell 0 is 98, expected 0 to 1/);
  const outside = { codes: Int32Array.of(3), categories: ["A"] };
  expect(() => scoreLabels(labels(["A"]), outside, null)).toThrow(/code 3, there are 1 categories/);
});

test("names like __proto__ are labels like any other", () => {
  expect(scored(["__proto__", "constructor"], ["__proto__", "A"]).accuracy).toBe(0.5);
});

test("scores equal those counted cell by cell from the strings", () => {
  const name = fc.constantFrom("A", "B", "C", "Unknown");
  const cell = fc.record({ truth: fc.option(fc.constantFrom("A", "B", "C", "D")), predicted: name });
  fc.assert(
    fc.property(fc.array(cell, { minLength: 1, maxLength: 40 }), (cells) => {
      const metrics = scored(
        cells.map((c) => c.truth),
        cells.map((c) => c.predicted),
      );
      const known = cells.filter((c) => c.truth !== null);
      const present = [...new Set(known.map((c) => c.truth))];
      const f1 = present.map((label) => {
        const tp = known.filter((c) => c.truth === label && c.predicted === label).length;
        const all = known.filter((c) => c.truth === label).length;
        const said = known.filter((c) => c.predicted === label).length;
        const [precision, recall] = [said === 0 ? 0 : tp / said, tp / all];
        return { f1: tp === 0 ? 0 : (2 * precision * recall) / (precision + recall), recall };
      });
      const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
      if (present.length > 0) {
        expect(metrics.macroF1).toBeCloseTo(mean(f1.map((s) => s.f1)), 12);
        expect(metrics.balancedAccuracy).toBeCloseTo(mean(f1.map((s) => s.recall)), 12);
        expect(metrics.accuracy).toBe(known.filter((c) => c.truth === c.predicted).length / known.length);
      }
      expect(metrics.nCovered).toBe(known.filter((c) => c.predicted !== "Unknown").length);
    }),
  );
});

test("scores do not depend on how categories are numbered", () => {
  const truth = { codes: Int32Array.of(1, 0, 1, -1), categories: ["b", "a"] };
  const predicted = { codes: Int32Array.of(0, 1, 2, 0), categories: ["a", "b", "Unknown"] };
  expect(scoreLabels(truth, predicted, null)).toEqual(
    scored(["a", "b", "a", null], ["a", "b", "Unknown", "a"]),
  );
});

test("reliability bins hold the covered cells, closed on the right", () => {
  const bins = reliability(labels(["A", "A", "A"]), labels(["A", "Unknown", "B"]), [2 / 15, 0.5, 0.2]);
  expect(bins.filter((bin) => bin.nCells > 0)).toEqual([
    { lower: 1 / 15, upper: 2 / 15, nCells: 1, meanConfidence: 2 / 15, accuracy: 1 },
    { lower: 2 / 15, upper: 3 * (1 / 15), nCells: 1, meanConfidence: 0.2, accuracy: 0 },
  ]);
});
