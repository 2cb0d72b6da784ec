import { expect, test } from "vitest";
import { decideUnknown, withUnknown } from "./unknown.ts";

/** One cell: is it Unknown at confidence_low = 0.4? */
function isUnknown(cell: {
  conf?: number;
  lowConf?: number;
  used?: number;
  lowKnn?: number;
  outside?: number;
}) {
  const { conf = 0.5, lowConf = 0, used = 0, lowKnn = 0, outside } = cell;
  const [flag] = decideUnknown(
    { conf: Float32Array.of(conf), isLowConf: Uint8Array.of(lowConf) },
    { used: Uint8Array.of(used), isLow: Uint8Array.of(lowKnn) },
    outside === undefined ? null : Uint8Array.of(outside),
    0.4,
  );
  return flag === 1;
}

test.each([
  [{}, false],
  [{ conf: 0.39 }, true],
  [{ conf: 0.4 }, false],
  [{ used: 1, lowConf: 1, lowKnn: 1 }, true],
  [{ used: 0, lowConf: 1, lowKnn: 1 }, false],
  [{ used: 1, lowConf: 0, lowKnn: 1 }, false],
  [{ used: 1, lowConf: 1, lowKnn: 0 }, false],
  [{ outside: 1 }, true],
  [{ outside: 0 }, false],
])("%o: %s", (cell, expected) => expect(isUnknown(cell)).toBe(expected));

test("Unknown becomes a category, or stays the one it is", () => {
  const flags = Uint8Array.of(0, 1);
  expect(withUnknown({ codes: Int32Array.of(0, 0), categories: ["a"] }, flags)).toEqual({
    codes: Int32Array.of(0, 1),
    categories: ["a", "Unknown"],
  });
  expect(withUnknown({ codes: Int32Array.of(1, 1), categories: ["Unknown", "z"] }, flags)).toEqual({
    codes: Int32Array.of(1, 0),
    categories: ["Unknown", "z"],
  });
});
