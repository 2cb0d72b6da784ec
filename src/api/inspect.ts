/** What is in a dataset or a model, as data: for choosing options before training and prediction. @module */
import {
  type AnnDataSummary,
  type ColumnSummary,
  describeAnnData,
  type MatrixSummary,
  type UnreadableSummary,
} from "../anndata/inspect/describe.ts";
import { type GeneSummary, inspectGenes } from "../anndata/inspect/inspect-genes.ts";
import { isReadable, labelChain, roleOf } from "../anndata/inspect/inspect-labels.ts";
import { inspectMatrix, type MatrixCharacter } from "../anndata/inspect/inspect-matrix.ts";
import type { AnnData, Notice } from "../anndata/types.ts";
import { type PlainValue, toPlain } from "../core/config.ts";
import type { Normalization } from "../core/normalize.ts";
import type { WorkOptions } from "../core/progress.ts";
import { normalizationOf } from "../model/normalization.ts";
import type { Warning } from "../model/types.ts";
import type { TrainedModel } from "./trained-model.ts";

export type {
  ClassCount,
  ColumnSummary,
  MatrixSummary,
  UnreadableSummary,
} from "../anndata/inspect/describe.ts";
export type { GeneSummary } from "../anndata/inspect/inspect-genes.ts";
export { type ColumnRole, isReadable, roleOf } from "../anndata/inspect/inspect-labels.ts";
export type { MatrixCharacter, MatrixKind } from "../anndata/inspect/inspect-matrix.ts";
export type { ElementSummary } from "../anndata/types.ts";

/** A matrix with what its values look like; `problem` when they cannot be read. */
export type InspectedMatrix =
  | (MatrixSummary & { readonly look: MatrixCharacter | null; readonly problem: string | null })
  | UnreadableSummary;

export interface InspectedGenes extends GeneSummary {
  readonly names: readonly string[];
  /** Columns of var that hold names of another kind. */
  readonly alternatives: readonly { readonly column: string; readonly namespace: string }[];
}

export interface DatasetInspection extends Omit<AnnDataSummary, "matrices"> {
  readonly matrices: readonly InspectedMatrix[];
  readonly genes: InspectedGenes;
  /** What it is stored in, such as `h5ad`. */
  readonly container: string;
  /** Columns of obs that look like labels to learn, coarse to fine. */
  readonly labelColumns: readonly string[];
  /** Columns of obs that tell donors, batches or conditions apart. */
  readonly groupColumns: readonly string[];
  readonly notices: readonly Notice[];
}

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
  { signal }: Pick<WorkOptions, "signal"> = {},
): Promise<DatasetInspection> {
  const summary = await describeAnnData(adata);
  const matrices: InspectedMatrix[] = [];
  for (const matrix of summary.matrices) matrices.push(await inspectValues(adata, matrix, signal));
  return {
    ...summary,
    matrices,
    genes: await inspectNames(adata, summary),
    container: adata.stored?.format ?? "h5ad",
    labelColumns: await labelChain(summary, adata.obs),
    groupColumns: summary.obs
      .filter((column) => roleOf(column, summary.nObs) === "group")
      .map(({ name }) => name),
    notices: adata.notices ?? [],
  };
}

async function inspectValues(
  adata: AnnData,
  summary: MatrixSummary | UnreadableSummary,
  signal: AbortSignal | undefined,
): Promise<InspectedMatrix> {
  if ("problem" in summary) return summary;
  try {
    return { ...summary, look: await inspectMatrix(await adata.matrix(summary.name), signal), problem: null };
  } catch (error) {
    if (signal?.aborted) throw error;
    return { ...summary, look: null, problem: (error as Error).message };
  }
}

async function inspectNames(adata: AnnData, { var: columns }: AnnDataSummary): Promise<InspectedGenes> {
  const names = await adata.varNames().catch(() => []);
  const look = inspectGenes(names);
  const alternatives: { column: string; namespace: string }[] = [];
  for (const column of columns) {
    if (!isNaming(column, names.length)) continue;
    const stored = await adata.var.column(column.name);
    const values =
      stored.kind === "categorical" ? stored.categories : stored.kind === "string" ? stored.values : [];
    const { namespace } = inspectGenes(values.filter((value) => value !== null));
    if (namespace !== "unknown" && namespace !== look.namespace)
      alternatives.push({ column: column.name, namespace });
  }
  return { ...look, names, alternatives };
}

/** True for text that differs from gene to gene. */
function isNaming(column: ColumnSummary | UnreadableSummary, nGenes: number): boolean {
  if (!isReadable(column) || (column.kind !== "string" && column.kind !== "categorical")) return false;
  return (column.nClasses ?? 0) * 2 >= nGenes;
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
