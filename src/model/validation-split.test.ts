import fc from "fast-check";
import { expect, test } from "vitest";
import { keepEveryClass, splitValidation } from "./validation-split.ts";

test("every cell is on one side, in rising order, and the share is the asked one", () => {
  const cases = fc.tuple(
    fc.integer({ min: 2, max: 300 }),
    fc.double({ min: 0.01, max: 0.5, noNaN: true }),
    fc.nat(),
  );
  fc.assert(
    fc.property(cases, ([n, fraction, key]) => {
      const { train, val } = splitValidation(n, fraction, key);
      const all = [...train, ...val].sort((a, b) => a - b);
      expect(all).toEqual(Array.from({ length: n }, (_, i) => i));
      expect(Math.abs(val.length - n * fraction)).toBeLessThanOrEqual(val.length === 1 ? 1 : 0.5);
      for (const side of [train, val]) expect([...side]).toEqual([...side].sort((a, b) => a - b));
      expect(splitValidation(n, fraction, key)).toEqual({ train, val });
    }),
  );
});

test("no share, no validation; nothing left to train on is an error", () => {
  expect(splitValidation(4, 0, 1)).toEqual({ train: Uint32Array.of(0, 1, 2, 3), val: new Uint32Array(0) });
  expect(splitValidation(600, 0.2, 1).val).toHaveLength(120);
  expect(() => splitValidation(1, 0.2, 1)).toThrow(expect.objectContaining({ code: "BAD_DATA" }));
  expect(() => splitValidation(10, 0.99, 1)).toThrow("0.99 of 10 cells");
});

test("every class of every column keeps a training cell, and other splits stay as they are", () => {
  const n = 200;
  const coarse = Int32Array.from({ length: n }, (_, i) => i % 4);
  const fine = Int32Array.from({ length: n }, (_, i) => (i < 8 ? 10 + (i >> 1) : i % 4));
  for (let key = 0; key < 60; key++) {
    const drawn = splitValidation(n, 0.5, key);
    const split = keepEveryClass(drawn, [{ codes: coarse }, { codes: fine }]);
    expect(new Set([...split.train].map((row) => fine[row])).size).toBe(8);
    expect(split.val).toHaveLength(n / 2);
    if (new Set([...drawn.train].map((row) => fine[row])).size === 8) expect(split).toEqual(drawn);
  }
});
