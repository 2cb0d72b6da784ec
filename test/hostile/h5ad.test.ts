import { expect, test, vi } from "vitest";
import { platform } from "#platform";
import { describeAnnData } from "../../src/anndata/inspect/describe.ts";
import { openAnnData } from "../../src/anndata/open.ts";
import { readCompactCsr } from "../../src/anndata/read/whole-matrix.ts";
import { annotateBytes } from "../../src/anndata/write/append.ts";
import { emitH5ad } from "../../src/anndata/write/write-h5ad.ts";
import { isAtlasmtlError } from "../../src/errors.ts";
import { fileSystem, loadHdf5 } from "../../src/formats/hdf5/library.ts";
import { type Hdf5Writer, openWriter } from "../../src/formats/hdf5/write.ts";
import type { NumberArray } from "../../src/formats/number-arrays.ts";

/** The bytes of a file that `build` writes. */
async function fileOf(build: (file: Hdf5Writer) => void): Promise<Uint8Array> {
  const fs = fileSystem(await loadHdf5());
  const mounted = await platform.mountForHdf5(new Uint8Array(0), fs);
  const file = openWriter(mounted.path, "create");
  build(file);
  file.finish();
  const bytes = fs.readFile(mounted.path);
  await mounted.unmount();
  return bytes;
}

function writeFrame(
  file: Hdf5Writer,
  path: string,
  index: readonly string[],
  order: readonly string[] = [],
): void {
  file.createGroup(path);
  file.setAttribute(path, "encoding-type", "dataframe");
  file.setAttribute(path, "encoding-version", "0.2.0");
  file.setAttribute(path, "_index", "_index");
  file.setAttribute(path, "column-order", order);
  file.writeStrings(`${path}/_index`, index, [index.length]);
}

interface Sparse {
  readonly encoding?: string;
  readonly version?: string;
  readonly shape?: readonly bigint[];
  readonly indptr?: NumberArray;
  readonly indices?: NumberArray;
  readonly data?: NumberArray;
}

/** A file of two cells and three genes whose X is as good as the parts given. */
async function withX(parts: Sparse): Promise<Uint8Array> {
  return fileOf((file) => {
    writeFrame(file, "/obs", ["c0", "c1"]);
    writeFrame(file, "/var", ["g0", "g1", "g2"]);
    file.createGroup("/X");
    file.setAttribute("/X", "encoding-type", parts.encoding ?? "csr_matrix");
    file.setAttribute("/X", "encoding-version", parts.version ?? "0.1.0");
    file.setAttribute("/X", "shape", BigInt64Array.from(parts.shape ?? [2n, 3n]));
    const vectors = {
      indptr: parts.indptr ?? Int32Array.of(0, 1, 3),
      indices: parts.indices ?? Int32Array.of(2, 0, 1),
      data: parts.data ?? Float32Array.of(1, 2, 3),
    };
    for (const [name, values] of Object.entries(vectors))
      file.writeNumbers(`/X/${name}`, values, [values.length]);
  });
}

async function readX(bytes: Uint8Array): Promise<unknown> {
  const adata = await openAnnData(bytes);
  try {
    return await readCompactCsr(await adata.matrix(), { binary: false });
  } finally {
    await adata.close();
  }
}

test("the file that the others spoil is good", async () => {
  expect(await readX(await withX({}))).toMatchObject({ indices: Uint16Array.of(2, 0, 1) });
});

test.each<[string, Sparse, string]>([
  ["an indptr that falls", { indptr: Int32Array.of(0, 3, 1) }, "indptr does not rise"],
  ["an indptr that starts late", { indptr: Int32Array.of(1, 1, 3) }, "indptr does not rise"],
  ["an indptr of another length", { indptr: Int32Array.of(0, 3) }, "indptr has 2 entries, expected 3"],
  ["an indptr beyond the data", { indptr: Int32Array.of(0, 1, 4) }, "indptr ends at 4; 3 values are stored"],
  [
    "an indptr short of the data",
    { indptr: Int32Array.of(0, 1, 2) },
    "indptr ends at 2; 3 values are stored",
  ],
  ["an indptr with NaN", { indptr: Float64Array.of(0, Number.NaN, 3) }, "indptr does not rise"],
  ["fewer indices than data", { indices: Int32Array.of(0, 1) }, "data holds 3 values and indices 2"],
  [
    "a column number too large",
    { indices: Int32Array.of(2, 0, 3) },
    "row 1 has a column number outside 0 to 2",
  ],
  ["a negative column number", { indices: Int32Array.of(-1, 0, 1) }, "row 0 has a column number"],
  ["a huge column number", { indices: BigInt64Array.of(2n, 0n, 2n ** 40n) }, "row 1 has a column number"],
  ["NaN", { data: Float32Array.of(1, 2, Number.NaN) }, 'gene "g1" of cell "c1" is NaN'],
  [
    "infinity",
    { data: Float64Array.of(Number.NEGATIVE_INFINITY, 2, 3) },
    'gene "g2" of cell "c0" is -Infinity',
  ],
  ["another shape than obs and var", { shape: [2n, 4n] }, "the matrix is 2 × 4; obs and var ask for 2 × 3"],
  [
    "a row number too large in CSC",
    { encoding: "csc_matrix", indptr: Int32Array.of(0, 1, 2, 3), indices: Int32Array.of(0, 1, 2) },
    "column 2 has a row number outside 0 to 1",
  ],
])("X with %s is BAD_DATA", async (_name, parts, said) => {
  const error = await readX(await withX(parts)).catch((caught: unknown) => caught);
  expect(error).toMatchObject({ code: "BAD_DATA", where: "memory › X" });
  expect(String(error)).toContain(said);
});

