/** Describes a dataset or a model, as data, to choose options of training and prediction. @module */

import type { DatasetInspection } from "../anndata/inspect/inspect-dataset.ts";
import type { AnnData } from "../anndata/types.ts";
import { type PlainValue, toPlain } from "../core/config.ts";
import type { WorkOptions } from "../core/progress.ts";
import { referenceMatrix, referenceText } from "../model/matrix-record.ts";
import { normalizationOf } from "../model/normalization.ts";
import type { Warning } from "../model/types.ts";
import { CHILD_CORRECTION } from "../schema/training.ts";
import type { Normalization } from "../schema/training-options.ts";
import type { TrainedModel } from "./trained-model.ts";

/**
 * Describes an open dataset: its matrices (from a sample of rows), columns and genes, and which columns are labels.
 *
 * ```ts
 * const { labelColumns, matrices } = await inspectDataset(await openAnnData("reference.h5ad"));
 * ```
 * An element that cannot be read is listed with its `problem`.
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
  /** What the reference's matrix looked like, such as `counts`; null in models that do not say. */
  readonly trainedOn: string | null;
  readonly hiddenSizes: readonly number[];
  readonly dropoutRate: number;
  readonly coordinates: readonly {
    readonly name: string;
    readonly obsmKey: string;
    readonly dimensions: number;
  }[];
  /** What the linear views see of a cell, in their order: `log`, `ranks`; empty for a model of a network alone. */
  readonly linearViews: readonly string[];
  /** The parents with a module for their children; null for a model without child correction. */
  readonly childCorrection: { readonly parents: readonly string[] | null } | null;
  readonly referenceStorage: string;
  /** False if the file of the KNN reference is missing. */
  readonly hasReference: boolean;
  /** The program that wrote the bundle, where its manifest says so; the Python original does not. */
  readonly writtenBy: string | null;
  /** Settings of training under the keys of the bundle. */
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
  const matrix = referenceMatrix(data);
  const parents: unknown = data.childCorrection?.config.get(CHILD_CORRECTION.hotspotParents);
  return {
    labels: data.labelHeads.map(({ column, classes }) => ({ column, classes })),
    nGenes: data.trainGenes.length,
    normalize: normalizationOf(data),
    inputTransform: data.inputTransform,
    trainedOn: matrix === null ? null : referenceText(matrix),
    hiddenSizes: data.shape.hiddenSizes,
    dropoutRate: data.dropoutRate,
    coordinates: data.coordHeads.map(({ name, obsmKey, mean }) => ({
      name,
      obsmKey,
      dimensions: mean.length,
    })),
    linearViews: data.linear?.views.map(({ input }) => input) ?? [],
    childCorrection:
      data.childCorrection === null ? null : { parents: Array.isArray(parents) ? parents.map(String) : null },
    referenceStorage: data.referenceStorage,
    hasReference: await data.hasReference(),
    writtenBy: model.writtenBy,
    trainConfig: toPlain(data.trainConfig) as ModelInspection["trainConfig"],
    warnings: model.warnings,
  };
}
