import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import {
  CONTAINERS,
  containerByName,
  isDatasetFolder,
  WRITTEN_ENDINGS,
  writtenContainer,
} from "./containers.ts";

const page = (path: string): string =>
  readFileSync(new URL(`../../../docs/${path}`, import.meta.url), "utf8");

test("docs/file-formats.md names every ending, and says of the containers that are written that they are", () => {
  const data = page("file-formats.md").split("## Data")[1].split("###")[0];
  for (const { endings } of CONTAINERS)
    for (const ending of endings) if (ending !== ".zip") expect(data).toContain(`${ending}\``);
  const results = page("file-formats.md").split("## Results")[1].split("###")[0];
  for (const ending of WRITTEN_ENDINGS) {
    expect(data).toMatch(new RegExp(`\\| [^|]*\`\\${ending}\`[^|]*\\| [^|]*\\| yes \\| yes`));
    expect(results).toContain(`\n| \`${ending}\` |`);
  }
});

test.each([
  ["atlas.h5ad", "h5ad"],
  ["ATLAS.H5AD", "h5ad"],
  ["counts.csv.gz", "table"],
  ["matrix.mtx.gz", "10x-mtx"],
  ["filtered.h5", "10x-h5"],
  ["atlas.zarr/", "zarr"],
  ["atlas.zarr.zip", "zarr"],
  ["model.pth", undefined],
])("the name %s says %s", (name, format) => {
  expect(containerByName(name)?.format).toBe(format);
});

test("a folder is one dataset by the names in it, whatever prefix a 10x matrix has", () => {
  expect(isDatasetFolder([".zgroup", "obs"])).toBe(true);
  expect(isDatasetFolder(["GSM1_matrix.mtx.gz", "GSM1_barcodes.tsv.gz"])).toBe(true);
  expect(isDatasetFolder(["notes.txt", "atlas.h5ad"])).toBe(false);
});

test("only what has a writer is written", () => {
  expect(
    ["a.h5ad", "a.zarr", "a.h5", "a.csv", "a.zarr.zip"].map((name) => writtenContainer(name)?.format),
  ).toEqual(["h5ad", "zarr", undefined, undefined, undefined]);
});
