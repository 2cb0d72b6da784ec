/**
 * Annotates a query with a trained model; the steps have the order of
 * docs/specification/3-prediction.md#order-of-steps.
 * @module
 */
import type { AnnData } from "../anndata/types.ts";
import { startRuntimeMeter } from "../core/runtime-meter.ts";
import type { Model } from "../model/types.ts";
import { decideCells } from "./decide-cells.ts";
import type { PredictOptions } from "./options.ts";
import { type PredictWork, planPrediction } from "./plan-prediction.ts";
import { scoreCells } from "./score-cells.ts";
import type { Predictions } from "./types.ts";

export type { PredictWork };

/**
 * Annotates every cell of `adata`.
 *
 * ```ts
 * const predictions = await predict(model, adata, { knnCorrection: "low_conf_only" }, { engine });
 * predictions.labels[0].conf; // probability of the label of each cell, 0 to 1
 * ```
 * The query is streamed: only the result stays in memory, and the points of the KNN space if needed.
 * @throws USAGE for a wrong option; MISMATCH when no gene of the model is in the query, the model's
 * reference does not fit, or it has no thresholds for `predictionSets`; NOT_FOUND for a missing matrix, obsm array or reference file; BAD_DATA for
 * duplicate genes or values that cannot be used; ABORTED.
 */
export async function predict(
  stored: Model,
  adata: AnnData,
  options: PredictOptions,
  work: PredictWork,
): Promise<Predictions> {
  const meter = startRuntimeMeter();
  const plan = await planPrediction(stored, adata, options, work);
  const cells = await scoreCells(plan, work, meter.sample);
  const { numThreads } = work.engine;
  const deviceUsed = "cpu";
  const runtime = meter.summary({
    phase: "predict",
    numItems: adata.nObs,
    numBatches: cells.nBatches,
    deviceUsed,
    numThreads,
  });
  return decideCells(plan, cells, { deviceUsed, numThreads, runtime }, work);
}
