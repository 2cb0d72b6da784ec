/** The feature panel of a model, and whether a query's genes are mapped. @module */
import { type ConfigMap, type ConfigValue, toPlain } from "../core/config.ts";
import { isAtlasmtlError } from "../errors.ts";
import type { Model } from "../model/types.ts";
import { type FeaturePanel, panelFromConfig } from "../preprocess/panel.ts";
import { PREPROCESS_KEYS } from "../schema/preprocessing.ts";
import type { PredictSettings } from "./options.ts";

/** The options about gene names. */
export type GeneSettings = Pick<
  PredictSettings,
  | "autoGenes"
  | "orthologues"
  | "varNamesType"
  | "species"
  | "geneIdTable"
  | "ensemblSourceColumn"
  | "unmappedPolicy"
  | "duplicatePolicy"
>;

/** True if the caller requests mapping. */
export function wantsMapping(settings: GeneSettings): boolean {
  const { autoGenes, orthologues, varNamesType, species, geneIdTable, ensemblSourceColumn, unmappedPolicy } =
    settings;
  return (
    autoGenes ||
    orthologues ||
    [varNamesType, species, geneIdTable, ensemblSourceColumn, unmappedPolicy].some((value) => value !== null)
  );
}

/** The feature panel of a model; null if it has none that fits its genes. */
export function modelPanel({
  trainGenes,
  trainConfig,
}: Pick<Model, "trainGenes" | "trainConfig">): FeaturePanel | null {
  const preprocess = asMap(trainConfig.get("preprocess"));
  const config = asMap(preprocess?.get(PREPROCESS_KEYS.featurePanel));
  if (config === null) return null;
  try {
    const panel = panelFromConfig(config, "train_config › preprocess");
    const isSame =
      panel.geneIds.length === trainGenes.length &&
      panel.geneIds.every((id, gene) => id === trainGenes[gene]);
    return isSame ? panel : null;
  } catch (error) {
    if (isAtlasmtlError(error, "BAD_FORMAT")) return null; // prediction works without a panel, so one of another version is ignored
    throw error;
  }
}

function asMap(value: ConfigValue | undefined): ConfigMap | null {
  if (value instanceof Map) return value as ConfigMap;
  if (value === null || typeof value !== "object" || Array.isArray(value)) return null;
  const plain = toPlain(value);
  return plain !== null && typeof plain === "object" && !Array.isArray(plain)
    ? new Map(Object.entries(plain) as [string, ConfigValue][])
    : null;
}
