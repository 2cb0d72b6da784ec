import { expect, test } from "vitest";
import { isPlaceholder, labelNotices, likeNamed } from "./label-names.ts";

test.each([
  "nan",
  "NaN",
  "NA",
  "N/A",
  "None",
  "",
  "  ",
  "Unassigned",
  "UNKNOWN",
  "ambiguous",
  "Doublet",
  "low_quality",
  "Low-Quality",
])("%j stands for no label", (name) => expect(isPlaceholder(name)).toBe(true));

test.each(["NK", "Nani", "Naive", "Unknown T", "B", "0", "none of these", "Not"])("%j is a class", (name) =>
  expect(isPlaceholder(name)).toBe(false),
);

const groupsOf = (...names: string[]): string[][] =>
  likeNamed(names.map((name) => ({ name }))).map((group) => group.map(({ name }) => name));

test("classes that differ only in writing are found, and others are not", () => {
  expect(groupsOf("B", "B ", "b", "T")).toEqual([["B", "B ", "b"]]);
  expect(groupsOf("NK cell", "NK-cell", "NK.cell", "NK_cells")).toEqual([["NK cell", "NK-cell", "NK.cell"]]);
  expect(groupsOf("CD14+ Mono", "CD14+Mono", "CD14 Mono")).toEqual([["CD14+ Mono", "CD14+Mono"]]);
  expect(groupsOf("T1", "T-1", "T.1")).toEqual([["T1", "T-1", "T.1"]]);
  expect(groupsOf("1.1", "11", "CD4", "CD4-", "CD4+", "CD8", "Cluster 1.1", "Cluster 11")).toEqual([]);
});

test("notices name the column, the classes and their cells", () => {
  const classes = [
    { name: "T", count: 4 },
    { name: "t ", count: 1 },
    { name: "nan", count: 7 },
    { name: "Unknown", count: 2 },
  ];
  expect(labelNotices("type", classes, "obs › type")).toEqual([
    {
      message: 'column "type" has a class that stands for no label: "nan" (7 cells)',
      where: "obs › type",
      hint: 'treat them as missing by missingValues: ["nan"], or leave these cells out',
    },
    {
      message: expect.stringContaining('named "Unknown"'),
      where: "obs › type",
      hint: expect.stringContaining("missingValues"),
    },
    {
      message:
        'column "type" has classes that differ only by case, blanks, dots or dashes: "T" (4 cells) and "t " (1 cell)',
      where: "obs › type",
      hint: "give each type one name",
    },
  ]);
  expect(
    labelNotices("type", [
      { name: "B", count: 3 },
      { name: "T", count: 4 },
    ]),
  ).toEqual([]);
});
