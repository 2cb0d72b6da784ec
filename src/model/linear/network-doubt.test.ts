import { expect, test } from "vitest";
import { isDoubted, networkDisagreements } from "./network-doubt.ts";
import type { LinearViews, Rung } from "./types.ts";

const head = (column: string, nClasses: number) => ({
  column,
  weights: new Float32Array(0),
  intercepts: new Float32Array(nClasses),
  temperature: 1,
});
const views = [1, 2].map(() => ({ heads: [head("coarse", 2), head("fine", 3)] }));
const linear = { views } as unknown as LinearViews;
/** Scores of cells that a member is sure of, of one class a column. */
const sure = (classes: readonly (readonly [number, number])[]): Float32Array =>
  Float32Array.from(
    classes.flatMap(([coarse, fine]) => [
      ...[0, 1].map((k) => (k === coarse ? 9 : 0)),
      ...[0, 1, 2].map((k) => (k === fine ? 9 : 0)),
    ]),
  );
const network = (coarse: readonly number[], fine: readonly number[]): Float32Array[] => [
  Float32Array.from(coarse.flatMap((own) => [0, 1].map((k) => (k === own ? 1 : 0)))),
  Float32Array.from(fine.flatMap((own) => [0, 1, 2].map((k) => (k === own ? 1 : 0)))),
];

test("a network is the odd one out where views agree with each other and not with it, column by column", () => {
  const alike = sure([
    [0, 0],
    [1, 1],
    [1, 2],
    [0, 0],
  ]);
  const other = sure([
    [0, 0],
    [1, 1],
    [1, 2],
    [1, 0],
  ]);
  // Coarse: the views agree in three of four, the network agrees with their mean (of equals the first) in all four.
  // Fine: they agree in all four, the network in one.
  expect(networkDisagreements(network([0, 1, 1, 0], [0, 0, 0, 1]), [alike, other], linear)).toEqual([
    -0.25, 0.75,
  ]);
  expect(networkDisagreements(network([], []), [sure([]), sure([])], linear)).toEqual([0, 0]);
});

test("doubt is more disagreement than held-out cells have, on enough cells", () => {
  const ladder = (disagreements: readonly number[] | null) =>
    [{ doubted: disagreements && { disagreements } }] as unknown as readonly Rung[];
  expect(isDoubted([0.1, 0.1, 0.05], 200, ladder([0, 0.05, -0.2]))).toEqual([true, false, false]);
  expect(isDoubted([0.1, 0.1, 0.05], 99, ladder([0, 0.05, -0.2]))).toEqual([false, false, false]);
  expect(isDoubted([0.9, 0.9, 0.9], 200, ladder(null))).toEqual([false, false, false]);
});
