/** Datasets as other tools store them, made small: Loom, MuData, SpatialData, folders of text files. */
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadHdf5 } from "../../formats/hdf5/library.ts";
import { type Hdf5Writer, openWriter } from "../../formats/hdf5/write.ts";
import { openAnnData } from "../open.ts";
import { readCompactCsr } from "../read/whole-matrix.ts";
import type { AnnData, MatrixName } from "../types.ts";
import { writeDataset } from "../write/write-annotated.ts";
import { tag, writeArray, writeDict } from "../write/write-elements.ts";
import { writeFrame } from "../write/write-frame.ts";
import { createAnnData } from "./in-memory.ts";
import type { OpenOptions } from "./probe.ts";

const CELLS = ["AAAC-1", "AAAG-1", "AAAT-1"];
const GENES = ["CD3E", "LYZ"];
const ROWS = [
  [1, 0],
  [0, 2],
  [3, 4],
];

let folder: string;
const at = (name: string): string => join(folder, name);

async function contentOf(path: string, options: OpenOptions = {}, name: MatrixName = "X") {
  const adata = await openAnnData(path, options);
  try {
    return { ...(await valuesOf(adata, name)), notes: adata.notes ?? [] };
  } finally {
    await adata.close();
  }
}

async function valuesOf(adata: AnnData, name: MatrixName) {
  const { indptr, indices, data, nCols } = await readCompactCsr(await adata.matrix(name), { binary: false });
  const rows = Array.from(adata.obs.index, (_, row) => {
    const values = new Array<number>(nCols).fill(0);
    for (let e = indptr[row]; e < indptr[row + 1]; e++) values[indices[e]] = data![e];
    return values;
  });
  return { cells: adata.obs.index, genes: adata.var.index, rows };
}

const EXPECTED = { cells: CELLS, genes: GENES, rows: ROWS };

function writeHdf5(name: string, fill: (file: Hdf5Writer) => void): void {
  const file = openWriter(at(name), "create");
  fill(file);
  file.finish();
}

const transposed = Float64Array.of(1, 0, 3, 0, 2, 4);

function writeLoom(file: Hdf5Writer, gene = "Gene", spec: string | null = "3.0.0"): void {
  file.writeNumbers("/matrix", transposed, [2, 3]);
  for (const group of ["/layers", "/row_attrs", "/col_attrs", "/attrs"]) file.createGroup(group);
  file.writeNumbers(
    "/layers/spliced",
    transposed.map((x) => 2 * x),
    [2, 3],
  );
  file.writeStrings(`/row_attrs/${gene}`, GENES, [2]);
  file.writeStrings("/row_attrs/Accession", ["ENSG1", "ENSG2"], [2]);
  file.writeStrings("/col_attrs/CellID", CELLS, [3]);
  file.writeStrings("/col_attrs/type", ["B", "&#946; cell", "T &amp; NK"], [3]);
  file.writeNumbers("/col_attrs/X_pca", Float32Array.of(1, 2, 3, 4, 5, 6), [3, 2]);
  if (spec !== null) file.writeStrings("/attrs/LOOM_SPEC_VERSION", [spec], []);
}

function writeModality(file: Hdf5Writer, root: string, genes: readonly string[]): void {
  file.createGroup(root);
  tag(file, root, "anndata", "0.1.0");
  const values = ROWS.flatMap((row) => genes.map((_, g) => row[g % 2]));
  writeArray(file, `${root}/X`, Float32Array.from(values), [3, genes.length]);
  writeFrame(file, `${root}/obs`, {
    index: CELLS,
    columns: new Map([
      [
        "type",
        { kind: "categorical", codes: Int32Array.of(0, 1, 0), categories: ["B", "T"], ordered: false },
      ],
    ]),
  });
  writeFrame(file, `${root}/var`, { index: genes });
  writeDict(file, `${root}/uns`);
}

function writeMuData(file: Hdf5Writer, modalities: Readonly<Record<string, readonly string[]>>): void {
  tag(file, "/", "MuData", "0.1.0");
  file.createGroup("/mod");
  file.setAttribute("/mod", "mod-order", Object.keys(modalities));
  writeFrame(file, "/obs", { index: CELLS });
  writeFrame(file, "/var", { index: Object.values(modalities).flat() });
  for (const [name, genes] of Object.entries(modalities)) writeModality(file, `/mod/${name}`, genes);
}

async function writeLists(name: string, files: Readonly<Record<string, string>>): Promise<void> {
  await mkdir(at(name), { recursive: true });
  for (const [file, text] of Object.entries(files)) await writeFile(join(at(name), file), text);
}

const lines = (names: readonly string[]): string => names.map((name) => `${name}\n`).join("");

