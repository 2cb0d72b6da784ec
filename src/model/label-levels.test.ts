import { expect, test } from "vitest";
import { type Level, levelNotices } from "./label-levels.ts";

function level(column: string, names: readonly (string | null)[]): Level {
  const classes = [...new Set(names)].filter((name) => name !== null).sort();
  return {
    column,
    classes,
    codes: Int32Array.from(names, (name) => (name === null ? -1 : classes.indexOf(name))),
  };
}
const times = <T>(n: number, value: T): T[] => new Array<T>(n).fill(value);

const coarse = level("lineage", [...times(20, "T"), ...times(20, "B")]);
const fine = level("type", [
  ...times(10, "CD4"),
  ...times(10, "CD8"),
  ...times(10, "naive"),
  ...times(10, "plasma"),
]);

test("columns that refine each other, with cells that lack a label, are no reason to warn", () => {
  expect(levelNotices([coarse, fine])).toEqual([]);
  expect(levelNotices([fine])).toEqual([]);
  expect(levelNotices([coarse, level("type", [...times(39, "CD4").fill("B1", 20), null])])).toEqual([]);
});

test("columns from fine to coarse are told, with the order that is meant", () => {
  expect(levelNotices([fine, coarse])).toEqual([
    {
      message: 'the label columns go from fine to coarse: "type" (4 classes), "lineage" (2 classes)',
      where: "obs",
      hint: expect.stringContaining('labelColumns: ["lineage","type"]'),
    },
  ]);
});

test("a class under two parents is named, with the cells of both", () => {
  const torn = level("type", [...times(10, "CD4"), ...times(10, "CD8"), "CD8", ...times(19, "naive")]);
  expect(levelNotices([coarse, torn])).toMatchObject([
    {
      message:
        'one class of "type" lies under more than one class of "lineage": "CD8" (T: 10 cells, B: 1 cell)',
    },
  ]);
});

test("a column that is no level of the one before is told by its share of cells", () => {
  const phase = level(
    "phase",
    times(40, "").map((_, i) => ["G1", "S", "G2M"][i % 3]),
  );
  const [warning] = levelNotices([coarse, phase]);
  expect(warning.message).toMatch(
    /^"phase" does not refine "lineage": 3 of its 3 classes lie under several of its classes, and 48 % of the cells/,
  );
});
