import fc from "fast-check";
import { expect, test } from "vitest";
import { coverClasses } from "./cover-classes.ts";

const division = fc
  .array(fc.tuple(fc.boolean(), fc.integer({ min: -1, max: 6 }), fc.integer({ min: 0, max: 2 })), {
    minLength: 2,
    maxLength: 40,
  })
  .map((cells) => {
    const rows = (side: boolean) => Uint32Array.from(cells.keys()).filter((row) => cells[row][0] === side);
    const columns = [1, 2].map((at) => Int32Array.from(cells, (cell) => cell[at as 1 | 2]));
    return { kept: rows(true), others: rows(false), columns };
  });

const classesIn = (rows: Iterable<number>, codes: Int32Array): Set<number> =>
  new Set([...rows].map((row) => codes[row]).filter((code) => code >= 0));

test("every class has a kept cell, no cell is lost, and the other side is not emptied", () => {
  fc.assert(
    fc.property(division, ({ kept, others, columns }) => {
      const after = coverClasses({ kept, others }, columns);
      expect([...after.kept, ...after.others].sort((a, b) => a - b)).toEqual([...columns[0].keys()]);
      expect(after.others.length > 0).toBe(others.length > 0);
      expect(after.kept.length).toBeGreaterThanOrEqual(kept.length);
      for (const codes of columns) {
        const left = [...classesIn(codes.keys(), codes)].filter(
          (code) => !classesIn(after.kept, codes).has(code),
        );
        // Only the last cell of the other side may have a class of its own.
        if (after.others.length > 1) expect(left).toEqual([]);
      }
    }),
  );
});

test("a division with every class stays as it is, and sizes stay where a cell can be spared", () => {
  fc.assert(
    fc.property(division, ({ kept, others, columns }) => {
      const isCovered = columns.every(
        (codes) => classesIn(kept, codes).size === classesIn(codes.keys(), codes).size,
      );
      if (isCovered) expect(coverClasses({ kept, others }, columns)).toEqual({ kept, others });
    }),
  );
  const codes = Int32Array.of(0, 0, 0, 1, 1, 2);
  const { kept, others } = coverClasses({ kept: Uint32Array.of(0, 1, 2, 3), others: Uint32Array.of(4, 5) }, [
    codes,
  ]);
  expect([[...kept], [...others]]).toEqual([
    [0, 1, 3, 5],
    [2, 4],
  ]);
});