function mtx(isByCell: boolean): string {
  const entries = ROWS.flatMap((row, c) =>
    row.flatMap((value, g) =>
      value === 0 ? [] : [isByCell ? [c + 1, g + 1, value] : [g + 1, c + 1, value]],
    ),
  );
  const sizes = isByCell ? [3, 2, 4] : [2, 3, 4];
  return `%%MatrixMarket matrix coordinate integer general\n${[sizes, ...entries].map((line) => line.join(" ")).join("\n")}\n`;
}

const TENX = {
  "matrix.mtx": mtx(false),
  "barcodes.tsv": lines(CELLS),
  "features.tsv": lines(GENES.map((gene, g) => `ENSG${g}\t${gene}\tGene Expression`)),
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-"));
  await loadHdf5();
});
afterAll(() => rm(folder, { recursive: true }));

test("Loom: matrix, layers and attributes; 2-D attributes are no columns", async () => {
  writeHdf5("a.loom", (file) => writeLoom(file));
  expect(await contentOf(at("a.loom"))).toMatchObject(EXPECTED);
  const doubled = ROWS.map((row) => row.map((x) => 2 * x));
  expect(await contentOf(at("a.loom"), {}, "layers/spliced")).toMatchObject({ rows: doubled });
  expect(await contentOf(at("a.loom"), { varNames: "gene_ids" })).toMatchObject({
    genes: ["ENSG1", "ENSG2"],
  });
  const adata = await openAnnData(at("a.loom"));
  expect([adata.obs.columns, adata.var.columns]).toEqual([["type"], ["Accession"]]);
  await writeDataset(adata, at("from-loom.h5ad"), {});
  await adata.close();
  expect(await contentOf(at("from-loom.h5ad"), {}, "layers/spliced")).toMatchObject({ rows: doubled });
});

test("Loom before version 3 has characters as entities; genes need a name", async () => {
  writeHdf5("old.loom", (file) => writeLoom(file, "Gene", null));
  const adata = await openAnnData(at("old.loom"));
  expect(await adata.obs.column("type")).toMatchObject({ values: ["B", "β cell", "T & NK"] });
  await adata.close();
  writeHdf5("unnamed.loom", (file) => {
    writeLoom(file, "Other");
  });
  expect(await contentOf(at("unnamed.loom"))).toMatchObject({ genes: ["ENSG1", "ENSG2"] });
});

test("MuData: the modality of RNA unless another is chosen", async () => {
  writeHdf5("two.h5mu", (file) => writeMuData(file, { prot: ["CD3", "CD4", "CD8"], rna: GENES }));
  const { notes, ...rna } = await contentOf(at("two.h5mu"));
  expect(rna).toEqual(EXPECTED);
  expect(notes.map(({ message }) => message)).toEqual([
    'reads the modality "rna" of this MuData, which has prot as well',
  ]);
  expect(await contentOf(at("two.h5mu"), { modality: "prot" })).toMatchObject({
    genes: ["CD3", "CD4", "CD8"],
  });
  await expect(contentOf(at("two.h5mu"), { modality: "atac" })).rejects.toMatchObject({
    code: "NOT_FOUND",
    hint: "there is: prot, rna",
  });
  writeHdf5("unclear.h5mu", (file) => writeMuData(file, { a: GENES, b: GENES }));
  await expect(contentOf(at("unclear.h5mu"))).rejects.toMatchObject({ code: "USAGE" });
});

test("a modality is written as AnnData in both containers, and never in the place of the MuData", async () => {
  writeHdf5("one.h5mu", (file) => writeMuData(file, { rna: GENES }));
  for (const out of ["one.h5ad", "one.zarr"]) {
    const adata = await openAnnData(at("one.h5mu"));
    await writeDataset(adata, at(out), {});
    await adata.close();
    expect(await contentOf(at(out))).toMatchObject(EXPECTED);
    const copy = await openAnnData(at(out));
    expect(await copy.obs.column("type")).toMatchObject({
      codes: Int32Array.of(0, 1, 0),
      categories: ["B", "T"],
    });
    await copy.close();
  }
});

test("SpatialData: the only table, of another format of Zarr than what it lies in; --in-place does not replace it", async () => {
  const X = { nRows: 3, nCols: 2, data: Float32Array.from(ROWS.flat()) };
  const made = await createAnnData({ X, obs: { index: CELLS }, var: { index: GENES } });
  await writeDataset(made, at("sd.zarr/tables/cells.zarr"), {});
  for (const root of ["sd.zarr", "sd.zarr/tables"])
    await writeFile(join(at(root), ".zgroup"), '{"zarr_format": 2}');
  expect(await contentOf(at("sd.zarr"))).toMatchObject(EXPECTED);
  expect(await contentOf(at("sd.zarr"), { table: "cells.zarr" })).toMatchObject(EXPECTED);
  const adata = await openAnnData(at("sd.zarr"));
  await expect(writeDataset(adata, at("sd.zarr"), {}, { inPlace: true })).rejects.toMatchObject({
    code: "USAGE",
  });
  await adata.close();
  await expect(contentOf(at("sd.zarr/tables/cells.zarr"), { table: "x" })).rejects.toMatchObject({
    code: "USAGE",
  });
});

