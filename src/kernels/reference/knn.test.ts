import fc from "fast-check";
import { expect, test } from "vitest";
import { randomNumbers } from "../../../test/helpers/gradients.ts";
import { createKnnIndex } from "./knn.ts";

/** Small integers make ties common. */
function points(seed: number, nRows: number, nCols: number, ties: boolean) {
  const data = Float32Array.from(randomNumbers(seed, nRows * nCols), (x) => (ties ? Math.round(x) : x));
  return { nRows, nCols, data };
}

test("the neighbours are those of a full sort by squared distance, then row", async () => {
  const cases = fc.record({
    seed: fc.nat(),
    nRows: fc.integer({ min: 1, max: 40 }),
    nQueries: fc.integer({ min: 0, max: 5 }),
    nCols: fc.integer({ min: 0, max: 19 }),
    k: fc.integer({ min: 1, max: 50 }),
    ties: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(cases, async ({ seed, nRows, nQueries, nCols, k, ties }) => {
      const reference = points(seed, nRows, nCols, ties);
      const queries = points(seed + 1, nQueries, nCols, ties);
      const found = await createKnnIndex(reference).search(queries, k);
      expect(found.k).toBe(Math.min(k, nRows));
      for (let q = 0; q < nQueries; q++) {
        const squares = Array.from({ length: nRows }, (_, r) => {
          let sum = 0;
          for (let i = 0; i < nCols; i++)
            sum += (queries.data[q * nCols + i] - reference.data[r * nCols + i]) ** 2;
          return sum;
        });
        const order = squares.map((_, r) => r).sort((a, b) => squares[a] - squares[b] || a - b);
        const expected = order.slice(0, found.k);
        expect([...found.indices.subarray(q * found.k, (q + 1) * found.k)]).toEqual(expected);
        expect([...found.distances.subarray(q * found.k, (q + 1) * found.k)]).toEqual(
          expected.map((r) => Math.sqrt(squares[r])),
        );
      }
    }),
    { numRuns: 150 },
  );
});

test("an empty reference has no neighbours", async () => {
  const found = await createKnnIndex(points(1, 0, 3, false)).search(points(2, 4, 3, false), 5);
  expect(found).toEqual({ k: 0, indices: new Uint32Array(0), distances: new Float64Array(0) });
});

test("coordinates that are not finite and widths that differ are refused", async () => {
  const bad = { nRows: 2, nCols: 2, data: Float32Array.of(0, 0, Number.NaN, 0) };
  expect(() => createKnnIndex(bad)).toThrow("reference row 1");
  const index = createKnnIndex(points(1, 3, 2, false));
  await expect(index.search(bad, 1)).rejects.toMatchObject({ code: "BAD_DATA" });
  await expect(index.search(points(1, 3, 4, false), 1)).rejects.toMatchObject({ code: "MISMATCH" });
  await expect(index.search(points(1, 3, 2, false), 0)).rejects.toMatchObject({ code: "USAGE" });
});
