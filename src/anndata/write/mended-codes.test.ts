/** Codes that R packages write for missing values are read, written and named as missing. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadHdf5 } from "../../formats/hdf5/library.ts";
import { openWriter } from "../../formats/hdf5/write.ts";
import type { NumberArray } from "../../formats/number-arrays.ts";
import { openAnnData } from "../open.ts";
import { writeDataset } from "./write-annotated.ts";
import { tag, tagRoot, writeArray, writeStringArray } from "./write-elements.ts";
import { startFrame, writeFrame } from "./write-frame.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-"));
  await loadHdf5();
});
afterAll(() => rm(folder, { recursive: true }));

function write(path: string, codes: NumberArray): void {
  const file = openWriter(path, "create");
  tagRoot(file);
  startFrame(file, "/obs", ["type", "depth"], { index: ["a", "b", "c"] });
  file.createGroup("/obs/type");
  tag(file, "/obs/type", "categorical", "0.2.0");
  file.setAttribute("/obs/type", "ordered", false);
  writeArray(file, "/obs/type/codes", codes, [3]);
  writeStringArray(file, "/obs/type/categories", ["B", "T"]);
  writeArray(file, "/obs/depth", Float32Array.of(1, 2, 3), [3]);
  writeFrame(file, "/var", { index: ["g"] });
  file.finish();
}

test.each<[string, NumberArray]>([
  ["the integer of R that is none", Int32Array.of(1, -2147483648, 0)],
  ["-1 in an unsigned byte", Uint8Array.of(1, 255, 0)],
  ["-1 in an unsigned long", BigUint64Array.of(1n, 2n ** 64n - 1n, 0n)],
])("%s is missing, in copies into both containers as well", async (_, codes) => {
  const path = join(folder, `${codes.constructor.name}.h5ad`);
  write(path, codes);
  const missing = { kind: "categorical", codes: Int32Array.of(1, -1, 0), categories: ["B", "T"] };
  for (const ending of ["h5ad", "zarr"]) {
    const adata = await openAnnData(path);
    expect(adata.notices?.map(({ message }) => message)).toEqual([expect.stringContaining("obs › type (1)")]);
    expect(await adata.obs.column("type")).toMatchObject(missing);
    const out = `${path} out.${ending}`;
    await writeDataset(adata, out, {});
    await adata.close();
    const copy = await openAnnData(out);
    const stored = await copy.stored!.store!.open("obs/type/codes");
    expect(stored).toMatchObject({ dtype: "int8", shape: [3] });
    expect(copy.notices).toEqual([]);
    expect(copy.obs.columns).toEqual(["type", "depth"]);
    expect(await copy.obs.column("type")).toMatchObject(missing);
    // A second round copies a tree of Zarr file by file.
    const again = `${path} again.${ending}`;
    await writeDataset(copy, again, {});
    await copy.close();
  }
});

test("another code without a category is damage", async () => {
  const path = join(folder, "damaged.h5ad");
  write(path, Int32Array.of(1, 17, 0));
  const adata = await openAnnData(path);
  await expect(adata.obs.column("type")).rejects.toMatchObject({
    code: "BAD_DATA",
    message: "code 17 of row 1 has no category; there are 2",
  });
  await adata.close();
});
