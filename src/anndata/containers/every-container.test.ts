/** The same matrix and the same names come out of every container. */
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { zipSync } from "fflate";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Csr } from "../../core/csr.ts";
import { randomBelow, streamKey } from "../../core/rng.ts";
import type { ElementWriter } from "../../formats/element-writer.ts";
import { loadHdf5 } from "../../formats/hdf5/library.ts";
import { openWriter } from "../../formats/hdf5/write.ts";
import { zarrWriter } from "../../formats/zarr/write.ts";
import { openAnnData } from "../open.ts";
import { readCompactCsr } from "../read/whole-matrix.ts";
import { tagRoot, writeArray, writeCsr, writeDense, writeDict } from "../write/write-elements.ts";
import { writeFrame } from "../write/write-frame.ts";
import type { OpenOptions } from "./probe.ts";

const N_CELLS = 37;
const N_GENES = 23;
const cells = Array.from({ length: N_CELLS }, (_, i) => `cell ${i}`);
const symbols = Array.from({ length: N_GENES }, (_, i) => `Gene${i}`);
const ids = symbols.map((_, i) => `ENSG${String(i).padStart(11, "0")}`);

/** Counts row by row; a third of them is not zero, and one row and one column are empty. */
const key = streamKey(1, "every container");
const dense = Float32Array.from({ length: N_CELLS * N_GENES }, (_, at) => {
  const [cell, gene] = [Math.floor(at / N_GENES), at % N_GENES];
  if (cell === 5 || gene === 7) return 0;
  return randomBelow(key, 2 * at, 3) === 0 ? 1 + randomBelow(key, 2 * at + 1, 300) : 0;
});

/** Rows of `nRows` × `nCols` values. */
function compressed(values: Float32Array, nRows: number, nCols: number): Csr & { data: Float32Array } {
  const [indptr, indices, data] = [[0], [] as number[], [] as number[]];
  for (let row = 0; row < nRows; row++) {
    for (let column = 0; column < nCols; column++) {
      const value = values[row * nCols + column];
      if (value === 0) continue;
      indices.push(column);
      data.push(value);
    }
    indptr.push(indices.length);
  }
  return {
    nRows,
    nCols,
    indptr: Uint32Array.from(indptr),
    indices: Uint16Array.from(indices),
    data: Float32Array.from(data),
  };
}

const transposed = Float32Array.from(
  { length: dense.length },
  (_, at) => dense[(at % N_CELLS) * N_GENES + Math.floor(at / N_CELLS)],
);
const byCell = compressed(dense, N_CELLS, N_GENES);
const byGene = compressed(transposed, N_GENES, N_CELLS);

const STORAGES: Readonly<Record<string, (file: ElementWriter) => void>> = {
  csr: (file) => writeCsr(file, "/X", byCell),
  csc(file) {
    writeCsr(file, "/X", byGene);
    file.setAttribute("/X", "encoding-type", "csc_matrix");
    file.setAttribute("/X", "shape", BigInt64Array.of(BigInt(N_CELLS), BigInt(N_GENES)));
  },
  dense: (file) => writeDense(file, "/X", { nRows: N_CELLS, nCols: N_GENES, data: dense }),
};

function writeAll(file: ElementWriter, storage: string): void {
  tagRoot(file);
  writeFrame(file, "/obs", { index: cells });
  writeFrame(file, "/var", { index: symbols });
  for (const group of ["/layers", "/obsm", "/uns"]) writeDict(file, group);
  STORAGES[storage](file);
}

