import { describe, expect, it } from "vitest";
import { createAnnData } from "../anndata/containers/in-memory.ts";
import type { ConfigMap, ConfigValue } from "../core/config.ts";
import { type FeaturePanel, panelToConfig } from "../preprocess/panel.ts";
import { modelPanel } from "./model-panel.ts";
import { PREDICT_DEFAULTS, type PredictOptions } from "./options.ts";
import { queryGenes } from "./query-genes.ts";

const SYMBOLS = ["TP53", "CD3E", "ACTB"];
const IDS = ["ENSG00000141510", "ENSG00000198851", "ENSG00000075624"];

const panel: FeaturePanel = {
  geneIds: IDS,
  geneSymbols: ["TP53", "OLDNAME", null],
  featureSpace: "whole",
  species: "human",
  varNamesTypeOriginal: "symbol",
  geneIdTable: null,
  hvgMethod: null,
  nTopGenes: null,
  hvgBatchKey: null,
  countsLayer: "counts",
  hvgLayerUsed: null,
  referenceDatasetName: "reference",
};

const model = (trainGenes: readonly string[], of?: FeaturePanel) => ({
  trainGenes,
  trainConfig: new Map<string, ConfigValue>(
    of === undefined ? [] : [["preprocess", new Map([["feature_panel", panelToConfig(of)]])]],
  ) as ConfigMap,
});

/** One cell whose genes have the values 1, 2, 3, … */
async function query(
  names: readonly string[],
  trained: ReturnType<typeof model>,
  options: PredictOptions = {},
  columns: Record<string, readonly string[]> = {},
) {
  const adata = await createAnnData({
    X: { nRows: 1, nCols: names.length, data: Float32Array.from(names, (_, i) => i + 1) },
    obs: { index: ["c"] },
    var: { index: names, columns },
  });
  const found = await queryGenes(
    { matrix: await adata.matrix(), names, var: adata.var, source: "query.h5ad" },
    trained,
    { ...PREDICT_DEFAULTS, ...options },
  );
  const values = new Map<string, number>();
  for await (const { csr } of found.matrix.rows())
    csr.indices.forEach((gene, e) => {
      values.set(found.names[gene], csr.data![e]);
    });
  return { ...found, values: Object.fromEntries(values) };
}

