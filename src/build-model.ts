/** Training as a caller sees it. @module */
import type { AnnData } from "./anndata/types.ts";
import type { WorkOptions } from "./core/progress.ts";
import { createEngine } from "./kernels/engine.ts";
import type { TrainOptions } from "./model/options.ts";
import { train } from "./model/train.ts";
import { TrainedModel } from "./trained-model.ts";

/**
 * Trains on a labelled reference (contract 2).
 *
 * ```ts
 * const reference = await openAnnData("reference.h5ad");
 * const model = await buildModel(reference, { labelColumns: ["cell_type_l1", "cell_type_l2"] });
 * await model.save("model/model.pth");
 * ```
 * @throws USAGE for an option out of its range, NOT_FOUND for a column or matrix that is not there, BAD_DATA
 * for values that cannot be trained on, ABORTED by the signal.
 */
export async function buildModel(
  adata: AnnData,
  options: TrainOptions,
  work: WorkOptions = {},
): Promise<TrainedModel> {
  const engine = await createEngine({ numThreads: options.numThreads ?? "max" });
  try {
    const { model, warnings, seeds } = await train(adata, options, { ...work, engine });
    return new TrainedModel(model, warnings, seeds);
  } finally {
    engine.dispose();
  }
}
