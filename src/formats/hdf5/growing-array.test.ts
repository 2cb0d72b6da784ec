import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createGrowing } from "./growing-array.ts";
import { hdf5Library, loadHdf5 } from "./library.ts";
import { openFile, openHdf5 } from "./open.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-"));
  await loadHdf5();
});
afterAll(() => rm(folder, { recursive: true }));

test.each([
  ["nothing", []],
  ["a few values", [3]],
  ["exactly one chunk", [65_536]],
  ["pieces across chunks", [1, 70_000, 0, 131_072, 5]],
])("an array of %s reads back as it was appended", async (name, pieces) => {
  const path = join(folder, `${name}.h5`);
  const fileId = openFile(path, "create");
  const ints = createGrowing(fileId, "/ints", "int32");
  const floats = createGrowing(fileId, "/floats", "float32");
  let next = 0;
  for (const length of pieces) {
    const values = Array.from({ length }, () => next++);
    ints.append(values);
    floats.append(values.map((value) => value / 2));
  }
  expect(ints.length).toBe(next);
  ints.finish();
  floats.finish();
  hdf5Library().close_file(fileId);

  const file = await openHdf5(path);
  const read = async (at: string) => {
    const array = await file.open(at);
    if (array?.kind !== "array") throw new Error(`no array ${at}`);
    expect(array.filters).toEqual(["gzip"]);
    return array.readNumbers();
  };
  expect(await read("ints")).toEqual(Int32Array.from({ length: next }, (_, i) => i));
  expect(await read("floats")).toEqual(Float32Array.from({ length: next }, (_, i) => i / 2));
  await file.close();
});