function writeTenx(path: string, version: 2 | 3): void {
  const file = openWriter(path, "create");
  const at = version === 3 ? "/matrix" : "/GRCh38";
  const names = (name: string, values: readonly string[]): void =>
    file.writeStrings(`${at}/${name}`, values, [values.length]);
  file.createGroup(at);
  names("barcodes", cells);
  for (const [name, values] of [
    ["data", Int32Array.from(byCell.data)],
    ["indices", new BigInt64Array(Array.from(byCell.indices, BigInt))],
    ["indptr", new BigInt64Array(Array.from(byCell.indptr, BigInt))],
    ["shape", Int32Array.of(N_GENES, N_CELLS)],
  ] as const)
    writeArray(file, `${at}/${name}`, values, [values.length]);
  if (version === 2) {
    names("genes", ids);
    names("gene_names", symbols);
  } else {
    file.createGroup(`${at}/features`);
    names("features/id", ids);
    names("features/name", symbols);
    names(
      "features/feature_type",
      ids.map(() => "Gene Expression"),
    );
  }
  file.finish();
}

function marketText(): string {
  const lines = [
    "%%MatrixMarket matrix coordinate integer general",
    `${N_GENES} ${N_CELLS} ${byCell.data.length}`,
  ];
  for (let row = 0; row < N_CELLS; row++)
    for (let e = byCell.indptr[row]; e < byCell.indptr[row + 1]; e++)
      lines.push(`${byCell.indices[e] + 1} ${row + 1} ${byCell.data[e]}`);
  return `${lines.join("\n")}\n`;
}

/** A header and a line per name. */
function tableText(
  rows: readonly string[],
  columns: readonly string[],
  values: Float32Array,
  by: string,
): string {
  const line = (name: string, row: number): string =>
    [name, ...values.subarray(row * columns.length, (row + 1) * columns.length)].join(by);
  return `${[["", ...columns].join(by), ...rows.map(line)].join("\n")}\n`;
}

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-"));
  await loadHdf5();
  const at = (name: string): string => join(folder, name);
  for (const storage of Object.keys(STORAGES)) {
    const file = openWriter(at(`${storage}.h5ad`), "create");
    writeAll(file, storage);
    file.finish();
    for (const format of [2, 3] as const) {
      const root = at(`${storage}${format}.zarr`);
      const entries: Record<string, Uint8Array> = {};
      const writer = zarrWriter(async (path, bytes) => {
        await mkdir(dirname(join(root, path)), { recursive: true });
        await writeFile(join(root, path), bytes);
        entries[path] = bytes.slice();
      }, format);
      writeAll(writer, storage);
      await writer.finish();
      await writeFile(`${root}.zip`, zipSync(entries, { level: 0 }));
    }
  }
  writeTenx(at("tenx2.h5"), 2);
  writeTenx(at("tenx3.h5"), 3);
  const market: Readonly<Record<string, string>> = {
    "matrix.mtx": marketText(),
    "barcodes.tsv": `${cells.join("\n")}\n`,
    "features.tsv": ids.map((id, i) => `${id}\t${symbols[i]}\tGene Expression\n`).join(""),
  };
  for (const [ending, pack] of [
    ["", Buffer.from],
    [".gz", gzipSync],
  ] as const) {
    await mkdir(at(`mtx${ending}`));
    for (const [name, text] of Object.entries(market))
      await writeFile(at(`mtx${ending}/${name}${ending}`), pack(Buffer.from(text)));
    await writeFile(at(`cells.csv${ending}`), pack(Buffer.from(tableText(cells, symbols, dense, ","))));
    await writeFile(at(`genes.tsv${ending}`), pack(Buffer.from(tableText(symbols, cells, transposed, "\t"))));
  }
});
afterAll(() => rm(folder, { recursive: true }));

const stored = ["csr", "csc", "dense"].flatMap((storage) => [
  `${storage}.h5ad`,
  ...["2.zarr", "3.zarr", "2.zarr.zip", "3.zarr.zip"].map((ending) => `${storage}${ending}`),
]);
const tables = ["cells.csv", "cells.csv.gz"];
const turned = ["genes.tsv", "genes.tsv.gz"];
const CASES: readonly (readonly [name: string, options: OpenOptions])[] = [
  ...[...stored, "tenx2.h5", "tenx3.h5", "mtx", "mtx.gz", ...tables].map((name) => [name, {}] as const),
  ...turned.map((name) => [name, { genesIn: "rows" }] as const),
];

