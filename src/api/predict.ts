/** Prediction as a caller sees it. @module */
import type { AnnData } from "../anndata/types.ts";
import { filesOf } from "../anndata/write/write-annotated.ts";
import type { WorkOptions } from "../core/progress.ts";
import { createEngine } from "../kernels/engine.ts";
import type { PredictOptions } from "../predict/options.ts";
import { requireModelAndData } from "./call-checks.ts";
import { PredictionResult } from "./prediction-result.ts";
import type { TrainedModel } from "./trained-model.ts";

/**
 * Labels every cell of `adata` (docs/specification/3-prediction.md).
 *
 * ```ts
 * const model = await TrainedModel.load("model/model.pth");
 * const query = await openAnnData("query.h5ad");
 * const result = await predict(model, query, { knnCorrection: "second_opinion" });
 * ```
 * @throws USAGE, NOT_FOUND, MISMATCH, BAD_DATA or ABORTED; see `predict/predict.ts`.
 */
export async function predict(
  model: TrainedModel,
  adata: AnnData,
  options: PredictOptions = {},
  work: WorkOptions = {},
): Promise<PredictionResult> {
  requireModelAndData("predict", model, adata);
  // Loaded on first use: a page looks at its files before it predicts.
  const { predict: predictColumns } = await import("../predict/predict.ts");
  const engine = await createEngine({ numThreads: options.numThreads ?? "max" });
  try {
    const predictions = await predictColumns(model.data, adata, options, { ...work, engine });
    return new PredictionResult(predictions, [...filesOf(adata), ...model.files]);
  } finally {
    engine.dispose();
  }
}
