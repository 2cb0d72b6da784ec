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
) {
  const adata = await createAnnData({
    X: { nRows: 1, nCols: names.length, data: Float32Array.from(names, (_, i) => i + 1) },
    obs: { index: ["c"] },
    var: { index: names },
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
    expect(asIs).toMatchObject({ names: IDS, mapping: null, note: null });
    const mapped = await query(IDS, model(SYMBOLS), { autoGenes: true });
    expect(mapped.values).toEqual({ TP53: 1, CD3E: 2, ACTB: 3 });
    expect(mapped.note?.message).toMatch(
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

  it("does not use a panel of other genes, or one that is damaged", () => {
    expect(modelPanel(model(IDS, panel))?.geneIds).toEqual(IDS);
    expect(modelPanel(model(SYMBOLS, panel))).toBeNull();
    const broken = new Map([["preprocess", new Map([["feature_panel", new Map([["gene_ids", 3]])]])]]);
    expect(modelPanel({ trainGenes: IDS, trainConfig: broken })).toBeNull();
  });
});
