import { expect, test } from "vitest";
import { UNKNOWN_REASONS } from "../schema/prediction.ts";
import { decideUnknown, withUnknown } from "./unknown.ts";

/** One cell: why is it Unknown at confidence_low = 0.4? Undefined where it is not. */
function reasonOf(cell: {
  conf?: number;
  lowConf?: number;
  used?: number;
  lowKnn?: number;
  outside?: number;
  empty?: number;
}) {
  const { conf = 0.5, lowConf = 0, used = 0, lowKnn = 0, outside, empty = 0 } = cell;
  const { isUnknown, reasons } = decideUnknown(
    { conf: Float32Array.of(conf), isLowConf: Uint8Array.of(lowConf) },
    { used: Uint8Array.of(used), isLow: Uint8Array.of(lowKnn) },
    outside === undefined ? null : Uint8Array.of(outside),
    0.4,
    null,
    Uint8Array.of(empty),
  );
  expect(isUnknown[0]).toBe(reasons[0] < 0 ? 0 : 1);
  return UNKNOWN_REASONS[reasons[0]];
}

test.each([
  [{}, undefined],
  [{ conf: 0.39 }, "low_confidence"],
  [{ conf: 0.4 }, undefined],
  [{ used: 1, lowConf: 1, lowKnn: 1 }, "knn_disagrees"],
  [{ conf: 0.1, used: 1, lowConf: 1, lowKnn: 1, outside: 1 }, "low_confidence"],
  [{ used: 1, lowConf: 1, lowKnn: 1, outside: 1 }, "knn_disagrees"],
  [{ used: 0, lowConf: 1, lowKnn: 1 }, undefined],
  [{ used: 1, lowConf: 0, lowKnn: 1 }, undefined],
  [{ used: 1, lowConf: 1, lowKnn: 0 }, undefined],
  [{ outside: 1 }, "open_set"],
  [{ conf: 0.1, empty: 1 }, "no_counts"],
  [{ conf: 0.99, empty: 1 }, "no_counts"],
  [{ outside: 0 }, undefined],
])("%o: %s", (cell, expected) => expect(reasonOf(cell)).toBe(expected));

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
