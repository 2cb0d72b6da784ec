import fc from "fast-check";
import { expect, test } from "vitest";
import {
  areaUnderRiskCoverage,
  brierScore,
  calibrationBins,
  expectedCalibrationError,
} from "./calibration-error.ts";

const cells = fc.array(
  fc.record({
    confidence: fc.double({ min: 0, max: 1, noNaN: true }),
    correct: fc.integer({ min: 0, max: 1 }),
  }),
  { minLength: 1, maxLength: 60 },
);

test("every confidence falls into the one bin with lower < confidence ≤ upper, 0 into the first", () => {
  const edges = Array.from({ length: 16 }, (_, i) => (i === 15 ? 1 : i * (1 / 15)));
  const nearEdge = fc.constantFrom(...edges, ...edges.map((e) => e + 2e-16), ...edges.map((e) => e - 1e-17));
  fc.assert(
    fc.property(fc.oneof(nearEdge, fc.double({ min: 0, max: 1, noNaN: true })), (value) => {
      const confidence = Math.min(1, Math.max(0, value));
      const bin = calibrationBins([confidence], [1]).findIndex(({ nCells }) => nCells === 1);
      expect(confidence <= edges[bin + 1]).toBe(true);
      expect(bin === 0 || confidence > edges[bin]).toBe(true);
    }),
  );
});

test("one bin compares the mean confidence with the accuracy", () => {
  const bins = calibrationBins([0.2, 0.4, 0.9], [1, 1, 0], 1);
  expect(expectedCalibrationError(bins)).toBeCloseTo(2 / 3 - 0.5, 15);
});

test("a rounding above 1 belongs to the last bin; a percentage and NaN are refused", () => {
  expect(calibrationBins([Math.fround(1.0000001)], [1]).at(-1)!.nCells).toBe(1);
  expect(() => calibrationBins([97], [1])).toThrow(/97, expected 0 to 1/);
  expect(() => calibrationBins([Number.NaN], [1])).toThrow(/expected 0 to 1/);
});

test("the area under the risk-coverage curve equals the trapezoid rule over its points", () => {
  fc.assert(
    fc.property(cells, (list) => {
      const sorted = [...list].sort((a, b) => b.confidence - a.confidence);
      const risk = sorted.map(
        (_, k) => sorted.slice(0, k + 1).filter((c) => c.correct === 0).length / (k + 1),
      );
      let area = 0;
      for (let k = 1; k < risk.length; k++) area += (risk[k] + risk[k - 1]) / (2 * risk.length);
      const got = areaUnderRiskCoverage(
        list.map((c) => c.confidence),
        list.map((c) => c.correct),
      );
      expect(got).toBeCloseTo(area, 12);
    }),
  );
});

test("ranking errors last gives a smaller area than ranking them first", () => {
  expect(areaUnderRiskCoverage([0.9, 0.8, 0.1], [1, 1, 0])).toBeLessThan(
    areaUnderRiskCoverage([0.9, 0.8, 0.1], [0, 1, 1]),
  );
});

test("nothing to measure gives NaN", () => {
  expect(expectedCalibrationError(calibrationBins([], []))).toBeNaN();
  expect(brierScore([], [])).toBeNaN();
  expect(areaUnderRiskCoverage([], [])).toBeNaN();
});
