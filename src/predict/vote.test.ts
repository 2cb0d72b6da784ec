import fc from "fast-check";
import { expect, test } from "vitest";
import type { Neighbours } from "../kernels/types.ts";
import { createBallot } from "./vote.ts";

function neighbours(distances: readonly number[]): Neighbours {
  return {
    k: distances.length,
    indices: Uint32Array.from(distances, (_, i) => i),
    distances: Float64Array.from(distances),
  };
}

test("majority takes the most frequent label and its share of k", () => {
  const vote = createBallot("majority", 3);
  expect(vote(Int32Array.of(2, 0, 0), neighbours([1, 2, 3]), 0)).toEqual({ code: 0, share: 2 / 3 });
});

test("a majority tie goes to the label that sorts last", () => {
  const vote = createBallot("majority", 3);
  expect(vote(Int32Array.of(0, 2, 2, 0), neighbours([1, 2, 3, 4]), 0)).toEqual({ code: 2, share: 0.5 });
});

test("a weighted tie goes to the label met first", () => {
  const vote = createBallot("distance_weighted", 3);
  expect(vote(Int32Array.of(1, 0, 2), neighbours([2, 2, 2]), 0).code).toBe(1);
});

test("near neighbours outvote many far ones, also at distance 0", () => {
  const vote = createBallot("distance_weighted", 2);
  const { code, share } = vote(Int32Array.of(1, 0, 0), neighbours([0, 1, 1]), 0);
  expect(code).toBe(1);
  expect(share).toBeCloseTo(1e6 / (1e6 + 2), 9);
});

test("a neighbour without a label counts in the whole and votes for nobody", () => {
  const vote = createBallot("majority", 2);
  expect(vote(Int32Array.of(-1, 1, -1, 1), neighbours([1, 2, 3, 4]), 0)).toEqual({ code: 1, share: 0.5 });
  expect(vote(Int32Array.of(-1, -1), neighbours([1, 2]), 0)).toEqual({ code: -1, share: 0 });
});

test("a ballot forgets earlier votes and agrees with counting by hand", () => {
  const labels = fc.array(fc.integer({ min: -1, max: 4 }), { minLength: 1, maxLength: 12 });
  const vote = createBallot("majority", 5);
  fc.assert(
    fc.property(labels, (codes) => {
      const counts = [0, 1, 2, 3, 4].map((code) => codes.filter((c) => c === code).length);
      const most = Math.max(...counts);
      const expected =
        most === 0 ? { code: -1, share: 0 } : { code: counts.lastIndexOf(most), share: most / codes.length };
      expect(vote(Int32Array.from(codes), neighbours(codes.map((_, i) => i)), 0)).toEqual(expected);
    }),
  );
});
