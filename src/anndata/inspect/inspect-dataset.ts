/** What is in an open dataset, for choosing the options of training and prediction. @module */
import type { WorkOptions } from "../../core/progress.ts";
import { isPredictionColumn } from "../../schema/columns.ts";
import { judgeMatrix } from "../judgement/judge-matrix.ts";
import type { MatrixJudgement } from "../judgement/types.ts";
import { columnLabels } from "../read/column-values.ts";
import { countCells } from "../read/missing-values.ts";
import type { AnnData, Notice } from "../types.ts";
import { repeatedCellNames } from "./cell-names.ts";
import {
  type AnnDataSummary,
  type ColumnSummary,
  describeAnnData,
  type MatrixSummary,
  type UnreadableSummary,
} from "./describe.ts";
import { type GeneSummary, inspectGenes } from "./inspect-genes.ts";
import { type ColumnRole, isReadable, labelChain, roleOf } from "./inspect-labels.ts";
import { labelNotices } from "./label-names.ts";

/** A matrix with what its values look like; `problem` when they cannot be read. */
export type InspectedMatrix =
  | (MatrixSummary & { readonly look: MatrixJudgement | null; readonly problem: string | null })
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
  /** What each column of obs looks good for. */
  readonly roles: ReadonlyMap<string, ColumnRole>;
  readonly notices: readonly Notice[];
}

/**
 * Looks at matrices (a sample of rows), columns and genes. What cannot be read is listed with its `problem`.
 * @throws ABORTED by the signal.
 */
export async function inspectDataset(
  adata: AnnData,
  { signal }: Pick<WorkOptions, "signal"> = {},
): Promise<DatasetInspection> {
  const summary = await describeAnnData(adata);
  const matrices: InspectedMatrix[] = [];
  for (const matrix of summary.matrices) matrices.push(await inspectValues(adata, matrix, signal));
  const roles = new Map(summary.obs.map((column) => [column.name, roleOf(column, summary.nObs)] as const));
  return {
    ...summary,
    matrices,
    genes: await inspectNames(adata, summary),
    container: adata.stored?.format ?? "h5ad",
    labelColumns: await labelChain(summary, adata.obs),
    groupColumns: [...roles].flatMap(([name, role]) => (role === "group" ? [name] : [])),
    roles,
    notices: [...(adata.notices ?? []), ...(adata.notes ?? []), ...(await noticesOfCells(adata, roles))],
  };
}

async function noticesOfCells(adata: AnnData, roles: ReadonlyMap<string, ColumnRole>): Promise<Notice[]> {
  const repeated = repeatedCellNames(adata.obs.index);
  const notices: Notice[] = repeated === null ? [] : [repeated];
  for (const [name, role] of roles)
    if (role === "label" && !isPredictionColumn(name))
      notices.push(...labelNotices(name, countCells(columnLabels(await adata.obs.column(name)))));
  return notices;
}

async function inspectValues(
  adata: AnnData,
  summary: MatrixSummary | UnreadableSummary,
  signal: AbortSignal | undefined,
): Promise<InspectedMatrix> {
  if ("problem" in summary) return summary;
  try {
    return { ...summary, look: await judgeMatrix(await adata.matrix(summary.name), signal), problem: null };
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
