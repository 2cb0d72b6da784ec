import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { holdsMetadata, RESULT_ENDINGS, TABLE_FORMATS, tableReader, writtenTable } from "./table-formats.ts";

const page = (path: string): string => readFileSync(new URL(`../../docs/${path}`, import.meta.url), "utf8");

test("the pages of results name every ending", () => {
  expect(RESULT_ENDINGS).toEqual([".h5ad", ".zarr", ".csv", ".csv.gz", ".parquet", ".arrow"]);
  const results = page("file-formats.md").split("## Results")[1];
  const read = results.split("### Tables of cells that are read")[1].split("###")[0];
  for (const ending of RESULT_ENDINGS)
    for (const text of [results.split("###")[0], page("outputs.md"), page("specification/6-cli.md")])
      expect(text).toContain(`\`${ending}\``);
  for (const { endings, alsoRead, read: reader } of TABLE_FORMATS)
    for (const ending of reader === null ? [] : [...endings, ...alsoRead])
      if (!ending.endsWith(".gz")) expect(read).toContain(`\`${ending}\``);
});

test("text is read by more endings than it is written by, Arrow is only written", () => {
  const endings = ["a.csv", "a.csv.gz", "a.tsv", "a.parquet", "a.h5ad"];
  expect(endings.map((name) => tableReader(name) !== null)).toEqual([true, true, true, true, false]);
  expect(endings.map((name) => writtenTable(name) !== null)).toEqual([true, true, false, true, false]);
  expect(writtenTable("a.arrow")).not.toBeNull();
  for (const name of ["a.arrow", "a.feather"]) expect(() => tableReader(name)).toThrow(/not read/);
});

test("a comma-separated table holds no metadata, everything else does", () => {
  expect(RESULT_ENDINGS.filter((ending) => holdsMetadata(`result${ending}`))).toEqual([
    ".h5ad",
    ".zarr",
    ".parquet",
    ".arrow",
  ]);
});
