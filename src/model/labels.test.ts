import { expect, test } from "vitest";
import { categorical, memoryAnnData, strings } from "../../test/helpers/memory-anndata.ts";
import { randomCsr } from "../../test/helpers/training-fixtures.ts";
import type { Column } from "../anndata/types.ts";
import { readLabels } from "./labels.ts";

const frameOf = (column: Column, n: number) =>
  memoryAnnData({ x: randomCsr(1, n, 3, 0.5, true), obs: { l: column } }).obs;

test("classes are the values that occur, by code point", async () => {
  const astral = "\u{1F600}";
  const column = categorical(["b", astral, "\uFFFD", "b", "B"], ["unused"]);
  const { classes, codes, warnings } = await readLabels(frameOf(column, 5), "l", "error");
  expect(classes).toEqual(["B", "b", "\uFFFD", astral]);
  expect([...codes]).toEqual([1, 3, 2, 1, 0]);
  expect(warnings).toEqual([]);
});

test("missing labels are counted and named, or ignored on request", async () => {
  const columns: Column[] = [
    strings(["a", null, "b", "a", null]),
    categorical(["a", null, "b", "a", null]),
    {
      kind: "number",
      dtype: "float64",
      values: Float64Array.of(1, Number.NaN, 2, 1, Number.NaN),
      missing: null,
    },
    {
      kind: "number",
      dtype: "int64",
      values: Float64Array.of(1, 0, 2, 1, 0),
      missing: Uint8Array.of(0, 1, 0, 0, 1),
    },
  ];
  for (const column of columns) {
    const frame = frameOf(column, 5);
    await expect(readLabels(frame, "l", "error")).rejects.toMatchObject({
      code: "BAD_DATA",
      message: '2 of 5 cells have no label in column "l"',
      hint: expect.stringContaining('missingLabels: "ignore"'),
    });
    const { codes, classes } = await readLabels(frame, "l", "ignore");
    expect([...codes]).toEqual([0, -1, 1, 0, -1]);
    expect(classes).toHaveLength(2);
  }
  const nothing = frameOf(strings([null, null]), 2);
  await expect(readLabels(nothing, "l", "ignore")).rejects.toMatchObject({ code: "BAD_DATA" });
});

test("odd columns are warned about", async () => {
  const warningsOf = async (values: (string | null)[], missing: "error" | "ignore" = "error") =>
    (await readLabels(frameOf(strings(values), values.length), "l", missing)).warnings.map(
      ({ message }) => message,
    );
  expect(await warningsOf(["a", "a"])).toEqual([expect.stringContaining("one class only")]);
  expect(await warningsOf(["a", "b", "c"])).toEqual([expect.stringContaining("label of its own")]);
  expect(await warningsOf(["a", "a", "Unknown"])).toEqual([expect.stringContaining('"Unknown"')]);
  expect(await warningsOf(["a", "a", "b", null], "ignore")).toEqual([expect.stringContaining("1 cells")]);
});

test("labels that are names of object members are just labels", async () => {
  const column = strings(["__proto__", "constructor", "__proto__", "toString"]);
  const { classes, codes } = await readLabels(frameOf(column, 4), "l", "error");
  expect(classes).toEqual(["__proto__", "constructor", "toString"]);
  expect([...codes]).toEqual([0, 1, 0, 2]);
});
