import { describe, expect, it } from "vitest";
import { createAnnData } from "../anndata/containers/in-memory.ts";
import type { AnnData } from "../anndata/types.ts";
import { toPlain } from "../core/config.ts";
import { randomBelow } from "../core/rng.ts";
import { packagedTable } from "./gene-table.ts";
import { panelFromConfig, panelToConfig } from "./panel.ts";
import { preprocessQuery, preprocessReference } from "./pipeline.ts";

const N = 40;
const names = (n: number, prefix: string): string[] => Array.from({ length: n }, (_, i) => `${prefix}${i}`);

async function atlas(genes: readonly string[], factor = 1): Promise<AnnData> {
  const data = Float32Array.from(
    { length: N * genes.length },
    (_, i) => factor * randomBelow(3, i, 2 + (i % genes.length)),
  );
  return createAnnData({
    X: { nRows: N, nCols: genes.length, data },
    obs: { index: names(N, "c"), columns: { donor: names(N, "d").map((_, i) => (i % 2 === 0 ? "a" : "b")) } },
    var: { index: genes },
  });
}

const GENES = (await packagedTable("human").then(({ idOf }) => [...idOf.entries()]))
  .filter(([name]) => /^[A-Z]{3,}\d*$/.test(name))
  .slice(0, 30);
const SYMBOLS = GENES.map(([symbol]) => symbol);
const IDS = GENES.map(([, id]) => id);

describe("preprocessReference", () => {
  it("keeps the most variable genes in the order of the matrix, and writes down how", async () => {
    const { adata, panel, report, genes } = await preprocessReference(await atlas(SYMBOLS), {
      nTopGenes: 10,
      hvgBatchKey: "donor",
    });
    expect(panel.geneIds).toHaveLength(10);
    expect(panel.geneIds).toEqual(IDS.filter((id) => panel.geneIds.includes(id)));
    expect(adata.var.index).toEqual(panel.geneIds);
    expect(adata.layerKeys).toEqual(["counts"]);
    expect(panel).toMatchObject({
      hvgMethod: "seurat_v3",
      nTopGenes: 10,
      hvgBatchKey: "donor",
      hvgLayerUsed: "X",
      species: "human",
    });
    expect(genes.naming.guessed).toEqual({ varNamesType: true, species: true });
    expect(toPlain(report)).toMatchObject({
      kind: "reference",
      n_features: 10,
      counts: { materialized_from_x: true },
    });
    expect(adata.unsKeys).toContain("atlasmtl_preprocess");
    expect(panelFromConfig(panelToConfig(panel), "panel")).toEqual(panel);
  });

  it("does not change its input", async () => {
    const input = await atlas(SYMBOLS);
    await preprocessReference(input, { nTopGenes: 5 });
    expect(input.var.index).toEqual(SYMBOLS);
    expect(input.layerKeys).toEqual([]);
  });

  it("keeps all genes in the whole space, without counts when none are asked for", async () => {
    const { panel } = await preprocessReference(await atlas(SYMBOLS, 0.3), {
      featureSpace: "whole",
      countsRequired: false,
    });
    expect(panel).toMatchObject({ geneIds: IDS, hvgMethod: null, nTopGenes: null, hvgLayerUsed: null });
    await expect(preprocessReference(await atlas(SYMBOLS, 0.3), { countsRequired: false })).rejects.toThrow(
      /chosen by counts/,
    );
  });

  it("follows the policies for genes without an id", async () => {
    const adata = await atlas([...SYMBOLS, "UNKNOWN-1"]);
    const whole = { featureSpace: "whole" } as const;
    expect((await preprocessReference(adata, whole)).panel.geneIds).toHaveLength(30);
    const kept = await preprocessReference(adata, { ...whole, unmappedPolicy: "keep_original" });
    expect(kept.panel.geneIds.at(-1)).toBe("UNKNOWN-1");
    await expect(preprocessReference(adata, { ...whole, unmappedPolicy: "error" })).rejects.toThrow(
      /'UNKNOWN-1'/,
    );
    await expect(
      preprocessReference(await atlas([...SYMBOLS, SYMBOLS[0]]), { ...whole, duplicatePolicy: "error" }),
    ).rejects.toThrow(/several genes/);
  });

  it("refuses wrong options by name", async () => {
    const adata = await atlas(SYMBOLS);
    await expect(preprocessReference(adata, { nTopGenes: 0 })).rejects.toThrow(/nTopGenes is 0/);
    await expect(preprocessReference(adata, { species: "humn" as "human" })).rejects.toThrow(
      /did you mean "human"/,
    );
    await expect(preprocessReference(adata, { nTop: 3 } as object)).rejects.toThrow(/no option "nTop"/);
  });
});

describe("preprocessQuery", () => {
  it("gives the panel's genes in its order, zeros for those the query lacks", async () => {
    const { panel } = await preprocessReference(await atlas(SYMBOLS), { featureSpace: "whole" });
    const { adata, report } = await preprocessQuery(await atlas(SYMBOLS.slice(0, 20).reverse()), panel);
    expect(adata.var.index).toEqual(IDS);
    expect(toPlain(report)).toMatchObject({ n_features_matched: 20, n_features_missing: 10 });
    const present = await adata.var.column("atlasmtl_feature_present_in_query");
    expect(present).toMatchObject({ values: Uint8Array.from(IDS, (_, i) => (i < 20 ? 1 : 0)) });
    for await (const { csr } of (await adata.matrix()).rows())
      for (const gene of csr.indices) expect(gene).toBeLessThan(20);
  });

  it("refuses a query without any of the panel's genes, or of another species", async () => {
    const { panel } = await preprocessReference(await atlas(SYMBOLS.slice(0, 10)), { featureSpace: "whole" });
    await expect(preprocessQuery(await atlas(SYMBOLS.slice(10)), panel)).rejects.toMatchObject({
      code: "MISMATCH",
    });
    await expect(preprocessQuery(await atlas(SYMBOLS), panel, { species: "mouse" })).rejects.toMatchObject({
      code: "MISMATCH",
    });
  });
});

describe("panelFromConfig", () => {
  it.each([
    ["gene_ids", []],
    ["gene_ids", ["a", "a"]],
    ["gene_symbols", ["only one"]],
    ["species", "cat"],
    ["n_top_genes", "many"],
  ])("refuses a wrong %s", async (key, value) => {
    const { panel } = await preprocessReference(await atlas(SYMBOLS.slice(0, 5)), { featureSpace: "whole" });
    const config = new Map([...panelToConfig(panel), [key, value] as const]);
    expect(() => panelFromConfig(config, "p.json")).toThrow(
      expect.objectContaining({ code: "BAD_FORMAT", where: `p.json › ${key}` }),
    );
  });
});
