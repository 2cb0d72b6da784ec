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
  expect(warnings).toMatchObject([{ message: expect.stringContaining('"B" (1 cell) and "b" (2 cells)') }]);
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

test("labels that stand for none are missing where the caller says so, in any case and with blanks", async () => {
  const column = strings(["T", "NaN ", "nan", "", "  ", "B", null]);
  const { classes, codes } = await readLabels(frameOf(column, 7), "l", "ignore", ["nan", ""]);
  expect(classes).toEqual(["B", "T"]);
  expect([...codes]).toEqual([1, -1, -1, -1, -1, 0, -1]);
  await expect(readLabels(frameOf(column, 7), "l", "error", ["nan"])).rejects.toThrow(
    "3 of 7 cells have no label",
  );
  const { classes: all, warnings } = await readLabels(frameOf(strings(["T", "NA", "NA"]), 3), "l", "error");
  expect(all).toEqual(["NA", "T"]);
  expect(warnings).toMatchObject([{ message: expect.stringContaining('"NA" (2 cells)') }]);
});

test("measured numbers are no classes, and numbered clusters are", async () => {
  const numbers = (values: number[], dtype: string): Column => ({
    kind: "number",
    dtype,
    values: Float64Array.from(values),
    missing: null,
  });
  const read = (column: Column, n: number) => readLabels(frameOf(column, n), "l", "ignore");
  await expect(read(numbers([1, 1, Number.NaN, 2.5], "float64"), 4)).rejects.toMatchObject({
    code: "BAD_DATA",
    message: 'column "l" has numbers with decimals, such as 2.5, which are no classes',
    where: "obs › l",
  });
  const counts = Array.from({ length: 40 }, (_, i) => 500 + Math.floor(i * 0.9));
  await expect(read(numbers(counts, "int64"), 40)).rejects.toThrow("36 different numbers in 40 cells");
  const clusters = Array.from({ length: 40 }, (_, i) => i % 8);
  expect((await read(numbers(clusters, "int64"), 40)).classes).toHaveLength(8);
  expect((await read(numbers(clusters, "float64"), 40)).classes[5]).toBe("5.0");
  expect((await read(strings(counts.map(String)), 40)).classes).toHaveLength(36);
});

test("classes of fewer than five cells are listed, the smallest first", async () => {
  const values = [...new Array(20).fill("T"), ...new Array(9).fill("B"), "NK", "NK", "DC"];
  const { warnings } = await readLabels(frameOf(strings(values), values.length), "l", "error");
  expect(warnings).toMatchObject([
    { message: '2 classes of "l" have fewer than 5 cells: "DC" (1), "NK" (2)', where: "obs › l" },
  ]);
});
