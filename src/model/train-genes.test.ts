/** Training on some of the reference's genes. */
import { expect, test } from "vitest";
import type { Csr } from "../../src/core/csr.ts";
import { base, counts, N_GENES, run } from "../../test/helpers/train-runs.ts";
import { tensorsOf } from "../../test/helpers/training-fixtures.ts";
import { panelToConfig } from "../preprocess/panel.ts";
import { PREPROCESS_KEYS } from "../schema/preprocessing.ts";
import { TRAIN_CONFIG } from "../schema/training.ts";

const names = Array.from({ length: N_GENES }, (_, gene) => `gene-${gene}`);
const KEPT = [0, 3, 4, 8, 9, 12, 14];
const kept = KEPT.map((gene) => names[gene]);

/** The columns of a matrix, one by one. */
function columnsOf({ nRows, indptr, indices, data }: Csr, columns: readonly number[]): Csr {
  const rows = Array.from({ length: nRows }, (_, r) => {
    const row = new Map<number, number>();
    for (let e = indptr[r]; e < indptr[r + 1]; e++) row.set(indices[e], data![e]);
    return columns.flatMap((gene, at) => (row.has(gene) ? [[at, row.get(gene)!] as const] : []));
  });
  const starts = new Uint32Array(nRows + 1);
  rows.forEach((row, r) => {
    starts[r + 1] = starts[r] + row.length;
  });
  return {
    nRows,
    nCols: columns.length,
    indptr: starts,
    indices: Uint16Array.from(rows.flat(), ([gene]) => gene),
    data: Float32Array.from(rows.flat(), ([, value]) => value),
  };
}

test.each([
  ["a network", {}],
  ["linear views and normalised counts", { preset: "best", ensembleSize: 2, numEpochs: 3 } as const],
])("%s learns from listed genes what it learns from a reference that is cut to them", async (_, extra) => {
  const x = counts();
  const listed = ["unknown", ...kept.toReversed()];
  const listing = await run({ ...extra, genes: listed }, { x, genes: names });
  const cut = await run(extra, { x: columnsOf(x, KEPT), genes: kept });
  expect(listing.model.trainGenes).toEqual(kept);
  expect(tensorsOf(listing.model.weights)).toEqual(tensorsOf(cut.model.weights));
  expect(listing.model.linear).toEqual(cut.model.linear);
  expect(listing.model.space).toEqual(cut.model.space);
  expect(cut.model.trainConfig.has(TRAIN_CONFIG.geneSelection)).toBe(false);
  expect(listing.model.trainConfig.get(TRAIN_CONFIG.geneSelection)).toEqual(
    new Map([
      ["n_listed", 8],
      ["n_used", 7],
      ["n_reference", N_GENES],
    ]),
  );
});

test("listed genes are found by other spellings and by the symbols of the panel, which is cut with them", async () => {
  const genes = names.map((_, gene) => `ENSG${String(gene).padStart(11, "0")}`);
  const panel = panelToConfig({
    geneIds: genes,
    geneSymbols: names,
    featureSpace: "whole",
    species: "human",
    varNamesTypeOriginal: "symbol",
    geneIdTable: null,
    hvgMethod: null,
    nTopGenes: null,
    hvgBatchKey: null,
    countsLayer: "counts",
    hvgLayerUsed: null,
    referenceDatasetName: "",
  });
  const preprocess = new Map([[PREPROCESS_KEYS.featurePanel, panel]]);
  const listed = ["gene-2", "gene-5", `${genes[7]}.3`];
  const { model } = await run({ genes: listed, preprocess, numEpochs: 1 }, { genes });
  expect(model.trainGenes).toEqual([genes[2], genes[5], genes[7]]);
  const record = model.trainConfig.get(TRAIN_CONFIG.preprocess) as typeof preprocess;
  const cut = record.get(PREPROCESS_KEYS.featurePanel)!;
  expect([cut.get("gene_symbols"), cut.get("n_features")]).toEqual([["gene-2", "gene-5", "gene-7"], 3]);
});

test("a list without a gene of the reference is refused, one with few is warned of", async () => {
  await expect(run({ genes: ["TP53", "CD3E"] }, { genes: names })).rejects.toMatchObject({
    code: "MISMATCH",
    where: "memory › var names",
    message: `none of the reference's 20 genes are among the 2 that are listed (listed: "TP53", "CD3E"; reference: "gene-0", "gene-1", "gene-2")`,
  });
  await expect(run({ genes: [] })).rejects.toMatchObject({ code: "USAGE" });
  const few = await run({ genes: ["gene-1", "TP53", "CD3E"], numEpochs: 1 }, { genes: names });
  expect(few.warnings.map(({ message }) => message).join()).toContain(
    "1 of the reference's 20 genes is among the 3",
  );
  const enough = await run({ genes: ["gene-1", "gene-2", "CD3E"], numEpochs: 1 }, { genes: names });
  expect(enough.warnings.map(({ message }) => message).join()).not.toContain("listed");
});

test("a name that two columns have is no obstacle where it is not listed", async () => {
  const genes = ["twice", "twice", ...names.slice(2)];
  const { model } = await run({ genes: kept, numEpochs: 1 }, { ...base, genes });
  expect(model.trainGenes).toEqual(kept.slice(1));
  await expect(run({ genes: ["twice"] }, { genes })).rejects.toMatchObject({ code: "BAD_DATA" });
});
