import { expect, test } from "vitest";
import { labelsOfReferences } from "./reference-labels.ts";

const names = ["a", "b"];
const paths = ["x/a.h5ad", "b.h5ad"];

test("columns without a file are those of all, also with a colon in their name", () => {
  expect(labelsOfReferences(["l1", "l:2"], names, paths)).toEqual([
    ["l1", "l:2"],
    ["l1", "l:2"],
  ]);
});

test("columns are those of the file before the colon, named with or without folder and ending, in their order", () => {
  expect(labelsOfReferences(["a:l1", "b:broad", "x/a.h5ad:l2", "b.h5ad:f:ine"], names, paths)).toEqual([
    ["l1", "l2"],
    ["broad", "f:ine"],
  ]);
});

test("a file without a column, and a column of no file beside others, are refused", () => {
  expect(() => labelsOfReferences(["a:l1"], names, paths)).toThrow(/names no column of b/);
  expect(() => labelsOfReferences(["a:l1", "l2"], names, paths)).toThrow(/names "l2" of no file/);
});
