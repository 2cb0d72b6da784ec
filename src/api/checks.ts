/**
 * Quick checks to make before long work. Each throws the error that the work itself would throw later.
 * @module
 */
import { platform } from "#platform";
import { writtenContainer } from "../anndata/containers/containers.ts";
import type { AnnData } from "../anndata/types.ts";
import { writtenPart } from "../anndata/write/without-matrices.ts";
import { checkDatasetOutput } from "../anndata/write/write-annotated.ts";
import { usageError } from "../core/option-checks.ts";
import { option, phrase } from "../errors.ts";

export { refuseOverwriting } from "../core/overwriting.ts";

import type { TrainOptions } from "../model/options.ts";
import { resolveTrainOptions } from "../model/resolve-options.ts";
import { additionNames, type ToAnnDataOptions } from "../output/to-anndata.ts";
import { type PredictOptions, resolvePredictOptions } from "../predict/options.ts";
import { planSets } from "../predict/prediction-sets.ts";
import { type PreprocessOptions, resolvePreprocessOptions } from "../preprocess/options.ts";
import type { TrainedModel } from "./trained-model.ts";

/**
 * Checks that a file of about `sizeBytes` can be written to `path` (Node), or a dataset folder if it ends in `.zarr`.
 * @throws USAGE or IO saying what is in the way.
 */
export async function checkOutput(path: string, sizeBytes = 0): Promise<void> {
  await platform.files.checkWritable(path, sizeBytes, writtenContainer(path)?.isFolderOf);
}

/**
 * Checks that options of training are known and in their ranges; `adapts` for a model that adapts to queries afterwards.
 * @throws USAGE.
 */
export function checkTrainOptions(
  options: TrainOptions,
  { adapts = false }: { readonly adapts?: boolean } = {},
): void {
  const { linearViews } = resolveTrainOptions(options).options;
  if (adapts && !linearViews)
    throw usageError(
      "the model would have no linear views, which are what adapts to a query",
      phrase`leave out the options and the preset that turn ${option("linearViews")} off, or do not adapt`,
    );
}

/**
 * Checks that a dataset has the labels, coordinates, genes and matrix that training with `options` reads. The values
 * of the matrix are not read.
 *
 * ```ts
 * await checkTraining(adata, { labelColumns: ["cell_type"] }); // before a form lets its user go on
 * ```
 * @throws USAGE as {@link checkTrainOptions}; NOT_FOUND for a column, key or layer that is not there; BAD_DATA for
 * data that cannot be trained on, such as missing labels; MISMATCH.
 */
export async function checkTraining(adata: AnnData, options: TrainOptions): Promise<void> {
  const { options: chosen } = resolveTrainOptions(options);
  // Loaded on first use, as training is.
  const { checkTrainInput } = await import("../model/input.ts");
  await checkTrainInput(adata, chosen);
}

/** Checks that options of preprocessing are known and in their ranges. @throws USAGE. */
export function checkPreprocessOptions(options: PreprocessOptions): void {
  resolvePreprocessOptions(options);
}

/**
 * Checks that a model can predict with `options`.
 * @throws USAGE for an unknown option or a value out of its range; MISMATCH for prediction sets that the model has no
 * thresholds for.
 */
export function checkPredictOptions(model: TrainedModel, options: PredictOptions): void {
  const { predictionSets } = resolvePredictOptions(options, model.data);
  if (predictionSets !== null) planSets(model.data, predictionSets);
}

/**
 * Checks that the model keeps the reference columns that `transfer` names; the reference is read.
 * @throws NOT_FOUND for a column that it does not keep, or for the reference.
 */
export async function checkTransfer(
  model: TrainedModel,
  { transfer }: Pick<PredictOptions, "transfer">,
): Promise<void> {
  if ((transfer ?? null) === null) return;
  // Loaded on first use, as prediction is.
  const { requireColumns } = await import("../predict/transfer.ts");
  requireColumns(await model.data.reference(), transfer!);
}

/** Which columns are added to a dataset, with which options they were predicted, and where they are written. */
export interface AnnotationOptions
  extends ToAnnDataOptions,
    Pick<
      PredictOptions,
      | "predictionSets"
      | "unknown"
      | "opensetMethod"
      | "deepestLabel"
      | "probabilities"
      | "consensusBy"
      | "transfer"
      | "matchMode"
    > {
  /** Where the annotated dataset is to be written (Node), as {@link checkDataset}. */
  readonly path?: string | undefined;
}

/**
 * Checks that the columns of a prediction by `model` can be added to a dataset: that no two have the same name and that
 * the file can hold each name.
 * @throws USAGE for a name that cannot be used; UNSUPPORTED for a layout that takes no additions; with a path as
 * {@link checkDataset}.
 */
export async function checkAnnotation(
  model: TrainedModel,
  adata: AnnData,
  {
    path,
    predictionSets,
    unknown,
    opensetMethod,
    deepestLabel,
    consensusBy,
    transfer,
    matchMode,
    ...options
  }: AnnotationOptions = {},
): Promise<void> {
  const distance =
    unknown === "distance" ||
    ((unknown ?? null) === null && (opensetMethod ?? null) === null && (model.data.space ?? null) !== null);
  const consensus = (consensusBy ?? null) !== null;
  const predicted = {
    predictionSets: typeof predictionSets === "number",
    distance,
    deepestLabel,
    consensus,
    transfer: transfer ?? [],
    probMatch: matchMode === "prob_match",
  };
  const names = additionNames(model.data, adata, { ...options, ...predicted });
  if (path !== undefined) return checkDatasetOutput(writtenPart(adata, options), path, names, options);
  await (await import("../anndata/write/append.ts")).checkAnnotatable(adata, names);
}

/**
 * Checks that a dataset can be written with additions to `path` (Node), which ends in `.h5ad` or `.zarr`; to its own path
 * with `inPlace` only.
 * @throws USAGE for another ending and for the dataset itself; UNSUPPORTED for stored values that cannot be carried over; IO.
 */
export async function checkDataset(
  adata: AnnData,
  path: string,
  options: { readonly inPlace?: boolean | undefined } = {},
): Promise<void> {
  await checkDatasetOutput(adata, path, null, options);
}
