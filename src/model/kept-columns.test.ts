import { expect, test } from "vitest";
import { strings } from "../../test/helpers/memory-anndata.ts";
import { base, N, run } from "../../test/helpers/train-runs.ts";
import type { Column } from "../anndata/types.ts";
import type { ReferenceLabels } from "./types.ts";

const numbers = (value: (row: number) => number): Column => ({
  kind: "number",
  dtype: "float64",
  values: Float64Array.from({ length: N }, (_, row) => value(row)),
  missing: Uint8Array.from({ length: N }, (_, row) => (row === 2 ? 1 : 0)),
});

const train = (keepColumns: readonly string[], obs: Readonly<Record<string, Column>>, options: object = {}) =>
  run({ numEpochs: 1, keepColumns, ...options }, { obs: { ...base.obs, ...obs } });

test("numbers stay numbers, all else is categories, and label columns are kept by themselves", async () => {
  const age = numbers((row) => (row === 1 ? Number.NEGATIVE_INFINITY : row / 2));
  const sex: Column = {
    kind: "boolean",
    values: Uint8Array.from({ length: N }, (_, row) => row % 2),
    missing: null,
  };
  const tissue = strings(Array.from({ length: N }, (_, row) => (row < 3 ? null : row < 6 ? "na" : "gut")));
  const { model, notes, warnings } = await train(
    ["age", "fine", "sex", "tissue", "age"],
    { age, sex, tissue },
    { missingValues: ["NA"] },
  );
  const { columns } = await model.reference();
  expect([...columns!.keys()]).toEqual(["age", "sex", "tissue"]);
  const kept = columns!.get("age")!;
  expect(kept.kind === "number" && [...kept.values.slice(0, 4)]).toEqual([0, Number.NaN, Number.NaN, 1.5]);
  expect(columns!.get("sex")).toMatchObject({ kind: "label", categories: ["False", "True"] });
  const { codes, categories } = columns!.get("tissue") as ReferenceLabels;
  expect([categories, [...codes.slice(4, 8)]]).toEqual([["gut"], [-1, -1, 0, 0]]);
  expect(notes.map(({ message }) => message)).toEqual([
    `kept with the reference cells: age (numbers, missing in 2 of ${N} cells), sex (2 categories), tissue (1 category, missing in 6 of ${N} cells)`,
  ]);
  expect(warnings.map(({ message }) => message)).toContain('1 infinite values of "age" count as missing');
  expect(model.trainConfig.get("keep_columns")).toEqual(["age", "fine", "sex", "tissue", "age"]);
});

test("columns that cannot be kept are refused, and identifiers are told of", async () => {
  const empty = strings(Array.from({ length: N }, () => null));
  await expect(train(["empty"], { empty })).rejects.toMatchObject({
    code: "BAD_DATA",
    where: "memory › obs › empty",
  });
  await expect(train(["absent"], {})).rejects.toMatchObject({ code: "NOT_FOUND" });
  const barcode = strings(Array.from({ length: N }, (_, row) => `c${row}`));
  const { warnings } = await train(["barcode"], { barcode });
  expect(warnings.map(({ message }) => message).join()).toContain("a value of its own");
});

test("without the option the bundle keeps no other column", async () => {
  const { model } = await train([], {});
  expect("columns" in (await model.reference())).toBe(false);
  expect(model.trainConfig.has("keep_columns")).toBe(false);
});
