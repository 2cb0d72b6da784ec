import fc from "fast-check";
import { expect, test } from "vitest";
import { createScores, flagLowConfidence, scoreBlock } from "./confidence.ts";

const scoresOf = (logits: readonly number[], temperature = 1) => {
  const scores = createScores(
    "c",
    logits.map((_, i) => `class${i}`),
    1,
  );
  scoreBlock(Float32Array.from(logits), 1, temperature, scores, 0);
  return scores;
};

test("confidence and margin are those of a plain softmax", () => {
  const logit = fc.float({ min: -40, max: 40, noNaN: true });
  fc.assert(
    fc.property(
      fc.array(logit, { minLength: 2, maxLength: 8 }),
      fc.double({ min: 0.2, max: 5, noNaN: true }),
      (x, t) => {
        const weights = x.map((value) => Math.exp(Math.fround(value) / t));
        const sum = weights.reduce((a, b) => a + b);
        const [first, second] = weights.map((w) => w / sum).sort((a, b) => b - a);
        const scores = scoresOf(x, t);
        expect(scores.conf[0]).toBeCloseTo(first, 6);
        expect(scores.margin[0]).toBeCloseTo(first - second, 6);
        expect(x[scores.raw[0]]).toBe(Math.max(...x));
      },
    ),
  );
});

test("one class has confidence 1 and its margin is its confidence", () => {
  const scores = scoresOf([-3]);
  expect([scores.raw[0], scores.conf[0], scores.margin[0]]).toEqual([0, 1, 1]);
});

test("equal logits take the first class with margin 0, huge ones do not overflow", () => {
  expect(scoresOf([2, 2]).raw[0]).toBe(0);
  expect(scoresOf([2, 2]).margin[0]).toBe(0);
  expect(scoresOf([1e30, -1e30]).conf[0]).toBe(1);
});

test("an output that is not finite is an error naming the cell", () => {
  const scores = createScores("c", ["a", "b"], 9);
  expect(() => scoreBlock(Float32Array.of(0, 1, Number.NaN, 1), 2, 1, scores, 4)).toThrow(/cell 5, column c/);
  expect(() => scoreBlock(Float32Array.of(Number.POSITIVE_INFINITY, 1), 1, 1, scores, 0)).toThrow(
    /not finite/,
  );
});

test("a score that equals its threshold is not low, whatever float32 makes of 0.7", () => {
  const scores = createScores("c", ["a", "b"], 3);
  scores.conf.set([0.7, 0.69999, 0.9]);
  scores.margin.set([0.2, 0.5, 0.19999]);
  expect([...flagLowConfidence(scores, { confidenceHigh: 0.7, marginThreshold: 0.2 })]).toEqual([0, 1, 1]);
});
