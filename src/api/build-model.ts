/** Training as a caller sees it. @module */
import type { AnnData } from "../anndata/types.ts";
import type { ConfigMap, ConfigValue } from "../core/config.ts";
import type { WorkOptions } from "../core/progress.ts";
import { isAtlasmtlError } from "../errors.ts";
import { createEngine } from "../kernels/engine.ts";
import type { TrainOptions } from "../model/options.ts";
import { panelOfRecord, panelToConfig } from "../preprocess/panel.ts";
import { PREPROCESS_KEY, PREPROCESS_KEYS } from "../schema/preprocessing.ts";
import { requireData } from "./call-checks.ts";
import { TrainedModel } from "./trained-model.ts";

/**
 * Trains on a labelled reference (docs/specification/2-training.md).
 *
 * ```ts
 * const reference = await openAnnData("reference.h5ad");
 * const model = await buildModel(reference, { labelColumns: ["cell_type_l1", "cell_type_l2"] });
 * await model.save("model/model.pth");
 * ```
 * The model keeps the record of preprocessing in `uns["atlasmtl_preprocess"]`, with its feature panel.
 * @throws USAGE for an option out of its range, NOT_FOUND for a column or matrix that is not there, BAD_DATA
 * for values that cannot be trained on, ABORTED by the signal.
 */
export async function buildModel(
  adata: AnnData,
  options: TrainOptions,
  work: WorkOptions = {},
): Promise<TrainedModel> {
  requireData("buildModel", adata);
  const chosen =
    options.preprocess === undefined ? { ...options, preprocess: await recordOf(adata) } : options;
  const engine = await createEngine({ numThreads: options.numThreads ?? "max", engine: options.engine });
  try {
    // Loaded on first use: most pages only predict.
    const { train } = await import("../model/train.ts");
    const { model, warnings, seeds, notes } = await train(adata, chosen, { ...work, engine });
    return new TrainedModel(model, warnings, seeds, [], false, notes, null, engine.name);
  } finally {
    engine.dispose();
  }
}

/** The record of preprocessing in `adata`, without its panel if the genes differ; null if there is no record. */
async function recordOf(adata: AnnData): Promise<ConfigMap | null> {
  if (!adata.unsKeys.includes(PREPROCESS_KEY)) return null;
  let record: ConfigValue;
  try {
    record = await adata.uns(PREPROCESS_KEY);
  } catch (error) {
    // Training ignores an entry of this name that another program wrote.
    if (isAtlasmtlError(error, "UNSUPPORTED", "LIMIT")) return null;
    throw error;
  }
  if (!(record instanceof Map)) return null;
  const { featurePanel: key } = PREPROCESS_KEYS;
  const panel = fittingPanel(record as ConfigMap, adata.var.index);
  const rest = [...(record as ConfigMap)].filter(([name]) => name !== key);
  return new Map([...rest, ...(panel === null ? [] : [[key, panel] as const])]);
}

/** Adds the keys that a file left out because they were null. Returns null if the panel has other genes. */
function fittingPanel(record: ConfigMap, genes: readonly string[]): ConfigMap | null {
  const panel = panelOfRecord(record);
  if (panel === null) return null;
  const isSame = panel.geneIds.length === genes.length && panel.geneIds.every((id, i) => id === genes[i]);
  return isSame ? panelToConfig(panel) : null;
}
