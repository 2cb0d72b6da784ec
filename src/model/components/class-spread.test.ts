import { expect, test } from "vitest";
import { randomUniform } from "../../core/rng.ts";
import { classSpreads, commonSpread } from "./class-spread.ts";

/** Distances about 5, of `n` cells; the same shape for every class. */
const distances = (n: number, seed: number, factor = 1): number[] =>
  Array.from({ length: n }, (_, i) => factor * (4 + 2 * randomUniform(seed, i)));

const heldOut = Float32Array.from(distances(1000, 1)).sort();
const OF_HELD_OUT = { heldOut, quartiles: Float32Array.from([4.5, 4.5, 4.5]) };

function nearest(parts: readonly (readonly number[])[]) {
  return {
    classes: Int32Array.from(parts.flatMap((part, c) => part.map(() => c))),
    distances: Float64Array.from(parts.flat()),
  };
}

test("a query like the reference is left as it is", () => {
  const { spread, divisors } = classSpreads(
    nearest([0, 1, 2].map((c) => distances(200, 7 + c))),
    OF_HELD_OUT,
  );
  expect(spread).toBeCloseTo(1, 1);
  for (const c of [0, 1, 2]) expect(divisors(c)).toBeCloseTo(1, 1);
});

test("a class that lies off as a whole is brought back by itself, by the spread to the power of 2/3", () => {
  const cells = nearest([distances(2000, 7), distances(2000, 8), distances(2000, 9, 2)]);
  const { divisors } = classSpreads(cells, OF_HELD_OUT);
  expect(divisors(0)).toBeCloseTo(1, 1);
  expect(divisors(2)).toBeCloseTo(2 ** (2 / 3), 1);
  // What is common to all classes hardly sees it.
  expect(commonSpread(cells, OF_HELD_OUT).divisors(2)).toBeCloseTo(1, 1);
});

test("cells of a new type about a class do not hide themselves, while it has cells of its own", () => {
  const own = distances(100, 7);
  const { divisors } = classSpreads(
    nearest([[...own, ...distances(200, 8, 2)], distances(100, 9), distances(100, 10)]),
    OF_HELD_OUT,
  );
  expect(divisors(0)).toBeLessThan(1.1);
});

test("a class of few cells takes the spread of the others", () => {
  const { spread, divisors } = classSpreads(
    nearest([distances(200, 7, 1.5), distances(200, 8, 1.5), [40, 40, 40]]),
    OF_HELD_OUT,
  );
  expect(spread).toBeCloseTo(1.5, 1);
  expect(divisors(2)).toBeCloseTo(1.5 ** (2 / 3), 1);
});

test("without cells, or of a bundle whose held-out cells have no distance, nothing is divided", () => {
  expect(classSpreads(nearest([[], [], []]), OF_HELD_OUT).divisors(0)).toBe(1);
  const none = { heldOut: new Float32Array(10), quartiles: new Float32Array(3) };
  expect(classSpreads(nearest([distances(50, 1), [], []]), none).divisors(0)).toBe(1);
});
