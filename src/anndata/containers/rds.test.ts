/**
 * Objects of R are read as what R wrote: `test/fixtures/rds/make_rds.R` says what is in the files. `RDS_FIXTURES` names a folder of
 * them that another R has written.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterEach, describe, expect, test } from "vitest";
import { buildModel, predict } from "../../api/index.ts";
import { openAnnData } from "../open.ts";
import type { AnnData, MatrixName } from "../types.ts";
import { createAnnData } from "./in-memory.ts";
import type { OpenOptions } from "./probe.ts";

const FIXTURES =
  process.env.RDS_FIXTURES ?? fileURLToPath(new URL("../../../test/fixtures/rds", import.meta.url));
const path = (name: string): string => join(FIXTURES, `${name}.rds`);
const bytesOf = (name: string): Uint8Array => new Uint8Array(readFileSync(path(name)));

const GENES = Array.from({ length: 12 }, (_, g) => `G${g + 1}`);
const CELLS = Array.from({ length: 10 }, (_, c) => `cell${c + 1}`);

const countOf = (gene: number, cell: number): number => {
  const value = (7 * gene + 11 * cell) % 5;
  return value === 1 ? 0 : value;
};

/** Rows of cells. */
const COUNTS = CELLS.map((_, cell) => GENES.map((_, gene) => countOf(gene, cell)));

const opened: AnnData[] = [];
afterEach(async () => {
  for (const adata of opened.splice(0)) await adata.close();
});

async function open(input: string | Uint8Array | Blob, options: OpenOptions = {}): Promise<AnnData> {
  const adata = await openAnnData(typeof input === "string" ? path(input) : input, options);
  opened.push(adata);
  return adata;
}

async function rowsOf(adata: AnnData, name?: MatrixName): Promise<number[][]> {
  const matrix = await adata.matrix(name);
  const rows = Array.from({ length: matrix.nRows }, () => new Array<number>(matrix.nCols).fill(0));
  for await (const { firstRow, csr } of matrix.rows({ blockRows: 3 }))
    for (let row = 0; row < csr.nRows; row++)
      for (let e = csr.indptr[row]; e < csr.indptr[row + 1]; e++)
        rows[firstRow + row][csr.indices[e]] = csr.data?.[e] ?? 1;
  return rows;
}

const normalised = COUNTS.map((row) => {
  const total = row.reduce((sum, value) => sum + value, 0);
  return row.map((value) => Math.fround(Math.log1p((value / total) * 10_000)));
});

const close = (rows: readonly (readonly number[])[], wanted: readonly (readonly number[])[]): void =>
  rows.forEach((row, r) => {
    row.forEach((value, c) => {
      expect(value).toBeCloseTo(wanted[r][c], 6);
    });
  });

