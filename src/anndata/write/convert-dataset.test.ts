import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createAnnData } from "../containers/in-memory.ts";
import { openAnnData } from "../open.ts";
import type { AnnData, DataFrame, Matrix } from "../types.ts";
import { writeDataset } from "./write-annotated.ts";

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-"));
});
afterAll(() => rm(folder, { recursive: true }));

function source(): Promise<AnnData> {
  const x = {
    nRows: 3,
    nCols: 4,
    indptr: Uint32Array.of(0, 2, 2, 3),
    indices: Uint16Array.of(0, 3, 1),
    data: Float32Array.of(1, 2.5, 7),
  };
  return createAnnData({
    X: x,
    layers: { counts: { ...x, data: null } },
    obs: {
      index: ["a", "b", "ü"],
      columns: new Map([
        [
          "type",
          { kind: "categorical", codes: Int32Array.of(1, -1, 0), categories: ["B", "T"], ordered: true },
        ],
        ["flag", { kind: "boolean", values: Uint8Array.of(1, 0, 1), missing: null }],
        ["depth", { kind: "number", dtype: "int64", values: Float64Array.of(1, 2, 3), missing: null }],
      ]),
    },
    var: {
      index: ["g1", "g2", "g3", "g4"],
      columns: new Map([["note", { kind: "string", values: ["", "x", "y", "z"] }]]),
    },
    obsm: { X_umap: { nRows: 3, nCols: 2, data: Float32Array.of(1, 2, 3, 4, 5, 6) } },
  });
}

const columnsOf = async (frame: DataFrame) =>
  Promise.all(frame.columns.map(async (name) => [name, await frame.column(name)] as const));

async function contentOf(adata: AnnData) {
  const read = async (matrix: Matrix) => {
    const rows: [number, number, number][] = [];
    for await (const { firstRow, csr } of matrix.rows())
      for (let r = 0; r < csr.nRows; r++)
        for (let e = csr.indptr[r]; e < csr.indptr[r + 1]; e++)
          rows.push([firstRow + r, csr.indices[e], csr.data?.[e] ?? 1]);
    return rows;
  };
  return {
    obs: [adata.obs.index, await columnsOf(adata.obs)],
    var: [adata.var.index, await columnsOf(adata.var)],
    x: await read(await adata.matrix()),
    counts: await read(await adata.matrix("layers/counts")),
    umap: await adata.obsm("X_umap"),
  };
}

test.each(["copy.h5ad", "copy.zarr"])(
  "a dataset that is written to %s and opened again is the same",
  async (name) => {
    const original = await source();
    const path = join(folder, name);
    const done: number[] = [];
    await writeDataset(original, path, {}, { onProgress: (event) => done.push(event.done) });
    expect(done).toEqual([3, 3]);
    const copy = await openAnnData(path);
    expect(await contentOf(copy)).toEqual(await contentOf(original));
    await copy.close();
  },
);

test("blocks larger than a chunk, empty rows and no rows at all are written whole", async () => {
  const original = await source();
  for (const nRows of [0, 1, 30_000]) {
    const matrix: Matrix = {
      ...(await original.matrix()),
      nRows,
      async *rows() {
        for (let firstRow = 0; firstRow < nRows; firstRow += 10_000) {
          const n = Math.min(10_000, nRows - firstRow);
          // Row r holds r % 4 entries of value r.
          const indptr = new Uint32Array(n + 1);
          for (let r = 0; r < n; r++) indptr[r + 1] = indptr[r] + ((firstRow + r) % 4);
          const indices = new Uint16Array(indptr[n]);
          const data = new Float32Array(indptr[n]);
          for (let r = 0; r < n; r++)
            for (let e = indptr[r]; e < indptr[r + 1]; e++) {
              indices[e] = e - indptr[r];
              data[e] = firstRow + r;
            }
          yield { firstRow, csr: { nRows: n, nCols: 4, indptr, indices, data } };
        }
      },
    };
    const index = Array.from({ length: nRows }, (_, i) => `c${i}`);
    const obs: DataFrame = { ...original.obs, length: nRows, index, columns: [] };
    const path = join(folder, `rows-${nRows}.h5ad`);
    const large = { ...original, nObs: nRows, obs, layerKeys: [], obsmKeys: [], matrix: async () => matrix };
    await writeDataset(large, path, {});
    const copy = await openAnnData(path);
    expect(copy.nObs).toBe(nRows);
    let next = 0;
    for await (const { csr } of (await copy.matrix()).rows())
      for (let r = 0; r < csr.nRows; r++, next++) {
        const [from, to] = [csr.indptr[r], csr.indptr[r + 1]];
        // Row 0 would hold zeros only, and holds nothing.
        if (to - from !== next % 4 || (to > from && csr.data![from] !== next)) throw new Error(`row ${next}`);
      }
    expect(next).toBe(nRows);
    await copy.close();
  }
});

test("nothing is left behind when a matrix fails or the caller stops", async () => {
  const original = await source();
  const before = await readdir(folder);
  const broken: Matrix = {
    ...(await original.matrix()),
    async *rows() {
      const csr = {
        nRows: 1,
        nCols: 4,
        indptr: Uint32Array.of(0, 0),
        indices: new Uint16Array(0),
        data: null,
      };
      yield { firstRow: 0, csr };
    },
  };
  const path = join(folder, "broken.h5ad");
  await expect(
    writeDataset({ ...original, layerKeys: [], matrix: async () => broken }, path, {}),
  ).rejects.toMatchObject({ code: "BAD_DATA", message: "1 rows came of 3" });
  await expect(writeDataset(original, path, {}, { signal: AbortSignal.abort() })).rejects.toMatchObject({
    code: "ABORTED",
  });
  expect(await readdir(folder)).toEqual(before);
});
