import { expect, test } from "vitest";
import { LABEL_COLUMN_ENTRIES, nameOf } from "../../schema/columns.ts";
import { createAnnData } from "../containers/in-memory.ts";
import { describeAnnData } from "./describe.ts";
import { inspectGenes } from "./inspect-genes.ts";
import { labelChain, refines, roleOf } from "./inspect-labels.ts";

const numbered = (n: number): string[] => Array.from({ length: n }, (_, i) => `n${i}`);

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
