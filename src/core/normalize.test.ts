import fc from "fast-check";
import { expect, test } from "vitest";
import { normalizeCell } from "./normalize.ts";

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
