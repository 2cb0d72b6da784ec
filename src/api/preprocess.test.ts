/** From preprocessing to a model that carries the panel, and to its query, through the entry. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { dense, toRows } from "../../test/helpers/predict-fixtures.ts";
import type { ConfigMap, ConfigValue } from "../core/config.ts";
import {
  type AnnData,
  AtlasmtlError,
  buildModel,
  createAnnData,
  type FeaturePanel,
  featurePanelOf,
  openAnnData,
  preprocessQuery,
  preprocessReference,
  readFeaturePanel,
  savePreprocessed,
  variableGenes,
  writeFeaturePanel,
} from "./index.ts";
import { recordedSplit } from "./split-record.ts";

const [N, N_GENES] = [40, 120];
/** Two genes tell the types apart; the others vary by one around means from 2 to 41. */
const MARKERS = [47, 90];
const GENES = Array.from({ length: N_GENES }, (_, g) => `ENSG${String(g + 1).padStart(11, "0")}`);
const MARKER_IDS = MARKERS.map((g) => GENES[g]);
const countOf = (cell: number, g: number): number => {
  const level = 1 + (g % 40);
  if (!MARKERS.includes(g)) return level + ((7 * cell + 3 * g) % 3);
  return cell % 2 === MARKERS.indexOf(g) ? 2 * level + 2 : 0;
};
const counts = (genes = GENES, uns?: ConfigMap): Promise<AnnData> =>
  createAnnData({
    X: dense(Array.from({ length: N }, (_, cell) => genes.map((_id, g) => countOf(cell, g)))),
    obs: {
      index: Array.from({ length: N }, (_, i) => `c${i}`),
      columns: { kind: Array.from({ length: N }, (_, i) => (i % 2 ? "odd" : "even")) },
    },
    var: { index: genes },
    ...(uns === undefined ? {} : { uns }),
  });
const OPTIONS = { varNamesType: "ensembl", species: "human", nTopGenes: 2, featureSpace: "hvg" } as const;
const TRAIN = { labelColumns: ["kind"], hiddenSizes: [4], numEpochs: 1, numThreads: 1 } as const;

let folder: string;
const at = (name: string): string => join(folder, name);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "atlasmtl-preprocess-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("the genes that vary most are found in one pass over the counts", async () => {
  const { chosen } = await variableGenes(await (await counts()).matrix(), 2);
  expect([...chosen].sort()).toEqual(MARKERS);
});

test("a saved reference carries its panel and report, and a model trained on it carries the panel", async () => {
  const result = await preprocessReference(await counts(), OPTIONS);
  expect(result.panel.geneIds).toEqual(MARKER_IDS);
  expect(await savePreprocessed(at("ready.h5ad"), result)).toEqual([]);
  expect((await readdir(folder)).sort()).toEqual([
    "ready.h5ad",
    "ready_feature_panel.json",
    "ready_preprocess_report.json",
  ]);
  expect(await readFeaturePanel(at("ready_feature_panel.json"))).toEqual(result.panel);
  const reference = await openAnnData(at("ready.h5ad"));
  try {
    expect(reference.var.index).toEqual(MARKER_IDS);
    const model = await buildModel(reference, TRAIN);
    expect(model.data.trainGenes).toEqual(MARKER_IDS);
    expect(featurePanelOf(model)).toEqual(result.panel);
  } finally {
    await reference.close();
  }
});

test("a query gets the genes of the panel in its order, zero where it has none", async () => {
  const { panel } = await preprocessReference(await counts(), OPTIONS);
  // The second marker is the first gene of the query, whose counts are 1, 2, 3, …; the first marker is not there.
  const query = await counts([MARKER_IDS[1], ...GENES.filter((id) => !MARKER_IDS.includes(id))]);
  const { adata } = await preprocessQuery(query, panel, { varNamesType: "ensembl", species: "human" });
  expect(adata.var.index).toEqual(MARKER_IDS);
  const rows: number[][] = [];
  for await (const { csr } of (await adata.matrix()).rows()) rows.push(...toRows(csr));
  expect(rows).toEqual(Array.from({ length: N }, (_, cell) => [0, countOf(cell, 0)]));
});

test.each<[string, (record: ConfigMap) => ConfigValue]>([
  ["of other genes", (record) => withPanel(record, { gene_ids: ["x", "y"], gene_symbols: ["", ""] })],
  ["of another version", (record) => withPanel(record, { species: 7 })],
  ["that is none", (record) => new Map([...record, ["feature_panel", "lost"]])],
])("a model takes no panel %s, and keeps the rest of the record", async (_, change) => {
  const { adata } = await preprocessReference(await counts(), OPTIONS);
  const record = (await adata.uns("atlasmtl_preprocess")) as ConfigMap;
  const uns = new Map([["atlasmtl_preprocess", change(record)]]);
  const changed = { ...adata, uns: async (key: string) => uns.get(key) ?? null };
  const model = await buildModel(changed, TRAIN);
  expect(featurePanelOf(model)).toBeNull();
  const kept = model.data.trainConfig.get("preprocess") as ConfigMap;
  expect([...kept.keys()].sort()).toEqual([...record.keys()].filter((key) => key !== "feature_panel").sort());
});

test("training ignores what another program keeps under the name of the record", async () => {
  const foreign = await counts(GENES, new Map([["atlasmtl_preprocess", "notes"]]));
  const model = await buildModel(foreign, TRAIN);
  expect(featurePanelOf(model)).toBeNull();
  expect(model.data.trainConfig.get("preprocess") ?? null).toBeNull();
  const unreadable = {
    ...foreign,
    uns: async () => {
      throw new AtlasmtlError("UNSUPPORTED", "an entry of complex numbers");
    },
  };
  expect(featurePanelOf(await buildModel(unreadable, TRAIN))).toBeNull();
  expect(await recordedSplit(unreadable)).toBeNull();
});

test("a panel is written and read again; a damaged one is refused at its key", async () => {
  const { panel } = await preprocessReference(await counts(), OPTIONS);
  const named: FeaturePanel = { ...panel, geneSymbols: ["CD3D", null], referenceDatasetName: "atlas" };
  await writeFeaturePanel(at("p_feature_panel.json"), named);
  expect(await readFeaturePanel(at("p_feature_panel.json"))).toEqual(named);
  const json = JSON.parse(await readFile(at("p_feature_panel.json"), "utf8"));
  await writeFile(at("cut.json"), JSON.stringify({ ...json, gene_ids: ["ENSG1", "ENSG1"] }));
  await expect(readFeaturePanel(at("cut.json"))).rejects.toMatchObject({
    code: "BAD_FORMAT",
    where: expect.stringMatching(/cut\.json/),
  });
  await writeFile(at("text.json"), "no JSON");
  await expect(readFeaturePanel(at("text.json"))).rejects.toMatchObject({
    code: "BAD_FORMAT",
    where: at("text.json"),
  });
});

function withPanel(record: ConfigMap, changes: Readonly<Record<string, ConfigValue>>): ConfigMap {
  const panel = record.get("feature_panel") as ConfigMap;
  return new Map([...record, ["feature_panel", new Map([...panel, ...Object.entries(changes)])]]);
}
