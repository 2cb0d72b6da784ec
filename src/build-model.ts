/** Training as a caller sees it. @module */

import type { AnnData } from "./anndata/types.ts";
import type { ConfigMap } from "./core/config.ts";
import type { WorkOptions } from "./core/progress.ts";
import { isAtlasmtlError } from "./errors.ts";
import { createEngine } from "./kernels/engine.ts";
import type { TrainOptions } from "./model/options.ts";
import { train } from "./model/train.ts";
import { PREPROCESS_KEY } from "./preprocess/schema.ts";
import { TrainedModel } from "./trained-model.ts";

/**
 * Trains on a labelled reference (contract 2).
 *
 * ```ts
 * const reference = await openAnnData("reference.h5ad");
 * const model = await buildModel(reference, { labelColumns: ["cell_type_l1", "cell_type_l2"] });
 * await model.save("model/model.pth");
 * ```
 * What preprocessing left in `uns["atlasmtl_preprocess"]` goes into the model, its feature panel included.
 * @throws USAGE for an option out of its range, NOT_FOUND for a column or matrix that is not there, BAD_DATA
 * for values that cannot be trained on, ABORTED by the signal.
 */
export async function buildModel(
  adata: AnnData,
  options: TrainOptions,
  work: WorkOptions = {},
): Promise<TrainedModel> {
  const chosen =
    options.preprocess === undefined ? { ...options, preprocess: await recordOf(adata) } : options;
  const engine = await createEngine({ numThreads: options.numThreads ?? "max" });
  try {
    const { model, warnings, seeds } = await train(adata, chosen, { ...work, engine });
    return new TrainedModel(model, warnings, seeds);
  } finally {
    engine.dispose();
  }
}

/** What preprocessing says about `adata`; null where it says nothing. */
async function recordOf(adata: AnnData): Promise<ConfigMap | null> {
  if (!adata.unsKeys.includes(PREPROCESS_KEY)) return null;
  try {
    const record = await adata.uns(PREPROCESS_KEY);
    return record instanceof Map ? (record as ConfigMap) : null;
  } catch (error) {
    // What others keep under this name is no reason not to train.
    if (isAtlasmtlError(error, "UNSUPPORTED", "LIMIT")) return null;
    throw error;
  }
}
