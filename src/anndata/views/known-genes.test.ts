import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { preprocessReference } from "../../preprocess/pipeline.ts";
import { createAnnData } from "../containers/in-memory.ts";
import { openAnnData } from "../open.ts";
import { readCompactCsr } from "../read/whole-matrix.ts";
import type { AnnData } from "../types.ts";
import { writeDataset } from "../write/write-annotated.ts";
import { viewKnownGenes } from "./known-genes.ts";
import { viewRows } from "./row-view.ts";

/** A CITE-seq dataset as scanpy saves it: the antibody has the name, `make_unique` renamed the gene. */
const FEATURES = ["CD4", "ACTB", "CD4-1", "CD19_ab", "B2M"];
const TYPES = [
  "Antibody Capture",
  "Gene Expression",
  "Gene Expression",
  "Antibody Capture",
  "Gene Expression",
];
const VALUES = Float32Array.of(9, 1, 2, 8, 3, 7, 4, 0, 6, 5);

const cite = (columns: Record<string, readonly (string | null)[]> = { feature_types: TYPES }) =>
  createAnnData({
    X: { nRows: 2, nCols: 5, data: VALUES },
    obs: { index: ["c1", "c2"] },
    var: { index: FEATURES, columns },
  });

async function rowsOf(adata: AnnData): Promise<number[][]> {
  const { nRows, nCols, indptr, indices, data } = await readCompactCsr(await adata.matrix(), {
    binary: false,
  });
  return Array.from({ length: nRows }, (_, row) => {
    const values = new Array<number>(nCols).fill(0);
    for (let e = indptr[row]; e < indptr[row + 1]; e++) values[indices[e]] = data![e];
    return values;
  });
}

describe("viewKnownGenes", () => {
  it("leaves out antibodies, with a note, and gives a gene the name that an antibody had", async () => {
    const genes = await viewKnownGenes(await cite(), undefined);
    expect(genes.nVars).toBe(3);
    expect(genes.var.index).toEqual(["ACTB", "CD4", "B2M"]);
    expect(await genes.varNames()).toEqual(genes.var.index);
    expect(await rowsOf(genes)).toEqual([
      [1, 2, 3],
      [4, 0, 5],
    ]);
    expect(genes.notes?.[0].message).toBe(
      '3 of 5 features are genes; left out: 2 of type "Antibody Capture"',
    );
  });

  it("takes a column of other words, and features without a type, for genes", async () => {
    const biotypes = await cite({ feature_type: ["protein_coding", "lncRNA", "lncRNA", "miRNA", "miRNA"] });
    expect(await viewKnownGenes(biotypes, undefined)).toBe(biotypes);
    const some = await viewKnownGenes(
      await cite({ feature_types: [null, "Gene Expression", null, "Custom", null] }),
      undefined,
    );
    expect(some.var.index).toEqual(["CD4", "ACTB", "CD4-1", "B2M"]);
  });

  it("warns of a dataset that has antibodies only", async () => {
    const only = await viewKnownGenes(
      await cite({ feature_types: TYPES.map(() => "Antibody Capture") }),
      undefined,
    );
    expect(only.nVars).toBe(5);
    expect(only.notices?.[0].message).toContain('none of the 5 features is a gene ("Antibody Capture")');
  });

  it("calls genes by a column of var: the one that is named, or one found where names are row numbers", async () => {
    const symbols = ["MS4A1", "ACTB", null, "CD19", "B2M"];
    const named = await viewKnownGenes(await cite({ other: symbols }), "other");
    expect(named.var.index).toEqual(["MS4A1", "ACTB", "CD4-1", "CD19", "B2M"]);
    await expect(viewKnownGenes(await cite(), "symbols")).rejects.toMatchObject({ code: "NOT_FOUND" });
    const numbered = await createAnnData({
      X: { nRows: 2, nCols: 5, data: VALUES },
      obs: { index: ["c1", "c2"] },
      var: { index: ["0", "1", "2", "3", "4"], columns: { chr: symbols.map(() => "chr1"), gene: symbols } },
    });
    const found = await viewKnownGenes(numbered, undefined);
    expect(found.var.index).toEqual(["MS4A1", "ACTB", "2", "CD19", "B2M"]);
    expect(found.notes?.[0].message).toContain("the var column gene");
    const entrez = await createAnnData({
      X: { nRows: 1, nCols: 2, data: Float32Array.of(1, 2) },
      obs: { index: ["c1"] },
      var: { index: ["920", "60"], columns: { gene: ["CD4", "ACTB"] } },
    });
    expect((await viewKnownGenes(entrez, undefined)).var.index).toEqual(["920", "60"]);
  });
});

describe("a file with antibodies", () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "features-"));
    await writeDataset(await cite(), join(folder, "cite.h5ad"), {});
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("opens with genes, and is written with every feature", async () => {
    const adata = await openAnnData(join(folder, "cite.h5ad"));
    expect(adata.var.index).toEqual(["ACTB", "CD4", "B2M"]);
    for (const [name, dataset, rows] of [
      ["whole.h5ad", adata, [0, 1]],
      ["whole.zarr", adata, [0, 1]],
      ["part.h5ad", await viewRows(adata, Uint32Array.of(1)), [1]],
    ] as const) {
      await writeDataset(dataset, join(folder, name), {});
      const copy = await openAnnData(join(folder, name));
      const { whole } = copy.knownGenes!;
      expect(whole.var.index).toEqual(FEATURES);
      expect(await rowsOf(whole)).toEqual(rows.map((row) => [...VALUES.slice(5 * row, 5 * row + 5)]));
      await copy.close();
    }
    await adata.close();
  });

  it("is preprocessed by its genes", async () => {
    const adata = await openAnnData(join(folder, "cite.h5ad"));
    const { adata: mapped } = await preprocessReference(adata, {
      featureSpace: "whole",
      unmappedPolicy: "keep_original",
    });
    await writeDataset(mapped, join(folder, "mapped.h5ad"), {});
    const copy = await openAnnData(join(folder, "mapped.h5ad"));
    expect(await rowsOf(copy)).toEqual([
      [1, 2, 3],
      [4, 0, 5],
    ]);
    expect((copy.knownGenes?.whole ?? copy).nVars).toBe(3);
    await copy.close();
    await adata.close();
  });
});
