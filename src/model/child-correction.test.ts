import { expect, test } from "vitest";
import type { ForwardResult, Linear } from "../kernels/types.ts";
import type { ChildCorrection } from "../model/types.ts";
import { applyChildCorrection } from "./child-correction.ts";

/** A layer of one hidden unit that passes one feature on. */
const pick = (feature: number, nIn: number): Linear => ({
  nIn,
  nOut: 1,
  weight: Float32Array.from({ length: nIn }, (_, i) => (i === feature ? 1 : 0)),
  bias: Float32Array.of(0),
});
const spread: Linear = { nIn: 1, nOut: 2, weight: Float32Array.of(1, -1), bias: Float32Array.of(0.5, 0) };

const block = (): ForwardResult => ({
  nRows: 2,
  latent: Float32Array.of(7, 8, 7, 8),
  logits: [Float32Array.of(1, 3, 3, 1), Float32Array.of(0, 2, 4, 0, 2, 4)],
  coords: [],
});

/** The two features corrected children get back through `spread`, when feature `f` is picked. */
function corrected(featureMode: ChildCorrection["featureMode"], f: number, nIn: number): number[] {
  const result = block();
  applyChildCorrection(
    {
      parentHead: 0,
      childHead: 1,
      residualScale: 2,
      featureMode,
      modules: [{ parentIndex: 1, childIndices: [2, 0], hidden: pick(f, nIn), output: spread }],
      config: new Map(),
    },
    result,
  );
  expect([...result.logits[1].subarray(3)]).toEqual([0, 2, 4]); // the other cell's parent has no module
  return [...result.logits[1].subarray(0, 3)];
}

/** Children 2 and 0 hold 4 and 0; the residual of a picked value v is [v + 0.5, −v], scaled by 2. */
const expected = (v: number): number[] =>
  [0 + 2 * -Math.max(v, 0), 2, 4 + 2 * (Math.max(v, 0) + 0.5)].map(Math.fround);

test.each([
  [0, 7],
  [1, 8],
  [2, 1],
  [3, 3],
  [4, 4],
  [5, 0],
])("standard feature %i is %d: latent, parent logits, the parent's child logits", (feature, value) => {
  expect(corrected("standard", feature, 6)).toEqual(expected(value));
});

const p = 1 / (1 + Math.exp(-4));
test.each([
  [0, 4],
  [1, 0],
  [2, p],
  [3, 1 - p],
  [4, p],
  [5, 1 - p],
  [6, 2 * p - 1],
  [7, 1],
  [8, 3],
])(
  "reranker feature %i is %d: child logits, softmax, top two and their gap, parent logits",
  (feature, value) => {
    corrected("reranker_like", feature, 9).forEach((logit, i) => {
      expect(logit).toBeCloseTo(expected(value)[i], 5);
    });
  },
);

test("a lone child has certainty 1 and no second", () => {
  const result: ForwardResult = {
    nRows: 1,
    latent: new Float32Array(0),
    logits: [Float32Array.of(1), Float32Array.of(5)],
    coords: [],
  };
  const output: Linear = { nIn: 1, nOut: 1, weight: Float32Array.of(1), bias: Float32Array.of(0) };
  const modules = [{ parentIndex: 0, childIndices: [0], hidden: pick(4, 6), output }];
  applyChildCorrection(
    {
      parentHead: 0,
      childHead: 1,
      residualScale: 1,
      featureMode: "reranker_like",
      modules,
      config: new Map(),
    },
    result,
  );
  expect([...result.logits[1]]).toEqual([6]); // top1 − top2 = 1
});
