/** Ranks, types and names survive the way through both containers and through a view. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { StoredArray } from "../../formats/array-store.ts";
import { loadHdf5 } from "../../formats/hdf5/library.ts";
import { openWriter } from "../../formats/hdf5/write.ts";
import { openAnnData } from "../open.ts";
import type { AnnData, Notice } from "../types.ts";
import { viewRows } from "../views/row-view.ts";
import { writeDataset } from "./write-annotated.ts";
import {
  startCategorical,
  tag,
  tagDict,
  tagRoot,
  writeArray,
  writeCsr,
  writeDict,
} from "./write-elements.ts";
import { startFrame, writeFrame } from "./write-frame.ts";

const int64 = (...values: number[]) => BigInt64Array.from(values, BigInt);

let folder: string;
let path: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-"));
  path = join(folder, "kinds.h5ad");
  await loadHdf5();
  const file = openWriter(path, "create");
  tagRoot(file);
  writeCsr(file, "/X", {
    nRows: 3,
    nCols: 2,
    indptr: Uint32Array.of(0, 1, 2, 2),
    indices: Uint16Array.of(0, 1),
    data: Float32Array.of(1, 2),
  });
  startFrame(file, "/obs", ["z", "LIVE/DEAD", "number", "_index"], {
    index: ["a", "b", "c"],
    indexKey: "features",
  });
  file.writeComplex("/obs/z", Float32Array.of(1, -1, 2, -2, 3, -3), [3]);
  tag(file, "/obs/z", "array", "0.2.0");
  file.createGroup("/obs/LIVE");
  writeArray(file, "/obs/LIVE/DEAD", int64(1, 2, 3), [3]);
  startCategorical(file, "/obs/number", Int32Array.of(1, -1, 0), 2, false);
  writeArray(file, "/obs/number/categories", int64(10, 20), [2]);
  file.writeStrings("/obs/_index", ["a", "b", "c"], [3]);
  tag(file, "/obs/_index", "string-array", "0.2.0");
  writeFrame(file, "/var", { index: ["g1", "g2"] });
  writeDict(file, "/obsm");
  file.createGroup("/obsm/lists");
  tag(file, "/obsm/lists", "awkward-array", "0.1.0");
  file.setAttribute("/obsm/lists", "length", { values: int64(3), isBoolean: false, shape: [] });
  file.setAttribute("/obsm/lists", "part", { values: Float32Array.of(2), isBoolean: false, shape: [] });
  file.setAttribute("/obsm/lists", "table", { values: int64(1, 2, 3, 4), isBoolean: false, shape: [2, 2] });
  file.createGroup("/uns");
  tagDict(file, "/uns");
  file.writeNull("/uns/none");
  tag(file, "/uns/none", "null", "0.1.0");
  file.writeRecords(
    "/uns/records",
    [
      { name: "n", dtype: "int64", values: int64(1, 2) },
      { name: "t", dtype: "str", values: ["é", "long 😀"] },
    ],
    [2],
  );
  tag(file, "/uns/records", "rec-array", "0.2.0");
  file.finish();
});
afterAll(() => rm(folder, { recursive: true }));

async function withDataset<T>(of: string, work: (adata: AnnData) => Promise<T>): Promise<T> {
  const adata = await openAnnData(of);
  try {
    return await work(adata);
  } finally {
    await adata.close();
  }
}

async function arrayAt(adata: AnnData, at: string): Promise<StoredArray> {
  const array = await adata.stored!.store!.open(at);
  if (array?.kind !== "array") throw new Error(`no array at ${at}`);
  return array;
}

test.each([["zarr"], ["h5ad by zarr"]])("every element keeps its type: %s", async (way) => {
  const zarr = join(folder, `${way}.zarr`);
  await withDataset(path, (adata) => writeDataset(adata, zarr, {}));
  const copy = way === "zarr" ? zarr : join(folder, "back.h5ad");
  if (copy !== zarr) await withDataset(zarr, (adata) => writeDataset(adata, copy, {}));
  await withDataset(copy, async (adata) => {
    const complex = await arrayAt(adata, "obs/z");
    expect([complex.dtype, complex.shape, (await complex.readField("i")).values]).toEqual([
      "complex64",
      [3],
      Float32Array.of(-1, -2, -3),
    ]);
    const records = await arrayAt(adata, "uns/records");
    expect([records.element, records.fields, (await records.readField("t")).values]).toEqual([
      "compound",
      ["n", "t"],
      ["é", "long 😀"],
    ]);
    expect(records.attribute("encoding-type")).toBe("rec-array");
    expect(await adata.uns("none")).toBe(null);
    const lists = (await adata.stored!.store!.open("obsm/lists"))!;
    expect(lists.typedAttribute("length")).toMatchObject({ values: int64(3), shape: [] });
    expect(lists.typedAttribute("table")).toMatchObject({ values: int64(1, 2, 3, 4), shape: [2, 2] });
    expect(lists.typedAttribute("part")!.shape).toEqual([]);
    expect((await arrayAt(adata, "obs/number/categories")).dtype).toBe("int64");
    expect(adata.obs.columns).toEqual(["z", "LIVE/DEAD", "number", "_index"]);
  });
});

test("a null of HDF5 is one for the library as well", async () => {
  await withDataset(path, async (adata) => expect((await arrayAt(adata, "uns/none")).shape).toBe(null));
});

test("a view of some cells keeps names and types of columns, and names what it leaves out", async () => {
  const copy = join(folder, "some.h5ad");
  const notices = await withDataset(
    path,
    async (adata): Promise<readonly Notice[]> =>
      writeDataset(await viewRows(adata, Uint32Array.of(0, 2)), copy, {}),
  );
  expect(notices.map(({ where }) => where?.split(" › ")[1])).toEqual(["obs/z", "obsm/lists"]);
  await withDataset(copy, async (adata) => {
    expect(adata.obs.index).toEqual(["a", "c"]);
    expect(adata.obs.columns).toEqual(["LIVE/DEAD", "number", "_index"]);
    expect(await adata.obs.column("number")).toMatchObject({
      codes: Int32Array.of(1, 0),
      categories: ["10", "20"],
    });
    expect((await arrayAt(adata, "obs/number/categories")).dtype).toBe("int64");
    expect(await adata.obs.column("LIVE/DEAD")).toMatchObject({ values: Float64Array.of(1, 3) });
    expect(await adata.uns("none")).toBe(null);
  });
});
