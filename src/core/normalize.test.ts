import fc from "fast-check";
import { expect, test } from "vitest";
import { csr } from "../../test/helpers/predict-fixtures.ts";
import { normalizeCell, normalizedRows } from "./normalize.ts";

test("counts become log(1 + counts per 10,000)", () => {
  const values = Float32Array.of(3, 1, 6, 0, 2.5, 40);
  const sum = 52.5;
  const expected = Float32Array.from(values, (count) => Math.log1p((count * 1e4) / sum));
  normalizeCell(values, 0, 6);
  expect([...values]).toEqual([...expected].map((value) => expect.closeTo(value, 5)));
});

test("only the cell's own values change, and a cell without counts stays", () => {
  const values = Float32Array.of(7, 1, 1, 0, 0, 9);
  normalizeCell(values, 1, 3);
  normalizeCell(values, 3, 5);
  normalizeCell(values, 2, 2);
  const half = Math.fround(Math.log1p(5000));
  expect([...values]).toEqual([7, half, half, 0, 0, 9]);
});

test("equal counts get equal values, larger counts larger ones, and the scaled counts sum to 10,000", () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 3000 }), { minLength: 1, maxLength: 60 }), (counts) => {
      const values = Float32Array.from(counts);
      normalizeCell(values, 0, counts.length);
      const total = values.reduce((sum, value) => sum + Math.expm1(value), 0);
      if (counts.some((count) => count > 0)) expect(Math.abs(total / 1e4 - 1)).toBeLessThan(1e-5);
      const order = [...counts.keys()].sort((i, j) => counts[i] - counts[j]);
      for (let k = 1; k < order.length; k++) {
        const [i, j] = [order[k - 1], order[k]];
        expect(Math.sign(values[j] - values[i])).toBe(Math.sign(counts[j] - counts[i]));
      }
    }),
  );
});

test("rows become a matrix of their own, to any sum, with their totals; binary rows count as ones", () => {
  const rows = csr([
    [3, 0, 1, 0],
    [0, 0, 0, 0],
    [0, 2.5, 0, 40],
  ]);
  const before = rows.data!.slice();
  const totals: number[][] = [];
  const { data } = normalizedRows(rows, 100, (row, total) => totals.push([row, total]));
  const logs = [75, 25, 250 / 42.5, 4000 / 42.5].map(Math.log1p);
  expect([...data]).toEqual(logs.map((value) => expect.closeTo(value, 5)));
  expect(rows.data).toEqual(before);
  expect(totals).toEqual([
    [0, 4],
    [1, 0],
    [2, 42.5],
  ]);
  const ones = normalizedRows({ ...rows, data: null }, 100);
  expect([...ones.data]).toEqual(new Array(4).fill(Math.fround(Math.log1p(50))));
});

test("a negative value is not looked up among the small counts", () => {
  const values = Float32Array.of(-1, 5);
  expect(normalizeCell(values, 0, 2, 1)).toBe(4);
  expect([...values]).toEqual([-0.25, 1.25].map((x) => expect.closeTo(Math.log1p(x), 6)));
  const none = { nRows: 1, nCols: 1, indptr: Uint32Array.of(0, 1), indices: Uint32Array.of(0) };
  expect([...normalizedRows({ ...none, data: Float32Array.of(-3) }, 1).data]).toEqual([0]);
});