describe("a Seurat object", () => {
  test.each(["seurat4", "seurat4-v2", "seurat4-plain", "seurat4-native", "seurat4-bzip2", "seurat4-xz"])(
    "%s: counts are X",
    async (name) => {
      const adata = await open(name);
      expect(adata.stored?.format).toBe("rds");
      expect(adata.obs.index).toEqual(CELLS);
      expect(adata.var.index).toEqual(GENES);
      expect(await rowsOf(adata)).toEqual(COUNTS);
      expect(await rowsOf(adata, "layers/counts")).toEqual(COUNTS);
      expect(adata.layerKeys).toEqual(["data"]);
      close(await rowsOf(adata, "layers/data"), normalised);
      expect(adata.obsmKeys).toEqual(["X_pca"]);
      const { nCols, data } = await adata.obsm("X_pca");
      expect(nCols).toBe(2);
      expect([...data]).toEqual(CELLS.flatMap((_, c) => [(c + 1) / 2, (c + 11) / 2]));
      await adata.close();
      await expect(adata.matrix()).rejects.toMatchObject({ code: "USAGE" });
    },
  );

  test("factors, numbers, logical values and text keep what is missing", async () => {
    const { obs, var: vars, notes } = await open("seurat4");
    expect(await obs.column("type")).toEqual({
      kind: "categorical",
      codes: Int32Array.of(1, 0, -1, 1, 0, 1, 1, 0, 0, 1),
      categories: ["T", "B", "unused"],
      ordered: false,
    });
    expect(await obs.column("grade")).toMatchObject({ ordered: true, categories: ["low", "high"] });
    const n = await obs.column("n");
    expect(n).toMatchObject({ kind: "number", dtype: "int32" });
    expect(n).toMatchObject({ missing: Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 1) });
    const share = await obs.column("share");
    expect(share.kind === "number" && [...share.values]).toEqual([
      Number.NaN,
      ...CELLS.slice(1).map((_, i) => (i + 2) / 4),
    ]);
    expect(await obs.column("ok")).toMatchObject({
      kind: "boolean",
      values: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0, 0, 0),
      missing: Uint8Array.of(0, 1, 0, 0, 0, 0, 0, 0, 0, 0),
    });
    expect(await obs.column("donor")).toEqual({
      kind: "string",
      values: ["d1", null, ...Array(8).fill("dé")],
    });
    expect(await obs.column("ident")).toMatchObject({ categories: ["x", "y"] });
    const mean = await vars.column("mean");
    expect(mean.kind === "number" && mean.values[1]).toBeCloseTo(
      CELLS.reduce((sum, _, c) => sum + countOf(1, c), 0) / CELLS.length,
      12,
    );
    expect(notes?.map(({ message }) => message)).toEqual([
      'reads the modality "RNA" of this Seurat object, which has ADT as well',
    ]);
  });

  test("another assay is chosen by its name", async () => {
    const adata = await open("seurat4", { modality: "ADT" });
    expect(adata.var.index).toEqual(["cd3", "cd4", "cd8"]);
    expect(adata.stored?.part).toBe("assays/ADT");
    expect((await rowsOf(adata))[9]).toEqual([28, 29, 30]);
    await expect(open("seurat4", { modality: "SCT" })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  test("a file in memory and one in a browser's Blob are read alike", async () => {
    const bytes = bytesOf("seurat4");
    for (const input of [bytes, new Blob([bytes as Uint8Array<ArrayBuffer>])]) {
      const adata = await open(input);
      expect(await rowsOf(adata)).toEqual(COUNTS);
      expect((await adata.obs.column("type")).kind).toBe("categorical");
    }
  });

  test("layers of Seurat 5 that are split by sample are joined, and a gene that one lacks is 0 there", async () => {
    const adata = await open("seurat5-split");
    expect(adata.layerKeys).toEqual(["data"]);
    expect(await rowsOf(adata, "layers/data")).toEqual(COUNTS);
    const joined = COUNTS.map((row, c) =>
      c % 2 === 0 ? row : row.map((value, g) => (g === 11 ? 0 : value)),
    );
    expect(await rowsOf(adata)).toEqual(joined);
    const some: number[] = [];
    for await (const { csr } of (await adata.matrix()).rows({ start: 4, end: 6 })) some.push(...csr.indices);
    expect(some).toEqual([4, 5].flatMap((c) => GENES.flatMap((_, g) => (joined[c][g] === 0 ? [] : [g]))));
    expect(await adata.var.column("n")).toMatchObject({ values: Float64Array.from(GENES, (_, g) => 12 - g) });
  });
});

describe("an experiment of Bioconductor", () => {
  test("assays, tables, reductions and runs are read; a nested table is left out with a notice", async () => {
    const adata = await open("sce");
    expect(await rowsOf(adata)).toEqual(COUNTS);
    expect(adata.layerKeys).toEqual(["logcounts"]);
    close(
      await rowsOf(adata, "layers/logcounts"),
      COUNTS.map((row) => row.map(Math.log1p)),
    );
    expect(adata.obs.columns).toEqual(["type", "n", "run"]);
    expect(await adata.obs.column("run")).toEqual({
      kind: "string",
      values: ["a", "a", "a", "a", "b", "b", "b", "b", "b", "b"],
    });
    expect(adata.obsmKeys).toEqual(["X_pca"]);
    expect((await adata.obsm("X_pca")).data[3]).toBe(6);
    expect(adata.var.columns).toEqual(["Symbol"]);
    expect(adata.notices?.map(({ message }) => message)).toEqual([
      "left out columns of a kind that no table has here: nested",
    ]);
    expect(adata.notes?.[0].message).toMatch(/has ADT as well/);
  });

  test("an alternative experiment is chosen by its name, and the main one by its own", async () => {
    const other = await open("sce", { modality: "ADT" });
    expect(other.var.index).toEqual(["cd3", "cd4", "cd8"]);
    expect((await rowsOf(other))[0]).toEqual([1, 2, 3]);
    expect((await open("sce", { modality: "gene" })).nVars).toBe(12);
    await expect(open("sce", { modality: "HTO" })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });

  test("an assay without a name is counts", async () => {
    const adata = await open("se");
    expect(await rowsOf(adata, "layers/counts")).toEqual(COUNTS);
    expect(adata.obs.index).toEqual(CELLS);
  });

  test("a matrix that is calculated when it is used is left out, and named", async () => {
    const adata = await open("sce-delayed");
    expect(adata.notices?.[0].message).toMatch(
      /left out counts: the matrix is DelayedMatrix of DelayedArray/,
    );
    expect(await rowsOf(adata)).toEqual(COUNTS);
  });
});

describe("a matrix by itself", () => {
  test.each(["dgC", "dgR", "dgT", "real", "integer"])(
    "%s: genes in rows become genes in columns",
    async (kind) => {
      const adata = await open(`matrix-${kind}`);
      expect(adata.var.index).toEqual(GENES);
      expect(await rowsOf(adata)).toEqual(COUNTS);
    },
  );

  test.each(["lgC", "ngC"])("%s: TRUE is 1", async (kind) => {
    const adata = await open(`matrix-${kind}`);
    expect((await adata.matrix()).dtype).toBe("bool");
    expect(await rowsOf(adata)).toEqual(COUNTS.map((row) => row.map((value) => (value === 0 ? 0 : 1))));
  });

  test("cells without names are numbered, with a notice", async () => {
    const adata = await open("matrix-unnamed");
    expect(adata.obs.index.slice(0, 2)).toEqual(["1", "2"]);
    expect(adata.notices?.[0].message).toMatch(/numbered/);
  });
});

test.each([
  ["seurat4-ascii", "UNSUPPORTED", /ASCII/],
  ["seurat5-bpcells", "UNSUPPORTED", /IterableMatrix of BPCells/],
  ["sce-delayed-only", "UNSUPPORTED", /DelayedMatrix of DelayedArray/],
  ["matrix-symmetric", "UNSUPPORTED", /dsCMatrix of Matrix/],
  ["seurat2", "UNSUPPORTED", /holds seurat/],
  ["list", "UNSUPPORTED", /holds a list/],
  ["data-frame", "UNSUPPORTED", /holds data\.frame/],
  ["function", "UNSUPPORTED", /holds a function/],
])("%s is refused, with what to do in R", async (name, code, message) => {
  const error = await open(name).then(
    () => null,
    (thrown: unknown) => thrown,
  );
  expect(error).toMatchObject({ code, message: expect.stringMatching(message) });
  expect(error).toMatchObject({ hint: expect.stringMatching(/in R|saveRDS/) });
});

test("files of save() and of qs are refused with the line of R that helps", async () => {
  const saved = new TextEncoder().encode("RDX3\nX\n\0\0\0\u0003................");
  for (const bytes of [saved, new Uint8Array(gzipSync(saved))])
    await expect(open(bytes)).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringMatching(/save\(\)/),
      hint: expect.stringMatching(/saveRDS\(x, "x\.rds"\)/),
    });
  await expect(open(Uint8Array.of(0x0b, 0x0e, 0x0a, 0x0c, 0, 0, 0, 0))).rejects.toMatchObject({
    code: "UNSUPPORTED",
    hint: expect.stringMatching(/qs::qread/),
  });
});