describe("queryGenes", () => {
  it("takes names as they are without a panel, unless it is asked to map", async () => {
    const asIs = await query(IDS, model(SYMBOLS));
    expect(asIs).toMatchObject({ names: IDS, mapping: null, notes: [], unmatched: IDS });
    const mapped = await query(IDS, model(SYMBOLS), { autoGenes: true });
    expect(mapped.values).toEqual({ TP53: 1, CD3E: 2, ACTB: 3 });
    expect(mapped.notes[0].message).toMatch(
      /human Ensembl ids \(a guess\) and the model's symbols.*3 of the model's 3/,
    );
  });

  it("maps by itself for a model with a panel, whose own symbols come first", async () => {
    const found = await query(["OLDNAME", "TP53", "ACTB", "FTL", "GAPDH"], model(IDS, panel));
    expect(found.values).toEqual({ [IDS[0]]: 2, [IDS[1]]: 1, [IDS[2]]: 3 });
    expect(found.mapping?.get("n_matched_as_they_are")).toBe(0);
    expect(found.mapping?.get("n_matched_mapped")).toBe(3);
  });

  it("adds up versions of one gene, and repeated names", async () => {
    const versions = IDS.map((id) => `${id}.4`);
    const found = await query([...versions, `${IDS[0]}.5`], model(IDS, panel));
    expect(found.values).toEqual({ [IDS[0]]: 5, [IDS[1]]: 2, [IDS[2]]: 3 });
    const first = await query([...versions, `${IDS[0]}.5`], model(IDS, panel), { duplicatePolicy: "first" });
    expect(first.values[IDS[0]]).toBe(1);
    expect((await query([...IDS, IDS[0]], model(IDS, panel))).values[IDS[0]]).toBe(5);
  });

  it("leaves a query alone that matches, or that nothing is known of", async () => {
    expect((await query(IDS, model(IDS, panel))).mapping).toBeNull();
    expect((await query(["a1", "a2"], model(IDS, panel))).mapping).toBeNull();
    await expect(query(["a1", "a2"], model(SYMBOLS), { autoGenes: true })).rejects.toMatchObject({
      code: "MISMATCH",
    });
  });

  it("matches names without an id by themselves", async () => {
    const found = await query([IDS[0], IDS[1], IDS[2], "custom"], model([...SYMBOLS, "custom"]), {
      autoGenes: true,
    });
    expect(found.values).toEqual({ TP53: 1, CD3E: 2, ACTB: 3, custom: 4 });
  });

  it("finds other spellings of the model's names by itself", async () => {
    for (const [names, wanted] of [
      [["TP53 ", " CD3E", "ACTB"], SYMBOLS],
      [SYMBOLS.map((name) => `GRCh38_${name}`), SYMBOLS],
      [SYMBOLS.map((name, i) => `${IDS[i]}_${name}`), SYMBOLS],
      [SYMBOLS.map((name, i) => `${name}|${IDS[i]}.3`), IDS],
      [IDS.map((id) => `${id}.7`), IDS],
      [IDS, IDS.map((id) => `${id}.7`)],
      [
        ["HLA.DRA", "MT.ND1", "TP53"],
        ["HLA-DRA", "MT-ND1", "TP53"],
      ],
    ]) {
      const found = await query(names, model(wanted));
      expect(found.values).toEqual({ [wanted[0]]: 1, [wanted[1]]: 2, [wanted[2]]: 3 });
      expect(found.notes[0].message).toMatch(/of the model's genes are spelled otherwise in the query/);
      expect(found.mapping).toBeNull();
    }
  });

  it("prefers a gene's very name, and leaves alone what could be two genes", async () => {
    const exact = await query(["TP53 ", "TP53", "CD3E"], model(SYMBOLS));
    expect(exact.values).toMatchObject({ TP53: 2, CD3E: 3 });
    const twice = await query([`${IDS[0]}.4`], model([`${IDS[0]}.1`, `${IDS[0]}.2`]));
    expect(twice.unmatched).toEqual([`${IDS[0]}.4`]);
  });

  it("never takes a matching gene away when it maps, as by ids that are made up", async () => {
    const symbols = ["TP53", "CD3E", "ACTB", "FTL", "GAPDH", "MALAT1", "B2M", "LYZ", "NKG7", "MS4A1", "CD14"];
    const made = symbols.map((_, i) => `ENSG${String(i).padStart(11, "0")}`);
    const found = await query(symbols, model([...symbols, "CD8A"]), { autoGenes: true }, { gene_ids: made });
    expect(found.names).toEqual(symbols);
    const mapped = await query(symbols, model(IDS, panel), {}, { gene_ids: made });
    expect(mapped.values).toEqual({ [IDS[0]]: 1, [IDS[1]]: 2, [IDS[2]]: 3 });
  });

  it("adds up repeated genes that are asked for, also where no table knows them", async () => {
    await expect(query(["zf1", "zf2", "zf1"], model(["zf1", "zf2"]))).rejects.toMatchObject({
      code: "BAD_DATA",
    });
    const summed = await query(["zf1", "zf2", "zf1"], model(["zf1", "zf2", "zf3"]), { autoGenes: true });
    expect(summed.values).toEqual({ zf1: 4, zf2: 2 });
    expect(summed.notes[0].message).toContain("genes are not mapped by tables");
    await expect(
      query(["zf1", "zf1"], model(["zf1"]), { duplicatePolicy: "error", autoGenes: true }),
    ).rejects.toMatchObject({ code: "BAD_DATA" });
  });

  it("carries genes of mouse over to human, and the other way, if it is asked to", async () => {
    const mouse = ["Trp53", "Cd3e", "Actb", "Lyz2", "Cd8b1", "Cst3", "Nkg7", "Ms4a1", "Cd14", "Gapdh", "B2m"];
    const human = ["TP53", "CD3E", "ACTB", "LYZ", "CD8B", "CST3", "NKG7", "MS4A1", "CD14", "GAPDH", "B2M"];
    const numbers = (names: readonly string[]) => Object.fromEntries(names.map((name, i) => [name, i + 1]));
    const found = await query(mouse, model(human), { orthologues: true });
    expect(found.values).toEqual(numbers(human));
    expect(found.notes[0].message).toBe(
      "11 genes of mouse were carried over to human by one-to-one orthologues (HCOP); the query now has 11 of the model's genes",
    );
    expect(found.mapping?.get("n_orthologues")).toBe(11);
    expect((await query(human, model(mouse), { orthologues: true })).values).toEqual(numbers(mouse));
    const toIds = await query(mouse, model(IDS, panel), { orthologues: true });
    expect(toIds.values).toEqual({ [IDS[0]]: 1, [IDS[1]]: 2, [IDS[2]]: 3 });
  });

  it("maps nothing by the table of another species", async () => {
    const mouse = ["Trp53", "Cd3e", "Actb", "Lyz2", "Cd8b1", "Cst3", "Nkg7", "Ms4a1", "Cd14", "Gapdh", "B2m"];
    expect((await query(mouse, model(SYMBOLS), { autoGenes: true })).unmatched).toEqual(mouse);
    await expect(query(mouse, model(SYMBOLS), { orthologues: true, species: "rat" })).rejects.toMatchObject({
      code: "UNSUPPORTED",
    });
    const same = await query(SYMBOLS, model(IDS), { orthologues: true });
    expect(same.values).toEqual({ [IDS[0]]: 1, [IDS[1]]: 2, [IDS[2]]: 3 });
  });

  it("does not use a panel of other genes, or one that is damaged", () => {
    expect(modelPanel(model(IDS, panel))?.geneIds).toEqual(IDS);
    expect(modelPanel(model(SYMBOLS, panel))).toBeNull();
    const broken = new Map([["preprocess", new Map([["feature_panel", new Map([["gene_ids", 3]])]])]]);
    expect(modelPanel({ trainGenes: IDS, trainConfig: broken })).toBeNull();
  });

  it("leaves out or refuses genes that no table knows, also under the model's very names", async () => {
    const trained = model(["TP53", "MADE-UP"]);
    const names = ["TP53", "MADE-UP", "CD3E"];
    expect((await query(names, trained, { unmappedPolicy: "keep_original" })).values).toMatchObject({
      TP53: 1,
      "MADE-UP": 2,
    });
    const dropped = await query(names, trained, { unmappedPolicy: "drop" });
    expect(dropped.values).toEqual({ TP53: 1 });
    expect(dropped.unmatched).toEqual(["MADE-UP", "CD3E"]);
    await expect(query(names, trained, { unmappedPolicy: "error" })).rejects.toMatchObject({
      code: "BAD_DATA",
      message: expect.stringContaining("1 of 3 genes of the query have no id, such as"),
    });
  });

  it("says that a panel's symbols were mapped by another table", async () => {
    const python = { ...panel, geneSymbols: [null, null, null], geneIdTable: "/data/biomart_human.tsv.gz" };
    const { notes, values } = await query(["TP53", "CD3E"], model(IDS, python));
    expect(Object.keys(values)).toHaveLength(2);
    expect(notes.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(
        /^1 of the panel's 3 genes are missing.*mapped by biomart_human\.tsv\.gz, the query's by GENCODE/,
      ),
    );
    const own = await query(["TP53", "CD3E"], model(IDS, panel));
    expect(own.notes.some(({ message }) => message.includes("another id"))).toBe(false);
  });
});
