/** Adaptation of a trained model as a caller sees it. @module */
import type { AnnData } from "../anndata/types.ts";
import type { WorkOptions } from "../core/progress.ts";
import { AtlasmtlError } from "../errors.ts";
import { createEngine } from "../kernels/engine.ts";
import { type PredictOptions, resolvePredictOptions } from "../predict/options.ts";
import { TRAIN_CONFIG } from "../schema/training.ts";
import { requireModelAndData } from "./call-checks.ts";
import { TrainedModel } from "./trained-model.ts";

/**
 * A model whose linear views learnt from the cells of all `queries` together that it is surest of, such as all samples
 * of a study of another laboratory (docs/specification/3-prediction.md#adaptation). `options` are those of prediction
 * that say how the queries are read.
 *
 * ```ts
 * const adapted = await adaptModel(model, [await openAnnData("sample1.h5ad"), await openAnnData("sample2.h5ad")]);
 * await adapted.save("model/adapted.pth");
 * ```
 * The model is as it was, with a warning, if the queries say too little.
 * @throws USAGE for no query; MISMATCH for a model without linear views; like `predict`; ABORTED by the signal.
 */
export async function adaptModel(
  model: TrainedModel,
  queries: readonly AnnData[],
  options: PredictOptions = {},
  work: WorkOptions = {},
): Promise<TrainedModel> {
  if (!Array.isArray(queries) || queries.length === 0)
    throw new AtlasmtlError("USAGE", "adaptModel got no query, expected a list of open datasets", {
      hint: "open them first: adaptModel(model, [await openAnnData(path)])",
    });
  for (const adata of queries) requireModelAndData("adaptModel", model, adata);
  const settings = resolvePredictOptions(options, model.data);
  const [{ adaptToQueries }, { adaptationConfig }] = await Promise.all([
    import("../predict/adapt-to-queries.ts"),
    import("../predict/result-metadata.ts"),
  ]);
  const engine = await createEngine({ numThreads: options.numThreads ?? "max", engine: options.engine });
  try {
    const found = await adaptToQueries(model.data, queries, settings, { ...work, engine });
    const { model: adapted, adaptation, notes, warnings, ofQueries } = found;
    const trainConfig = new Map(adapted.trainConfig);
    if (adaptation !== null) trainConfig.set(TRAIN_CONFIG.adaptation, adaptationConfig(adaptation));
    return new TrainedModel(
      { ...adapted, trainConfig },
      [...model.warnings, ...ofQueries.warnings, ...warnings],
      model.seeds,
      model.files,
      model.isVerified,
      [...model.notes, ...ofQueries.notes, ...notes],
      model.writtenBy,
      model.engine,
    );
  } finally {
    engine.dispose();
  }
}
