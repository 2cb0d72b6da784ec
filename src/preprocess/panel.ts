/**
 * The genes a model is made of, as a list that travels with it (docs/specification/4-preprocessing.md#feature-panel).
 * @module
 */

import { type ConfigMap, keyed } from "../core/config.ts";
import { AtlasmtlError, isAtlasmtlError } from "../errors.ts";
import { FEATURE_SPACES, SPECIES, type Species } from "../schema/preprocess-options.ts";
import { FEATURE_PANEL, PREPROCESS_KEY, PREPROCESS_KEYS } from "../schema/preprocessing.ts";

/** Genes in the order of the matrix, and how they were chosen. */
export interface FeaturePanel {
  /** Canonical ids, all different. */
  readonly geneIds: readonly string[];
  /** For display and for queries of symbols; null where a gene has none. */
  readonly geneSymbols: readonly (string | null)[];
  readonly featureSpace: (typeof FEATURE_SPACES)[number];
  readonly species: Species;
  /** What the genes of the reference were called by. */
  readonly varNamesTypeOriginal: string;
  /** The table symbols were looked up in; null when none was needed. */
  readonly geneIdTable: string | null;
  /** Null for the whole feature space. */
  readonly hvgMethod: string | null;
  readonly nTopGenes: number | null;
  readonly hvgBatchKey: string | null;
  readonly countsLayer: string;
  readonly hvgLayerUsed: string | null;
  readonly referenceDatasetName: string;
}

/** The symbols of a panel as the ids they mean; one that stands for several means none. */
export function panelSymbols({ geneIds, geneSymbols }: FeaturePanel): ReadonlyMap<string, string> {
  const idOf = new Map<string, string>();
  const several = new Set<string>();
  geneSymbols.forEach((symbol, gene) => {
    if (symbol === null) return;
    if (idOf.has(symbol)) several.add(symbol);
    idOf.set(symbol, geneIds[gene]);
  });
  for (const symbol of several) idOf.delete(symbol);
  return idOf;
}

/** The panel in a record of preprocessing; null if there is none that this version reads. */
export function panelOfRecord(preprocess: ConfigMap | null): FeaturePanel | null {
  const config = preprocess?.get(PREPROCESS_KEYS.featurePanel);
  if (!(config instanceof Map)) return null;
  try {
    return panelFromConfig(config as ConfigMap, PREPROCESS_KEY);
  } catch (error) {
    if (isAtlasmtlError(error, "BAD_FORMAT")) return null;
    throw error;
  }
}

/** A record of preprocessing whose panel, if it has one, has only the genes whose ids are in `kept`. */
export function cutRecord(preprocess: ConfigMap | null, kept: readonly string[]): ConfigMap | null {
  const panel = panelOfRecord(preprocess);
  if (preprocess === null || panel === null) return preprocess;
  const isKept = new Set(kept);
  const chosen = [...panel.geneIds.keys()].filter((gene) => isKept.has(panel.geneIds[gene]));
  const cut = {
    ...panel,
    geneIds: chosen.map((gene) => panel.geneIds[gene]),
    geneSymbols: chosen.map((gene) => panel.geneSymbols[gene]),
  };
  return new Map([...preprocess, [PREPROCESS_KEYS.featurePanel, panelToConfig(cut)]]);
}

/** The panel by its names on disk. */
export function panelToConfig(panel: FeaturePanel): ConfigMap {
  return keyed(FEATURE_PANEL, {
    geneIds: panel.geneIds,
    geneSymbols: panel.geneSymbols.map((symbol) => symbol ?? ""),
    featureSpace: panel.featureSpace,
    nFeatures: panel.geneIds.length,
    species: panel.species,
    varNamesTypeOriginal: panel.varNamesTypeOriginal,
    geneIdTable: panel.geneIdTable,
    hvgMethod: panel.hvgMethod,
    nTopGenes: panel.nTopGenes,
    hvgBatchKey: panel.hvgBatchKey,
    countsLayer: panel.countsLayer,
    hvgLayerUsed: panel.hvgLayerUsed,
    referenceDatasetName: panel.referenceDatasetName,
  });
}

/**
 * Reads a panel from parsed JSON or from `train_config.preprocess`; `where` is for messages.
 * @throws BAD_FORMAT for a missing key, a wrong type, genes that occur twice or another number of symbols.
 */
export function panelFromConfig(config: ConfigMap, where: string): FeaturePanel {
  const bad = (key: string, expected: string): AtlasmtlError =>
    new AtlasmtlError("BAD_FORMAT", `${key} is not ${expected}`, {
      where: `${where} › ${key}`,
      hint: "take the *_feature_panel.json that preprocessing wrote",
    });
  const texts = (key: string): readonly string[] => {
    const value = config.get(key);
    if (Array.isArray(value) && value.every((item) => typeof item === "string")) return value as string[];
    throw bad(key, "a list of names");
  };
  const text = (key: string): string | null => {
    const value = config.get(key) ?? null;
    if (value === null || typeof value === "string") return value;
    throw bad(key, "a text");
  };
  const choice = <T extends string>(key: string, choices: readonly T[]): T => {
    const found = choices.find((each) => each === config.get(key));
    if (found === undefined) throw bad(key, `one of ${choices.join(", ")}`);
    return found;
  };
  const geneIds = texts(FEATURE_PANEL.geneIds);
  const symbols = texts(FEATURE_PANEL.geneSymbols);
  if (geneIds.length === 0) throw bad(FEATURE_PANEL.geneIds, "a list of one gene at least");
  if (new Set(geneIds).size !== geneIds.length) throw bad(FEATURE_PANEL.geneIds, "a list of different genes");
  if (symbols.length !== geneIds.length)
    throw bad(FEATURE_PANEL.geneSymbols, `a list of ${geneIds.length} names`);
  const nTopGenes = config.get(FEATURE_PANEL.nTopGenes) ?? null;
  if (nTopGenes !== null && typeof nTopGenes !== "number")
    throw bad(FEATURE_PANEL.nTopGenes, "a whole number");
  return {
    geneIds,
    geneSymbols: symbols.map((symbol) => (symbol === "" ? null : symbol)),
    featureSpace: choice(FEATURE_PANEL.featureSpace, FEATURE_SPACES),
    species: choice(FEATURE_PANEL.species, SPECIES),
    varNamesTypeOriginal: text(FEATURE_PANEL.varNamesTypeOriginal) ?? "symbol",
    geneIdTable: text(FEATURE_PANEL.geneIdTable),
    hvgMethod: text(FEATURE_PANEL.hvgMethod),
    nTopGenes,
    hvgBatchKey: text(FEATURE_PANEL.hvgBatchKey),
    countsLayer: text(FEATURE_PANEL.countsLayer) ?? "counts",
    hvgLayerUsed: text(FEATURE_PANEL.hvgLayerUsed),
    referenceDatasetName: text(FEATURE_PANEL.referenceDatasetName) ?? "",
  };
}
