import fc from "fast-check";
import { expect, test } from "vitest";
import { splitValidation } from "./validation-split.ts";

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