test.each(["bzip2", "xz"])(
  "a file in %s that is cut off or has another byte is an error",
  async (packing) => {
    const whole = bytesOf(`seurat4-${packing}`);
    const step = Math.floor(whole.length / 12);
    for (let at = step; at < whole.length; at += step) {
      await expect(open(whole.slice(0, at))).rejects.toMatchObject({ code: "BAD_FORMAT" });
      const changed = whole.map((byte, i) => (i === at ? byte ^ 8 : byte));
      await expect(open(changed)).rejects.toMatchObject({ name: "AtlasmtlError" });
    }
  },
);

test("a file that is cut off anywhere is an error of the format", async () => {
  const whole = gunzipSync(bytesOf("matrix-dgC"));
  for (let length = 2; length < whole.length; length += 7) {
    const cut = whole.subarray(0, length);
    for (const bytes of [new Uint8Array(cut), new Uint8Array(gzipSync(cut))])
      await expect(open(bytes)).rejects.toMatchObject({ code: expect.stringMatching(/BAD_FORMAT/) });
  }
});

test("the same cells in memory and in a file of R have the same predictions", async () => {
  const codes = CELLS.map((_, c) => ["a", "b"][c % 2]);
  const own = await createAnnData({
    X: { nRows: 10, nCols: 12, data: Float32Array.from(COUNTS.flat()) },
    obs: { index: CELLS, columns: { label: codes } },
    var: { index: GENES },
  });
  const model = await buildModel(own, {
    labelColumns: ["label"],
    hiddenSizes: [4],
    numEpochs: 2,
    calibrationMethod: null,
  });
  const predictions = async (adata: AnnData) => (await predict(model, adata, {})).data.labels;
  const wanted = await predictions(own);
  for (const name of ["seurat4", "sce", "matrix-dgC", "matrix-dgT", "seurat4-native"])
    expect(await predictions(await open(name))).toEqual(wanted);
  expect(wanted[0].conf).toHaveLength(CELLS.length);
});

/** The unpacked file in which the numbers `from`, one after the other, are `to`. */
function lying(name: string, from: readonly number[], to: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(gunzipSync(bytesOf(name)));
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (let at = 23; at + 4 * from.length <= bytes.length; at++)
    if (from.every((number, i) => view.getInt32(at + 4 * i) === number)) {
      for (const [i, number] of to.entries()) view.setInt32(at + 4 * i, number);
      return bytes;
    }
  throw new Error("there are no such numbers");
}

test.each([
  ["a vector of 2^31 - 1 values", [13, 72], [13, 0x7fffffff], "BAD_FORMAT"],
  ["a matrix of more cells than it holds", [12, 10], [12, 0x400000], "BAD_DATA"],
  ["a type that R has not", [13, 72], [0x7f, 72], "BAD_FORMAT"],
])("%s is refused before memory is taken", async (_, from, to, code) => {
  await expect(open(lying("matrix-unnamed", from, to))).rejects.toMatchObject({ code });
});
