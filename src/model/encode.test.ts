import fc from "fast-check";
import { expect, test } from "vitest";
import { randomCsr } from "../../test/helpers/training-fixtures.ts";
import type { Csr } from "../core/csr.ts";
import { consecutiveRows, gatherRows } from "./encode.ts";

const rowsOf = ({ nRows, indptr, indices, data }: Csr) =>
  Array.from({ length: nRows }, (_, r) => {
    const [from, to] = [indptr[r], indptr[r + 1]];
    return [[...indices.subarray(from, to)], data === null ? null : [...data.subarray(from, to)]];
  });

test("a range and a choice of rows hold the same entries as the whole", () => {
  const cases = fc.record({
    seed: fc.nat(),
    n: fc.integer({ min: 1, max: 12 }),
    binary: fc.boolean(),
    wide: fc.boolean(),
    picks: fc.array(fc.nat(), { maxLength: 6 }),
  });
  fc.assert(
    fc.property(cases, ({ seed, n, binary, wide, picks }) => {
      const narrow = randomCsr(seed, n, 6, 0.4, binary);
      const x: Csr = wide ? { ...narrow, indices: Uint32Array.from(narrow.indices) } : narrow;
      const all = rowsOf(x);
      const start = seed % n;
      const part = consecutiveRows(x, start, n);
      expect(part.indptr[0]).toBe(0);
      expect(rowsOf(part)).toEqual(all.slice(start));
      const rows = Uint32Array.from(picks, (pick) => pick % n);
      const picked = gatherRows(x, rows);
      expect(picked.indices.constructor).toBe(x.indices.constructor);
      expect(rowsOf(picked)).toEqual([...rows].map((row) => all[row]));
    }),
  );
});
