import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { loadHdf5 } from "../../formats/hdf5/library.ts";
import { type Hdf5Writer, openWriter } from "../../formats/hdf5/write.ts";
import { openAnnData } from "../open.ts";
import type { OpenOptions } from "./probe.ts";

let folder = "";
beforeAll(async () => {
  await loadHdf5();
  folder = mkdtempSync(join(tmpdir(), "atlasmtl-test-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const CELLS = ["AAAC-1", "AAAG-1"];
const strings = (file: Hdf5Writer, path: string, values: readonly string[]): void =>
  file.writeStrings(path, values, [values.length]);

/** Two cells; the first has 1 of feature 0 and 2 of feature 2, the second 3 of feature 1. */
function writeMatrix(file: Hdf5Writer, group: string, nFeatures: number): void {
  strings(file, `${group}/barcodes`, CELLS);
  file.writeNumbers(`${group}/data`, Int32Array.of(1, 2, 3), [3]);
  file.writeNumbers(`${group}/indices`, BigInt64Array.of(0n, 2n, 1n), [3]);
  file.writeNumbers(`${group}/indptr`, BigInt64Array.of(0n, 2n, 3n), [3]);
  file.writeNumbers(`${group}/shape`, Int32Array.of(nFeatures, 2), [2]);
}

interface Features {
  readonly types?: readonly string[];
  readonly genomes?: readonly string[];
}

function writeV3(
  name: string,
  { types = Array(3).fill("Gene Expression"), genomes = Array(3).fill("GRCh38") }: Features,
): string {
  const path = join(folder, name);
  const file = openWriter(path, "create");
  file.createGroup("/matrix");
  writeMatrix(file, "/matrix", 3);
  file.createGroup("/matrix/features");
  strings(file, "/matrix/features/id", ["E1", "E2", "E3"]);
  strings(file, "/matrix/features/name", ["A", "B", "C"]);
  strings(file, "/matrix/features/feature_type", types);
  strings(file, "/matrix/features/genome", genomes);
  file.finish();
  return path;
}

function writeV2(name: string, genomes: readonly string[]): string {
  const path = join(folder, name);
  const file = openWriter(path, "create");
  for (const genome of genomes) {
    file.createGroup(`/${genome}`);
    writeMatrix(file, `/${genome}`, 3);
    strings(file, `/${genome}/genes`, ["E1", "E2", "E3"]);
    strings(file, `/${genome}/gene_names`, ["A", `${genome}B`, "C"]);
  }
  file.finish();
  return path;
}

async function contents(path: string, options: OpenOptions = {}) {
  const adata = await openAnnData(path, options);
  const matrix = await adata.matrix();
  const entries: [string, string, number][] = [];
  for await (const { firstRow, csr } of matrix.rows())
    for (let r = 0; r < csr.nRows; r++)
      for (let e = csr.indptr[r]; e < csr.indptr[r + 1]; e++)
        entries.push([adata.obs.index[firstRow + r], adata.var.index[csr.indices[e]], csr.data![e]]);
  const result = {
    genes: adata.var.index,
    columns: adata.var.columns,
    entries,
    format: adata.stored?.format,
  };
  await adata.close();
  await expect(adata.matrix()).rejects.toMatchObject({ code: "USAGE" });
  return result;
}

test("a file of typed features has its genes by symbol, with ids, types and genome beside them", async () => {
  expect(await contents(writeV3("v3.h5", {}))).toEqual({
    genes: ["A", "B", "C"],
    columns: ["gene_ids", "feature_types", "genome"],
    entries: [
      ["AAAC-1", "A", 1],
      ["AAAC-1", "C", 2],
      ["AAAG-1", "B", 3],
    ],
    format: "10x-h5",
  });
});

test("features that are no genes are left out, whatever genome they name", async () => {
  const path = writeV3("antibody.h5", {
    types: ["Antibody Capture", "Gene Expression", "Gene Expression"],
    genomes: ["", "hg", "hg"],
  });
  expect(await contents(path, { varNames: "gene_ids" })).toMatchObject({
    genes: ["E2", "E3"],
    columns: ["gene_symbols", "feature_types", "genome"],
    entries: [
      ["AAAC-1", "E3", 2],
      ["AAAG-1", "E2", 3],
    ],
  });
  await expect(openAnnData(writeV3("none.h5", { types: Array(3).fill("CRISPR") }))).rejects.toMatchObject({
    code: "BAD_DATA",
    hint: "feature types: CRISPR",
  });
});

test("of several genomes one has to be chosen, in both layouts", async () => {
  const v3 = writeV3("barnyard.h5", { genomes: ["hg19", "mm10", "hg19"] });
  const v2 = writeV2("barnyard2.h5", ["hg19", "mm10"]);
  for (const path of [v3, v2]) {
    await expect(openAnnData(path)).rejects.toMatchObject({
      code: "USAGE",
      message: "the file holds 2 genomes: hg19, mm10",
      hint: 'choose one of them, such as genome: "hg19"',
    });
    await expect(openAnnData(path, { genome: "rn6" })).rejects.toMatchObject({
      code: "NOT_FOUND",
      hint: "genomes: hg19, mm10",
    });
  }
  expect(await contents(v3, { genome: "mm10" })).toMatchObject({
    genes: ["B"],
    entries: [["AAAG-1", "B", 3]],
  });
  expect(await contents(v2, { genome: "mm10" })).toMatchObject({
    genes: ["A", "mm10B", "C"],
    columns: ["gene_ids"],
  });
});

test("a file of one genome needs no choice and takes the right one", async () => {
  const path = writeV2("one.h5", ["GRCh38"]);
  expect((await contents(path)).genes).toEqual(["A", "GRCh38B", "C"]);
  expect((await contents(path, { genome: "GRCh38" })).genes).toEqual(["A", "GRCh38B", "C"]);
});

test("parts that contradict each other are refused", async () => {
  const path = join(folder, "wrong.h5");
  const file = openWriter(path, "create");
  file.createGroup("/hg19");
  writeMatrix(file, "/hg19", 4);
  strings(file, "/hg19/genes", ["E1", "E2", "E3"]);
  strings(file, "/hg19/gene_names", ["A", "B", "C"]);
  file.finish();
  const adata = await openAnnData(path);
  await expect(adata.matrix()).rejects.toMatchObject({
    code: "BAD_DATA",
    message: "the matrix is 4 × 2; there are 3 features and 2 barcodes",
    where: `${path} › hg19`,
  });
  await adata.close();
});
