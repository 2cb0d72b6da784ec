/** `atlasmtl annotate`, and `predict` of several queries: a model for many samples. @module */
import { join } from "node:path";
import { option, phrase } from "../../api/errors.ts";
import { STUDY_FILES } from "../../api/formats.ts";
import type { CommandContext } from "../context.ts";
import { inputFiles } from "../options/input-files.ts";
import { refuseSwapped } from "../options/model-flags.ts";
import {
  ANNOTATE_FLAGS,
  type AnnotateFlags,
  DEFAULT_OUT_FORMAT,
  PREDICT_FLAGS,
  type PredictFlags,
} from "../options/options.ts";
import { required } from "../options/settings.ts";
import { annotateSamples, planSamples } from "../study/annotate-samples.ts";
import { estimateStudy } from "../study/estimate.ts";
import { isTrained, trainStudyModel } from "../study/study-model.ts";
import { usageError } from "../terminal/show-error.ts";
import { openPredictor, preloadContainer } from "./predict.ts";

/** Trains a model if it is needed, and annotates every sample. @throws BAD_DATA in the end if some failed. */
export async function runAnnotate(flags: AnnotateFlags, context: CommandContext): Promise<void> {
  const { query, outDir } = required(flags, ANNOTATE_FLAGS, "annotate", ["query", "outDir"]);
  if ((flags.reference === undefined) === (flags.model === undefined))
    throw usageError(
      phrase`a study needs ${option("reference")} or ${option("model")}, and one of them alone`,
      phrase`${option("reference")} and ${option("model")}`,
      phrase`give ${option("reference", "ATLAS.h5ad")} to train a model, or ${option("model", "MODEL.pth")} to use one`,
    );
  const trained = join(outDir, STUDY_FILES.model);
  const needsTraining = flags.reference !== undefined && !(await isTrained(flags, trained, context));
  if (flags.dryRun === true && needsTraining) {
    const study = {
      queries: await inputFiles(query),
      outDir,
      outFormat: flags.outFormat ?? DEFAULT_OUT_FORMAT,
    };
    await estimateStudy(planSamples(study), null, await inputFiles(flags.reference ?? []), context);
    return;
  }
  if (needsTraining) await trainStudyModel(flags, trained, context);
  const modelPath = flags.model ?? trained;
  await annotateStudy(modelPath, query, outDir, predictFlagsOf(flags), context);
}

/** Annotates several queries by one model. @throws BAD_DATA in the end if some failed. */
export async function runPredictMany(flags: PredictFlags, context: CommandContext): Promise<void> {
  const { model, adata, outDir } = required(flags, PREDICT_FLAGS, "predict", ["model", "adata", "outDir"]);
  for (const key of ["out", "inPlace", "shard", "split", "splitPart"] as const)
    if (flags[key] !== undefined)
      throw usageError(
        phrase`${option(key)} is of one query, and ${option("outDir")} of many`,
        phrase`${option(key)} and ${option("outDir")}`,
        "leave one of the two out",
      );
  await annotateStudy(model, adata, outDir, flags, context);
}

/** What the flags say about prediction. */
function predictFlagsOf(flags: AnnotateFlags): PredictFlags {
  const own = Object.entries(flags).filter(([key]) => key in PREDICT_FLAGS);
  return Object.fromEntries(own) as PredictFlags;
}

async function annotateStudy(
  modelPath: string,
  words: readonly string[],
  outDir: string,
  { report, ...flags }: PredictFlags,
  context: CommandContext,
): Promise<void> {
  const queries = await inputFiles(words);
  for (const query of queries) refuseSwapped({ model: modelPath, adata: query });
  const study = { queries, outDir, outFormat: flags.outFormat ?? DEFAULT_OUT_FORMAT };
  const samples = planSamples(study);
  preloadContainer(queries[0]);
  const predictor = await openPredictor(modelPath, flags, context);
  if (flags.dryRun === true) return estimateStudy(samples, predictor, [], context);
  await annotateSamples(study, samples, predictor, context, report ?? join(outDir, STUDY_FILES.report));
}
