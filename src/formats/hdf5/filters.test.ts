/** The filters that the package ships undo what they did. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { File } from "#h5wasm";
import { platform } from "#platform";
import { WRITTEN_FILTERS } from "./filters.ts";
import { loadHdf5 } from "./library.ts";
import { openHdf5 } from "./open.ts";

const folder = mkdtempSync(join(tmpdir(), "atlasmtl-"));
afterAll(() => rmSync(folder, { recursive: true }));

/** Numbers that repeat, so that every filter has something to do. */
const numbers = Float32Array.from({ length: 4000 }, (_, i) => (i % 7) / 2);

test.each(WRITTEN_FILTERS)("filter %i", async (id, settings) => {
  const h5 = await loadHdf5();
  const plugins = platform.hdf5Plugins();
  if (plugins === null) throw new Error("dist/hdf5-filters is missing: run `npm run build` first");
  h5.insert_plugin_search_path(plugins, 0);
  const path = join(folder, `${id}.h5`);
  const file = new File(path, "w");
  file.create_dataset({
    name: "numbers",
    data: numbers,
    shape: [4000],
    dtype: "<f4",
    chunks: [1000],
    compression: id,
    compression_opts: [...settings],
  });
  file.close();

  expect(await readBack(path)).toEqual(numbers);
});

// The library cannot write by zfp. This file is Python's:
//   numbers = ((numpy.arange(4000) % 7) / 2).astype("f4")
//   h5py.File("zfp.h5", "w", libver="latest").create_dataset(
//     "numbers", data=numbers, chunks=(1000,), **hdf5plugin.Zfp(reversible=True))
test("filter 32013", async () => {
  const path = fileURLToPath(new URL("../../../test/fixtures/hdf5/zfp.h5", import.meta.url));
  expect(await readBack(path)).toEqual(numbers);
});

async function readBack(path: string): Promise<unknown> {
  const file = await openHdf5(path);
  try {
    const array = await file.open("numbers");
    if (array?.kind !== "array") throw new Error("no array");
    return await array.readNumbers();
  } finally {
    await file.close();
  }
}
