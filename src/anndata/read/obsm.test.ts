import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadHdf5 } from "../../formats/hdf5/library.ts";
import { type Hdf5File, openHdf5 } from "../../formats/hdf5/open.ts";
import { type Hdf5Writer, openWriter } from "../../formats/hdf5/write.ts";
import type { Column } from "../types.ts";
import { tagSparse, writeArray, writeCsr, writeDict } from "../write/write-elements.ts";
import { writeFrame } from "../write/write-frame.ts";
import { readObsm } from "./obsm.ts";

let folder: string;
let file: Hdf5File;
const numbers = (dtype: string, values: number[], missing: number[] | null = null): Column => ({
  kind: "number",
  dtype,
  values: Float64Array.from(values),
  missing: missing === null ? null : Uint8Array.from(missing),
});
const cells = ["a", "b", "c"];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-"));
  await loadHdf5();
  const path = join(folder, "obsm.h5");
  const writer = openWriter(path, "create");
  writeDict(writer, "/obsm");
  fill(writer);
  writer.finish();
  file = await openHdf5(path);
});
afterAll(async () => {
  await file.close();
  await rm(folder, { recursive: true });
});

function fill(writer: Hdf5Writer): void {
  writeArray(writer, "/obsm/array", Int32Array.of(1, 2, 3, 4, 5, 6), [3, 2]);
  writeArray(writer, "/obsm/list", Float32Array.of(1, 2, 3), [3]);
  writeFrame(writer, "/obsm/table", {
    index: cells,
    columns: new Map<string, Column>([
      ["name", { kind: "string", values: cells }],
      ["y", numbers("int64", [4, 5, 6], [0, 1, 0])],
      ["flag", { kind: "boolean", values: Uint8Array.of(1, 0, 1), missing: null }],
      ["x", numbers("float64", [0.5, Number.NaN, 2])],
    ]),
  });
  writeFrame(writer, "/obsm/texts", {
    index: cells,
    columns: new Map<string, Column>([["name", { kind: "string", values: cells }]]),
  });
  writeFrame(writer, "/obsm/short", {
    index: ["a"],
    columns: new Map<string, Column>([["x", numbers("float32", [1])]]),
  });
  writeCsr(writer, "/obsm/sparse", {
    nRows: 3,
    nCols: 4,
    indptr: Uint32Array.of(0, 2, 2, 3),
    indices: Uint32Array.of(0, 3, 1),
    data: Float32Array.of(1, 2.5, 7),
  });
  writer.createGroup("/obsm/wide");
  tagSparse(writer, "/obsm/wide", { nRows: 3, nCols: 2 ** 31 - 1 });
  writeArray(writer, "/obsm/wide/data", Float32Array.of(1), [1]);
  writeArray(writer, "/obsm/wide/indices", Int32Array.of(5), [1]);
  writeArray(writer, "/obsm/wide/indptr", Int32Array.of(0, 1, 1, 1), [4]);
  writer.createGroup("/obsm/beyond");
  tagSparse(writer, "/obsm/beyond", { nRows: 3, nCols: 4 });
  writeArray(writer, "/obsm/beyond/data", Float32Array.of(1), [1]);
  writeArray(writer, "/obsm/beyond/indices", Int32Array.of(4), [1]);
  writeArray(writer, "/obsm/beyond/indptr", Int32Array.of(0, 0, 1, 1), [4]);
  writeDict(writer, "/obsm/dict");
}

test.each([
  ["array", 2, [1, 2, 3, 4, 5, 6]],
  // The columns of numbers, in the order of the table; what is missing is NaN.
  ["table", 2, [4, 0.5, Number.NaN, Number.NaN, 6, 2]],
  ["sparse", 4, [1, 0, 0, 2.5, 0, 0, 0, 0, 0, 7, 0, 0]],
] as const)("coordinates stored as %s are dense rows", async (key, nCols, values) => {
  expect(await readObsm(file, key, 3)).toEqual({ nRows: 3, nCols, data: Float32Array.from(values) });
});

test.each([
  ["list", "BAD_DATA", /got float32 of shape \[3\]/],
  ["texts", "BAD_DATA", /got a table without columns of numbers/],
  ["short", "BAD_DATA", /it has 1 rows; there are 3 cells/],
  ["dict", "BAD_DATA", /got dict/],
  ["nothing", "BAD_DATA", /got nothing/],
  ["wide", "LIMIT", /3 × 2147483647 with 1 entries, and would take 25769803764 bytes/],
  ["beyond", "BAD_DATA", /the entry at row 1, column 4 lies outside the matrix/],
] as const)("coordinates stored as %s are refused with %s", async (key, code, message) => {
  await expect(readObsm(file, key, 3)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  });
});
