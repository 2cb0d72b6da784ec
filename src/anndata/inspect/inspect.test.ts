import { expect, test } from "vitest";
import { LABEL_COLUMN_ENTRIES, nameOf } from "../../schema/columns.ts";
import { createAnnData } from "../containers/in-memory.ts";
import { denseToCsr } from "../read/canonical-csr.ts";
import type { Matrix } from "../types.ts";
import { describeAnnData } from "./describe.ts";
import { inspectGenes } from "./inspect-genes.ts";
import { labelChain, refines, roleOf } from "./inspect-labels.ts";
import { inspectMatrix } from "./inspect-matrix.ts";

const numbered = (n: number): string[] => Array.from({ length: n }, (_, i) => `n${i}`);

async function matrixOf(
  nRows: number,
  nCols: number,
  value: (row: number, column: number) => number,
): Promise<Matrix> {
  const data = Float32Array.from({ length: nRows * nCols }, (_, i) =>
    value(Math.floor(i / nCols), i % nCols),
  );
  const X = denseToCsr(nRows, nCols, data, () => {
    throw new Error("not finite");
  });
  const adata = await createAnnData({ X, obs: { index: numbered(nRows) }, var: { index: numbered(nCols) } });
  return adata.matrix();
}

const counts = (row: number, column: number): number =>
  ((row * 31 + column * 17) % 7) + (column === 0 ? 1 : 0);

test.each([
  ["empty", () => 0],
  ["binary", (row: number, column: number) => (row + column) % 2],
  ["counts", counts],
  ["scaled", (row: number, column: number) => Math.sqrt(row) - column],
  ["normalised", (row: number, column: number) => counts(row, column) * 12.34],
] as const)("a matrix of %s is told", async (kind, value) => {
  expect((await inspectMatrix(await matrixOf(40, 6, value)))?.kind).toBe(kind);
});

test("logarithms are told, and what each cell had been normalised to", async () => {
  const nCols = 6;
  const total = (row: number): number =>
    Array.from({ length: nCols }, (_, c) => counts(row, c)).reduce((a, b) => a + b);
  const look = await inspectMatrix(
    await matrixOf(500, nCols, (r, c) => Math.log1p((1e4 * counts(r, c)) / total(r))),
  );
  expect(look?.kind).toBe("log");
  expect(look?.rowTotal).toBeCloseTo(1e4, -1);
  const plain = await inspectMatrix(await matrixOf(500, nCols, (r, c) => (1e4 * counts(r, c)) / total(r)));
  expect([plain?.kind, Math.round(plain?.rowTotal ?? 0)]).toEqual(["normalised", 10_000]);
});

test("rows of the end are looked at too, and not all of a large matrix", async () => {
  const look = await inspectMatrix(await matrixOf(5000, 3, (row) => (row === 4990 ? 0.5 : row % 4)));
  expect(look?.kind).toBe("log");
  expect(look?.rowsLookedAt).toBe(256);
});

test.each([
  [["ENSG00000141510", "ENSG00000012048"], "ensembl", false, "human"],
  [["ENSMUSG00000059552.8", "ENSMUSG00000017146.12"], "ensembl", true, "mouse"],
  [["ENSRNOG00000010756"], "ensembl", false, "rat"],
  [["ENSG00000141510", "ENSMUSG00000059552"], "ensembl", false, "human and mouse"],
  [["TP53", "ENSG00000012048"], "mixed", false, "human"],
  [["0", "1", "2"], "unknown", false, null],
  [[], "unknown", false, null],
] as const)("%j are %s", (names, namespace, isVersioned, species) => {
  expect(inspectGenes(names)).toMatchObject({ namespace, isVersioned, species });
});

test("species are guessed from the case of symbols, and the rodents by names that only one has", () => {
  const human = [
    "TP53",
    "BRCA1",
    "CD3E",
    "MS4A1",
    "C1orf112",
    "HLA-DRA",
    "LYZ",
    "NKG7",
    "GNLY",
    "PPBP",
    "FTL",
  ];
  const rodent = [
    "Trp53",
    "Brca1",
    "Cd3e",
    "Ms4a1",
    "Lyz2",
    "Nkg7",
    "Actb",
    "Gapdh",
    "Malat1",
    "Xist",
    "Ptprc",
  ];
  expect(inspectGenes(human)).toMatchObject({ namespace: "symbol", species: "human", prefix: null });
  expect(inspectGenes(rodent).species).toBe("mouse or rat");
  expect(inspectGenes([...rodent, "Gm1992", "1700001C19Rik"]).species).toBe("mouse");
  expect(inspectGenes([...rodent, "RGD1561849", "LOC100911498"]).species).toBe("rat");
  expect(inspectGenes(human.map((name) => `GRCh38_${name}`))).toMatchObject({
    species: "human",
    prefix: "GRCh38_",
  });
});

test("a column refines another when each of its classes lies in one of the other's", () => {
  const coarse = Int32Array.of(0, 0, 1, 1, -1);
  expect(refines(coarse, Int32Array.of(0, 1, 2, 3, 0))).toBe(true);
  expect(refines(coarse, Int32Array.of(0, 1, 1, 2, 0))).toBe(false);
  expect(refines(coarse, Int32Array.of(5, 5, 6, 6, 0))).toBe(false);
});

test("labels are found coarse to fine, apart from groups, flags and identifiers", async () => {
  const n = 60;
  const of = (name: (i: number) => string): string[] => Array.from({ length: n }, (_, i) => name(i));
  const adata = await createAnnData({
    obs: {
      index: numbered(n),
      columns: {
        barcode: of((i) => `b${i}`),
        donor_id: of((i) => `d${i % 3}`),
        who: of((i) => `SAMP${i % 4}`),
        genotype: of((i) => (i % 2 === 0 ? "KO" : "WT")),
        cell_type: of((i) => `t${i % 6}`),
        cell_type_coarse: of((i) => `c${i % 2}`),
        leiden: of((i) => `${(i * 7) % 5}`),
        cell_type_ontology_term_id: of((i) => `CL:${i % 6}`),
      },
    },
    var: { index: ["A"] },
  });
  const summary = await describeAnnData(adata);
  const roles = Object.fromEntries(summary.obs.map((column) => [column.name, roleOf(column, n)]));
  expect(roles).toEqual({
    barcode: "other",
    donor_id: "group",
    who: "group",
    genotype: "group",
    cell_type: "label",
    cell_type_coarse: "label",
    leiden: "label",
    cell_type_ontology_term_id: "other",
  });
  expect(await labelChain(summary, adata.obs)).toEqual(["cell_type_coarse", "cell_type"]);
});

test("columns of an earlier prediction are no labels to train on", async () => {
  const n = 60;
  const of = (...values: string[]): string[] =>
    Array.from({ length: n }, (_, i) => values[i % values.length]);
  const predicted = LABEL_COLUMN_ENTRIES.map(([, entry]) => nameOf(entry, "cell_type"));
  const adata = await createAnnData({
    obs: {
      index: numbered(n),
      columns: {
        ...Object.fromEntries(predicted.map((name) => [name, of("low_confidence", "open_set")])),
        cell_type: of("B", "T", "NK"),
      },
    },
    var: { index: ["A"] },
  });
  expect(await labelChain(await describeAnnData(adata), adata.obs)).toEqual(["cell_type"]);
});
