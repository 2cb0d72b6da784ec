/**
 * The genes a model is made of, as a list that travels with it (docs/specification/4-preprocessing.md#feature-panel).
 * @module
 */
import type { ConfigMap, ConfigValue } from "../core/config.ts";
import { AtlasmtlError } from "../errors.ts";
import { FEATURE_SPACES, SPECIES, type Species } from "./options.ts";

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

/** The panel by its names on disk. */
export function panelToConfig(panel: FeaturePanel): ConfigMap {
  return new Map<string, ConfigValue>([
    ["gene_ids", panel.geneIds],
    ["gene_symbols", panel.geneSymbols.map((symbol) => symbol ?? "")],
    ["feature_space", panel.featureSpace],
    ["n_features", panel.geneIds.length],
    ["species", panel.species],
    ["var_names_type_original", panel.varNamesTypeOriginal],
    ["gene_id_table", panel.geneIdTable],
    ["hvg_method", panel.hvgMethod],
    ["n_top_genes", panel.nTopGenes],
    ["hvg_batch_key", panel.hvgBatchKey],
    ["counts_layer", panel.countsLayer],
    ["hvg_layer_used", panel.hvgLayerUsed],
    ["reference_dataset_name", panel.referenceDatasetName],
  ]);
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
  const geneIds = texts("gene_ids");
  const symbols = texts("gene_symbols");
  if (geneIds.length === 0) throw bad("gene_ids", "a list of one gene at least");
  if (new Set(geneIds).size !== geneIds.length) throw bad("gene_ids", "a list of different genes");
  if (symbols.length !== geneIds.length) throw bad("gene_symbols", `a list of ${geneIds.length} names`);
  const nTopGenes = config.get("n_top_genes") ?? null;
  if (nTopGenes !== null && typeof nTopGenes !== "number") throw bad("n_top_genes", "a whole number");
  return {
    geneIds,
    geneSymbols: symbols.map((symbol) => (symbol === "" ? null : symbol)),
    featureSpace: choice("feature_space", FEATURE_SPACES),
    species: choice("species", SPECIES),
    varNamesTypeOriginal: text("var_names_type_original") ?? "symbol",
    geneIdTable: text("gene_id_table"),
    hvgMethod: text("hvg_method"),
    nTopGenes,
    hvgBatchKey: text("hvg_batch_key"),
    countsLayer: text("counts_layer") ?? "counts",
    hvgLayerUsed: text("hvg_layer_used"),
    referenceDatasetName: text("reference_dataset_name") ?? "",
  };
}