test("kb, alevin-fry and Parse: cells by genes, with lists of their own", async () => {
  await writeLists("kb", {
    "cells_x_genes.mtx": mtx(true),
    "cells_x_genes.barcodes.txt": lines(CELLS),
    "cells_x_genes.genes.txt": lines(["ENSG0", "ENSG1"]),
    "cells_x_genes.genes.names.txt": lines(GENES),
  });
  expect(await contentOf(at("kb"))).toMatchObject(EXPECTED);
  expect(await contentOf(at("kb/cells_x_genes.mtx"), { varNames: "gene_ids" })).toMatchObject({
    ...EXPECTED,
    genes: ["ENSG0", "ENSG1"],
  });
  await writeLists("fry/alevin", {
    "quants_mat.mtx": mtx(true),
    "quants_mat_rows.txt": lines(CELLS),
    "quants_mat_cols.txt": lines(GENES),
  });
  expect(await contentOf(at("fry"))).toMatchObject(EXPECTED);
  await writeLists("usa", {
    "quants_mat.mtx": mtx(true),
    "quants_mat_rows.txt": lines(CELLS),
    "quants_mat_cols.txt": lines(["G1", "G1-U", "G1-A"]),
  });
  await expect(contentOf(at("usa"))).rejects.toMatchObject({ code: "UNSUPPORTED" });
  await writeLists("parse", {
    "count_matrix.mtx": mtx(true),
    "all_genes.csv": 'gene_id,gene_name,genome\nENSG0,"CD3E",hg38\nENSG1,,hg38\n',
    "cell_metadata.csv": `bc_wells,sample\n${lines(CELLS.map((cell) => `${cell},s`))}`,
  });
  expect(await contentOf(at("parse"))).toMatchObject({ ...EXPECTED, genes: ["CD3E", "ENSG1"] });
});

test("the output folder of a tool leads to the filtered matrix, a prefix to the files that begin with it", async () => {
  await writeLists("run/outs/filtered_feature_bc_matrix", TENX);
  await writeLists("run/outs/raw_feature_bc_matrix", TENX);
  const found = await contentOf(at("run"));
  expect(found).toMatchObject(EXPECTED);
  expect(found.notes[0]?.message).toContain("run/outs/filtered_feature_bc_matrix");
  await writeLists("raw/outs/raw_feature_bc_matrix", TENX);
  await expect(contentOf(at("raw/outs"))).rejects.toMatchObject({ code: "USAGE" });
  const prefixed = Object.entries(TENX).map(([name, text]) => [`GSM1_a_${name}`, text]);
  await writeLists("geo", { ...Object.fromEntries(prefixed), "GSM2_matrix.mtx": mtx(false) });
  for (const prefix of ["geo/GSM1_a_", "geo/GSM1_a"])
    expect(await contentOf(at(prefix))).toMatchObject(EXPECTED);
  await expect(contentOf(at("geo/GSM3"))).rejects.toMatchObject({ code: "NOT_FOUND" });
  await writeLists("velocyto", {
    "spliced.mtx": mtx(false),
    "unspliced.mtx": mtx(false),
    "barcodes.tsv": TENX["barcodes.tsv"],
    "features.tsv": TENX["features.tsv"],
  });
  await expect(contentOf(at("velocyto"))).rejects.toMatchObject({ code: "USAGE" });
  expect(await contentOf(at("velocyto/spliced.mtx"))).toMatchObject(EXPECTED);
});

test("an .h5Seurat file, as SeuratDisk lays it out, is refused by its name, whatever it is called", async () => {
  for (const name of ["x.h5Seurat", "x.h5seurat", "x.h5ad"]) {
    writeHdf5(name, (file) => {
      for (const group of ["/assays", "/assays/RNA", "/assays/RNA/counts", "/meta.data", "/reductions"])
        file.createGroup(group);
      file.writeNumbers("/assays/RNA/counts/data", Float64Array.of(1, 3, 2, 4), [4]);
      file.writeNumbers("/assays/RNA/counts/indices", Int32Array.of(0, 0, 1, 1), [4]);
      file.writeNumbers("/assays/RNA/counts/indptr", Int32Array.of(0, 1, 2, 4), [4]);
      file.writeStrings("/assays/RNA/features", GENES, [2]);
      file.writeStrings("/cell.names", CELLS, [3]);
    });
    await expect(contentOf(at(name))).rejects.toMatchObject({
      code: "UNSUPPORTED",
      message: expect.stringContaining("SeuratDisk"),
      hint: expect.stringContaining("saveRDS"),
    });
  }
});
