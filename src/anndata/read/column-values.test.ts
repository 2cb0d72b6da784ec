import { expect, test } from "vitest";
import { columnLabels, columnStrings } from "./column-values.ts";

test("columns of every kind as strings", () => {
  const missing = Uint8Array.of(0, 1);
  expect(columnStrings({ kind: "string", values: ["a", null] })).toEqual(["a", null]);
  expect(
    columnStrings({
      kind: "categorical",
      codes: Int32Array.of(1, -1),
      categories: ["x", "y"],
      ordered: false,
    }),
  ).toEqual(["y", null]);
  expect(columnStrings({ kind: "boolean", values: Uint8Array.of(1, 0), missing: null })).toEqual([
    "True",
    "False",
  ]);
  expect(columnStrings({ kind: "boolean", values: Uint8Array.of(1, 0), missing })).toEqual(["True", null]);
  expect(columnStrings({ kind: "number", dtype: "int64", values: Float64Array.of(3, 4), missing })).toEqual([
    "3",
    null,
  ]);
  expect(
    columnStrings({
      kind: "number",
      dtype: "float32",
      values: Float64Array.of(3, Number.NaN),
      missing: null,
    }),
  ).toEqual(["3.0", null]);
  const single = {
    kind: "number",
    dtype: "float32",
    values: Float64Array.of(Math.fround(0.1)),
    missing: null,
  } as const;
  expect(columnStrings(single)).toEqual(["0.1"]);
});

test("labels sort by code point and leave unused categories out", () => {
  const column = {
    kind: "categorical",
    codes: Int32Array.of(2, 0, -1, 2),
    categories: ["b", "unused", "😀"],
    ordered: true,
  } as const;
  expect(columnLabels(column)).toEqual({ codes: Int32Array.of(1, 0, -1, 1), categories: ["b", "😀"] });
  expect(columnLabels({ kind: "string", values: ["😀", "\ue000"] }).categories).toEqual(["\ue000", "😀"]);
});
