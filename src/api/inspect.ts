/** What is in a dataset or a model, as data: for choosing options before training and prediction. @module */

import type { DatasetInspection } from "../anndata/inspect/inspect-dataset.ts";
import type { AnnData } from "../anndata/types.ts";
import { type PlainValue, toPlain } from "../core/config.ts";
import type { WorkOptions } from "../core/progress.ts";
import { normalizationOf } from "../model/normalization.ts";
import type { Warning } from "../model/types.ts";
import type { Normalization } from "../schema/training-options.ts";
import type { TrainedModel } from "./trained-model.ts";

/**
 * Looks at an open dataset: its matrices (a sample of rows), columns, genes, and which columns are labels.
 *
 * ```ts
 * const { labelColumns, matrices } = await inspectDataset(await openAnnData("reference.h5ad"));
 * ```
 * What cannot be read is listed with its `problem`.
 * @throws ABORTED by the signal.
 */
export async function inspectDataset(
  adata: AnnData,
  work: Pick<WorkOptions, "signal"> = {},
): Promise<DatasetInspection> {
  return (await import("../anndata/inspect/inspect-dataset.ts")).inspectDataset(adata, work);
}

export interface ModelInspection {
  /** Coarse to fine. */
  readonly labels: readonly { readonly column: string; readonly classes: readonly string[] }[];
  readonly nGenes: number;
  readonly normalize: Normalization;
  readonly inputTransform: string;
  readonly hiddenSizes: readonly number[];
  readonly dropoutRate: number;
  readonly coordinates: readonly {
    readonly name: string;
    readonly obsmKey: string;
    readonly dimensions: number;
  }[];
  /** The parents whose children have a module of their own; null without one. */
  readonly childCorrection: { readonly parents: readonly string[] | null } | null;
  readonly referenceStorage: string;
  /** False where the file of the reference is not there, which KNN correction needs. */
  readonly hasReference: boolean;
  /** The settings of training, by their names in the bundle. */
  readonly trainConfig: { readonly [key: string]: PlainValue | undefined };
  readonly warnings: readonly Warning[];
}

/**
 * What a model was trained on and how.
 *
 * ```ts
 * const { labels, nGenes } = await inspectModel(await TrainedModel.load("model/model.pth"));
 * ```
 */
export async function inspectModel(model: TrainedModel): Promise<ModelInspection> {
  const { data } = model;
  const parents: unknown = data.childCorrection?.config.get("hotspot_parents");
  return {
    labels: data.labelHeads.map(({ column, classes }) => ({ column, classes })),
    nGenes: data.trainGenes.length,
    normalize: normalizationOf(data),
    inputTransform: data.inputTransform,
    hiddenSizes: data.shape.hiddenSizes,
    dropoutRate: data.dropoutRate,
    coordinates: data.coordHeads.map(({ name, obsmKey, mean }) => ({
      name,
      obsmKey,
      dimensions: mean.length,
    })),
    childCorrection:
      data.childCorrection === null ? null : { parents: Array.isArray(parents) ? parents.map(String) : null },
    referenceStorage: data.referenceStorage,
    hasReference: await data.hasReference(),
    trainConfig: toPlain(data.trainConfig) as ModelInspection["trainConfig"],
    warnings: model.warnings,
  };
}
