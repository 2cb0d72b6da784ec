/** Prediction as a caller sees it. @module */
import type { AnnData } from "../anndata/types.ts";
import { keepSmallMatrices } from "../anndata/views/kept-rows.ts";
import { filesOf } from "../anndata/write/write-annotated.ts";
import type { WorkOptions } from "../core/progress.ts";
import { createEngine } from "../kernels/engine.ts";
import { keptEngine } from "../kernels/kept-engine.ts";
import type { Engine } from "../kernels/types.ts";
import type { PredictOptions } from "../predict/options.ts";
import { requireModelAndData } from "./call-checks.ts";
import { PredictionResult } from "./prediction-result.ts";
import type { TrainedModel } from "./trained-model.ts";

/** What predictions of many queries by one model share. Dispose of it when done. */
export interface PredictEngine {
  /** @internal */
  readonly engine: Engine;
  dispose(): void;
}

/**
 * Starts what several predictions by one model share, one after another, which saves the time of starting it for each.
 *
 * ```ts
 * const shared = await createPredictEngine({ numThreads: "max" });
 * for (const path of ["sample1.h5ad", "sample2.h5ad"])
 *   await predict(model, await openAnnData(path), {}, { shared });
 * shared.dispose();
 * ```
 */
export async function createPredictEngine(
  options: Pick<PredictOptions, "numThreads" | "engine"> = {},
): Promise<PredictEngine> {
  const chosen = { numThreads: options.numThreads ?? "max", engine: options.engine };
  const engine = keptEngine(await createEngine(chosen));
  return { engine, dispose: () => engine.dispose() };
}

/** How a prediction runs. */
export interface PredictWork extends WorkOptions {
  /** Of {@link createPredictEngine}; `numThreads` and `engine` are then its own. */
  readonly shared?: PredictEngine | undefined;
}

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
  { shared, ...work }: PredictWork = {},
): Promise<PredictionResult> {
  requireModelAndData("predict", model, adata);
  // Loaded on first use: a page looks at its files before it predicts.
  const { predict: predictColumns } = await import("../predict/predict.ts");
  const engine =
    shared?.engine ??
    (await createEngine({ numThreads: options.numThreads ?? "max", engine: options.engine }));
  try {
    const query = keepSmallMatrices(adata);
    const predictions = await predictColumns(model.data, query, options, { ...work, engine });
    return new PredictionResult(predictions, [...filesOf(adata), ...model.files], options, engine.name);
  } finally {
    if (shared === undefined) engine.dispose();
  }
}