test("an encoding of the future is UNSUPPORTED by name, and the rest of the file is described", async () => {
  const bytes = await withX({ encoding: "quantum_matrix", version: "9.0.0" });
  await expect(readX(bytes)).rejects.toMatchObject({
    code: "UNSUPPORTED",
    message: expect.stringContaining("quantum_matrix@9.0.0"),
  });
  const adata = await openAnnData(bytes);
  expect(await describeAnnData(adata)).toMatchObject({
    nObs: 2,
    matrices: [{ name: "X", problem: expect.stringContaining("quantum_matrix") }],
  });
  await adata.close();
});

test("columns that contradict themselves are errors with the column's name", async () => {
  const bytes = await fileOf((file) => {
    writeFrame(file, "/obs", ["c0", "c1"], ["codes", "short", "gone", "__proto__"]);
    writeFrame(file, "/var", []);
    file.createGroup("/obs/codes");
    file.setAttribute("/obs/codes", "encoding-type", "categorical");
    file.setAttribute("/obs/codes", "encoding-version", "0.2.0");
    file.writeNumbers("/obs/codes/codes", Int8Array.of(0, 5), [2]);
    file.writeStrings("/obs/codes/categories", ["only"], [1]);
    file.writeNumbers("/obs/short", Float32Array.of(1), [1]);
    file.writeNumbers("/obs/__proto__", Float32Array.of(1, 2), [2]);
  });
  const { obs, close } = await openAnnData(bytes);
  await expect(obs.column("codes")).rejects.toMatchObject({
    code: "BAD_DATA",
    where: expect.stringContaining("memory › obs › codes"),
    message: "code 5 of row 1 has no category; there are 1",
  });
  await expect(obs.column("short")).rejects.toMatchObject({ code: "BAD_DATA" });
  await expect(obs.column("gone")).rejects.toMatchObject({ code: "BAD_FORMAT" });
  expect(await obs.column("__proto__")).toMatchObject({ values: Float64Array.of(1, 2) });
  await close();
});

test("groups in a circle end in an error", async () => {
  const bytes = await fileOf((file) => {
    writeFrame(file, "/obs", ["c0"]);
    writeFrame(file, "/var", []);
    file.createGroup("/uns");
    file.createGroup("/uns/a");
    file.link("/uns", "/uns/a/circle");
  });
  const adata = await openAnnData(bytes);
  await expect(adata.uns("a")).rejects.toMatchObject({ code: "LIMIT" });
  await adata.close();
});

test("an HDF5 file that is no AnnData says what it holds", async () => {
  const bytes = await fileOf((file) => file.createGroup("/model"));
  await expect(openAnnData(bytes)).rejects.toMatchObject({
    code: "BAD_FORMAT",
    message: "this is no AnnData: it holds model",
  });
});

test("a damaged file, cut or with flipped bytes, ends in a typed error or in data, and prints nothing", async () => {
  const good = await emitH5ad({
    X: { nRows: 2, nCols: 3, data: Float32Array.of(1, 0, 2, 0, 3, 0) },
    obs: {
      index: ["c0", "c1"],
      columns: new Map([["flag", { kind: "boolean", values: Uint8Array.of(1, 0), missing: null }]]),
    },
    var: { index: ["g0", "g1", "g2"] },
    uns: new Map([["a", 1]]),
  });
  const stderr = vi.spyOn(process.stderr, "write");
  const flag = { kind: "boolean", values: Uint8Array.of(0, 1), missing: null } as const;
  let refused = 0;
  for (let i = 0; i < 250; i++) {
    // Spread over the file, so that every structure is hit.
    const at = 8 + Math.floor(((good.length - 8) * i) / 250);
    const bytes = i % 5 === 0 ? good.slice(0, at) : good.slice();
    if (i % 5 !== 0) bytes[at] ^= 0xff;
    try {
      const adata = await openAnnData(bytes);
      try {
        await describeAnnData(adata);
        await readCompactCsr(await adata.matrix(), { binary: false });
      } finally {
        await adata.close();
      }
      await annotateBytes(bytes, { obs: new Map([["flag", flag]]) });
    } catch (error) {
      if (!isAtlasmtlError(error)) throw error;
      expect(["BUG", "USAGE"]).not.toContain(error.code);
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(50);
  expect(stderr).not.toHaveBeenCalled();
});