test.each(CASES)("%s", async (name, options) => {
  const adata = await openAnnData(join(folder, name), options);
  try {
    expect(adata.obs.index).toEqual(cells);
    expect(adata.var.index).toEqual(symbols);
    expect(await readCompactCsr(await adata.matrix(), { binary: false })).toEqual(byCell);
  } finally {
    await adata.close();
  }
});

test.each(CASES)("%s in small blocks that lie where the one before lay", async (name, options) => {
  const adata = await openAnnData(join(folder, name), options);
  try {
    const matrix = await adata.matrix();
    const [indices, data]: [number[], number[]] = [[], []];
    for await (const { csr } of matrix.rows({ blockRows: 5, reuse: true })) {
      indices.push(...csr.indices);
      data.push(...(csr.data ?? csr.indices.map(() => 1)));
    }
    expect([indices, data]).toEqual([[...byCell.indices], [...byCell.data]]);
  } finally {
    await adata.close();
  }
});

/** Files as a folder picker of a page gives them, in the folder `top`. */
async function picked(name: string, top: string): Promise<Map<string, Blob>> {
  const root = join(folder, name);
  const isFolder = (await stat(root)).isDirectory();
  const files = isFolder
    ? (await readdir(root, { recursive: true, withFileTypes: true }))
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name))
    : [root];
  const blobs = await Promise.all(
    files.map(async (path) => {
      const inside = isFolder ? path.slice(root.length + 1) : name;
      return [top + inside, new File([await readFile(path)], path)] as const;
    }),
  );
  return new Map(blobs);
}

test.each(CASES)("%s as files that are given together, in a folder and bare", async (name, options) => {
  for (const top of ["", "deep/sample/outs/filtered_feature_bc_matrix/"]) {
    const adata = await openAnnData(await picked(name, top), options);
    try {
      expect(adata.obs.index).toEqual(cells);
      expect(adata.var.index).toEqual(symbols);
      expect(await readCompactCsr(await adata.matrix(), { binary: false })).toEqual(byCell);
    } finally {
      await adata.close();
    }
  }
});

test("of files that are given together, the matrix of cells among the output of a tool is read, and it is said", async () => {
  const files = new Map([
    ...(await picked("mtx.gz", "run/outs/filtered_feature_bc_matrix/")),
    ...(await picked("mtx", "run/outs/raw_feature_bc_matrix/")),
    ["run/outs/web_summary.html", new Blob(["<html>"])] as const,
  ]);
  const adata = await openAnnData(files);
  expect(adata.source).toBe("run/outs/filtered_feature_bc_matrix");
  expect(adata.notes?.map(({ message }) => message)).toEqual(["reads run/outs/filtered_feature_bc_matrix"]);
  expect(adata.obs.index).toEqual(cells);
  const trio = await openAnnData(
    [...(await picked("mtx", ""))].map(([path, file]) => new File([file], path)),
  );
  expect(trio.source).toBe("barcodes.tsv, features.tsv, matrix.mtx");
  expect(trio.obs.index).toEqual(cells);
});

test("given files that are no dataset, or a part of one, are an error", async () => {
  const files = await picked("mtx", "");
  await expect(openAnnData([])).rejects.toMatchObject({ code: "USAGE" });
  await expect(openAnnData(new Map([...files].slice(0, 2)))).rejects.toMatchObject({
    code: "BAD_FORMAT",
    message: "these files are no dataset together",
    where: "barcodes.tsv, features.tsv",
  });
  files.delete("features.tsv");
  await expect(openAnnData(files)).rejects.toMatchObject({
    code: "NOT_FOUND",
    message: expect.stringContaining("there is no features.tsv"),
  });
  const two = new Map([...(await picked("csr.h5ad", "a/")), ...(await picked("csc.h5ad", "a/"))]);
  await expect(openAnnData(two)).rejects.toMatchObject({ code: "BAD_FORMAT", where: "a" });
});

test("nothing that was made is left out", async () => {
  const made = (await readdir(folder)).sort();
  expect(made).toEqual(CASES.map(([name]) => name).sort());
});
