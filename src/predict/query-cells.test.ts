import fc from "fast-check";
import { expect, test } from "vitest";
import type { DenseMatrix } from "../core/dense.ts";
import { countShared } from "./query-cells.ts";

const matrix = (nCols: number, rows: readonly (readonly number[])[]): DenseMatrix => ({
  ...{ nRows: rows.length, nCols },
  data: Float32Array.from(rows.flat()),
});

/** Cells of coordinates of few values, so that many are alike. */
const cells = (nCols: number) =>
  fc.array(fc.array(fc.constantFrom(0, 1, -1, 0.5), { minLength: nCols, maxLength: nCols }), {
    maxLength: 40,
  });

test("shared cells are those that a search of all pairs finds, unless chance finds as many", () => {
  const both = fc.integer({ min: 1, max: 4 }).chain((nCols) => fc.tuple(cells(nCols), cells(nCols)));
  fc.assert(
    fc.property(both, ([reference, query]) => {
      const nCols = (reference[0] ?? query[0] ?? [0]).length;
      const isEmpty = Uint8Array.from(query, (_, i) => (i % 7 === 3 ? 1 : 0));
      const at = (rows: readonly (readonly number[])[], cell: readonly number[]) =>
        rows.filter((other) => String(other) === String(cell)).length;
      const read = query.filter((_, i) => isEmpty[i] === 0);
      const alone = reference.filter((cell) => at(reference, cell) === 1);
      const n = alone.filter((cell) => at(read, cell) === 1).length;
      const chance = (reference.length - alone.length) / reference.length;
      expect(countShared(matrix(nCols, query), matrix(nCols, reference), isEmpty)).toBe(
        n > chance * read.length ? n : 0,
      );
    }),
  );
});
