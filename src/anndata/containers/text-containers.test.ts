import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import { looksLikeGenes } from "../inspect/gene-names.ts";
import { openAnnData } from "../open.ts";
import type { OpenOptions } from "./probe.ts";

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "atlasmtl-test-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const CELLS = ["AAAC-1", "AAAG-1", "AACC-1"];
const VALUES = [
  [1, 0, 2.5, 0],
  [0, 0, 0, 0],
  [0, 3, 0, 4],
];

function put(path: string, text: string, zipped = false): string {
  const full = join(folder, path);
  mkdirSync(join(full, ".."), { recursive: true });
  writeFileSync(full, zipped ? gzipSync(text) : text);
  return full;
}

async function contents(path: string, options: OpenOptions = {}) {
  const adata = await openAnnData(path, options);
  const rows: number[][] = [];
  for await (const { csr } of (await adata.matrix()).rows())
    for (let r = 0; r < csr.nRows; r++) {
      const row = new Array<number>(csr.nCols).fill(0);
      for (let e = csr.indptr[r]; e < csr.indptr[r + 1]; e++) row[csr.indices[e]] = csr.data![e];
      rows.push(row);
    }
  await adata.close();
  const { obs, var: vars, stored, notices } = adata;
  return { cells: obs.index, genes: vars.index, rows, format: stored?.format, notices, vars, adata };
}

const csv = (rows: readonly (readonly (string | number)[])[], by = ","): string =>
  rows.map((row) => row.join(by)).join("\n");

test.each([
  ["a.csv", ",", false],
  ["a.tsv", "\t", false],
  ["a.txt.gz", "\t", true],
  ["a.CSV.gz", ",", true],
])("a table %s is cells × genes", async (name, by, zipped) => {
  const path = put(
    name,
    csv([["", "g1", "g2", "g3", "g4"], ...CELLS.map((cell, i) => [cell, ...VALUES[i]])], by),
    zipped,
  );
  expect(await contents(path)).toMatchObject({
    cells: CELLS,
    genes: ["g1", "g2", "g3", "g4"],
    rows: VALUES,
    format: "table",
  });
});

test("a table with genes in rows is turned when so told; its names give a notice when not", async () => {
  const genes = ["ACTB", "GAPDH", "B2M", "CD3E"];
  const path = put(
    "turned.csv",
    csv([["", ...CELLS], ...genes.map((gene, g) => [gene, ...VALUES.map((row) => row[g])])]),
  );
  expect(await contents(path, { genesIn: "rows" })).toMatchObject({
    cells: CELLS,
    genes,
    rows: VALUES,
    notices: [],
  });
  expect((await contents(path)).notices).toEqual([
    expect.objectContaining({
      hint: 'read it with genesIn: "rows" if that is where its genes are',
      where: path,
    }),
  ]);
});

test("a table's fault is located in file and line", async () => {
  const path = put("bad.csv", "g,a,b\nc1,1,2\nc2,1,x\n");
  await expect(openAnnData(path)).rejects.toMatchObject({ code: "BAD_FORMAT", where: `${path} › line 3` });
});

const MATRIX = "%%MatrixMarket matrix coordinate real general\n4 3 4\n1 1 1\n3 1 2.5\n2 3 3\n4 3 4\n";
const TURNED = "%%MatrixMarket matrix coordinate real general\n4 3 4\n1 1 1\n2 3 3\n3 1 2.5\n4 3 4\n";
const FEATURES = [
  "ENSG1\tA\tGene Expression",
  "ENSG2\tB\tGene Expression",
  "AB1\tCD3\tAntibody Capture",
  "ENSG3\tA\tGene Expression",
];

function mtx(at: string, { zipped = false, prefix = "", v3 = true, matrix = MATRIX } = {}): string {
  const gz = zipped ? ".gz" : "";
  put(`${at}/${prefix}matrix.mtx${gz}`, matrix, zipped);
  put(`${at}/${prefix}barcodes.tsv${gz}`, `${CELLS.join("\n")}\n`, zipped);
  const lines = v3 ? FEATURES : FEATURES.map((line) => line.split("\t").slice(0, 2).join("\t"));
  put(`${at}/${prefix}${v3 ? "features" : "genes"}.tsv${gz}`, lines.join("\n"), zipped);
  return join(folder, at);
}

test.each([
  ["plain", { v3: false }],
  ["gzipped", { v3: false, zipped: true }],
  ["prefixed", { v3: false, prefix: "GSM1_" }],
  ["sorted by gene", { v3: false, matrix: TURNED }],
])("a 10x folder of Cell Ranger 2, %s, has all genes", async (name, options) => {
  const path = mtx(`v2 ${name}`, options);
  const found = await contents(path);
  expect(found).toMatchObject({
    cells: CELLS,
    genes: ["A", "B", "CD3", "A"],
    rows: VALUES,
    format: "10x-mtx",
  });
  expect(await found.vars.column("gene_ids")).toEqual({
    kind: "string",
    values: ["ENSG1", "ENSG2", "AB1", "ENSG3"],
  });
  expect(found.adata.stored?.files).toHaveLength(3);
});

test("of typed features only genes are kept, by symbol or by id", async () => {
  const path = mtx("v3", { zipped: true });
  const rows = VALUES.map((row) => [row[0], row[1], row[3]]);
  expect(await contents(path)).toMatchObject({ genes: ["A", "B", "A"], rows });
  const byId = await contents(path, { varNames: "gene_ids" });
  expect(byId).toMatchObject({ genes: ["ENSG1", "ENSG2", "ENSG3"], rows });
  expect(byId.vars.columns).toEqual(["gene_symbols", "feature_types"]);
});

test("a folder of several matrices asks for one, which its own path names", async () => {
  mtx("many", { v3: false, prefix: "a_" });
  const path = mtx("many", { v3: false, prefix: "b_" });
  await expect(openAnnData(path)).rejects.toMatchObject({
    code: "USAGE",
    message: expect.stringMatching(/2 matrices: a_matrix.mtx, b_matrix.mtx/),
  });
  expect((await contents(join(path, "b_matrix.mtx"))).rows).toEqual(VALUES);
});

test("a file that is missing, and lists of other lengths, are named", async () => {
  const path = mtx("broken");
  rmSync(join(path, "barcodes.tsv"));
  await expect(openAnnData(path)).rejects.toMatchObject({
    code: "NOT_FOUND",
    message: "there is no barcodes.tsv.gz, barcodes.tsv",
  });
  put("broken/barcodes.tsv", "AAAC-1\n");
  const adata = await openAnnData(path);
  await expect(adata.matrix()).rejects.toMatchObject({
    code: "BAD_DATA",
    message: "the matrix is 4 × 3; there are 4 features and 1 barcodes",
  });
  put("broken/features.tsv", "ENSG1 A\n");
  await expect(openAnnData(path)).rejects.toMatchObject({
    code: "BAD_FORMAT",
    where: expect.stringMatching(/features.tsv › line 1$/),
  });
});

test("names of genes are told from others", () => {
  expect(looksLikeGenes(["ENSG00000141510.12", "ENSMUSG00000059552", "x"])).toBe(true);
  expect(looksLikeGenes(["Actb", "Gapdh", "Xkr4"])).toBe(true);
  expect(looksLikeGenes(["AAACCC-1", "cell_2"])).toBe(false);
  expect(looksLikeGenes([])).toBe(false);
});
