/** Which genes drive the labels, as a caller sees it. @module */
import type { AnnData } from "../anndata/types.ts";
import type { WorkOptions } from "../core/progress.ts";
import { AtlasmtlError } from "../errors.ts";
import type { LabelGenes } from "../model/genes/types.ts";
import { labelGenesCsv as toCsv } from "../output/label-genes-csv.ts";
import type { QueryLabelGenes } from "../predict/explain-query.ts";
import { type PredictOptions, resolvePredictOptions } from "../predict/options.ts";
import type { PredictedLabels } from "../predict/types.ts";
import { columnName } from "../schema/columns.ts";
import { requireModel, requireModelAndData } from "./call-checks.ts";
import { PredictionResult } from "./prediction-result.ts";
import type { TrainedModel } from "./trained-model.ts";

/**
 * The genes that drive each label of a model, the best first, with the shares of reference cells that express them
 * (docs/specification/2-training.md#genes-of-the-labels).
 *
 * ```ts
 * for (const { label, genes } of (await explainModel(model))[0].classes)
 *   console.log(label, genes.slice(0, 3).map(({ gene }) => gene));
 * ```
 * @throws NOT_FOUND for a model that was saved without them, by an earlier version or the Python original.
 */
export async function explainModel(model: TrainedModel): Promise<readonly LabelGenes[]> {
  requireModel("explainModel", model);
  return (await import("../predict/explain-query.ts")).labelGenesOf(model.data);
}

/** How the query is read, as for prediction, and which labels count. */
export interface ExplainOptions extends PredictOptions {
  /** Label columns of the model; default: those that are predicted. */
  readonly labelColumns?: readonly string[];
}

/**
 * The same genes with the shares of query cells that express them, among the cells that got each label, counted in one
 * pass over the query (docs/specification/3-prediction.md#genes-of-the-labels).
 *
 * ```ts
 * const result = await predict(model, query);
 * const [column] = await explainQuery(model, query, result);
 * for (const { label, genes } of column.classes)
 *   console.log(label, genes[0]?.gene, genes[0]?.queryExpressing, genes[0]?.expressing);
 * ```
 * `predicted` is the result of prediction, whose final labels count; the path of a result or table of any write mode,
 * with the same cells in the same order; or labels by label column.
 * @throws NOT_FOUND like {@link explainModel}; MISMATCH for labels of other cells, a label column that the model lacks, and
 * a query without any of its genes; BAD_DATA for a matrix with negative values; ABORTED by the signal.
 */
export async function explainQuery(
  model: TrainedModel,
  adata: AnnData,
  predicted: PredictionResult | string | ReadonlyMap<string, PredictedLabels>,
  { labelColumns, ...options }: ExplainOptions = {},
  work: WorkOptions = {},
): Promise<readonly QueryLabelGenes[]> {
  requireModelAndData("explainQuery", model, adata);
  const { explainQuery: explain } = await import("../predict/explain-query.ts");
  const labels = await labelsOf(model, adata, predicted, labelColumns);
  return explain(model.data, adata, labels, resolvePredictOptions(options, model.data), work);
}

async function labelsOf(
  model: TrainedModel,
  adata: AnnData,
  predicted: PredictionResult | string | ReadonlyMap<string, PredictedLabels>,
  chosen: readonly string[] | undefined,
): Promise<ReadonlyMap<string, PredictedLabels>> {
  if (predicted instanceof PredictionResult)
    return pick(new Map(predicted.data.labels.map(({ column, final }) => [column, final])), chosen);
  if (typeof predicted !== "string") return pick(predicted, chosen);
  const { openCellTable, readPredictions } = await import("../output/read-predictions.ts");
  const table = await openCellTable(predicted);
  const names = adata.obs.index;
  const other = table.obsNames.findIndex((name, i) => name !== names[i]);
  if (other >= 0 || table.obsNames.length !== names.length)
    throw new AtlasmtlError(
      "MISMATCH",
      other < 0
        ? `there are predictions of ${table.obsNames.length} cells; the query has ${names.length}`
        : `row ${other} is of the cell ${JSON.stringify(table.obsNames[other])}; in the query it is ${JSON.stringify(names[other])}`,
      { where: predicted, hint: "give the predictions of this query, with all its cells in their order" },
    );
  const columns =
    chosen ??
    model.data.labelHeads.flatMap(({ column }) =>
      table.columns.includes(columnName("final", column)) ? [column] : [],
    );
  if (columns.length === 0)
    throw new AtlasmtlError("MISMATCH", "there is no prediction of any label column of the model", {
      where: predicted,
      hint: `expected is ${model.data.labelHeads.map(({ column }) => columnName("final", column)).join(" or ")}`,
    });
  return new Map((await readPredictions(table, columns)).map(({ column, final }) => [column, final]));
}

/** Only these label columns. */
function pick(
  labels: ReadonlyMap<string, PredictedLabels>,
  columns: readonly string[] | undefined,
): ReadonlyMap<string, PredictedLabels> {
  if (columns === undefined) return labels;
  const missing = columns.find((column) => !labels.has(column));
  if (missing === undefined) return new Map([...labels].filter(([column]) => columns.includes(column)));
  throw new AtlasmtlError("MISMATCH", `there are no labels of ${JSON.stringify(missing)}`, {
    hint: `the labels are of ${[...labels.keys()].join(", ")}`,
  });
}

/**
 * The genes as UTF-8 CSV, a row for each gene, the best of a label first (docs/outputs.md). Those of a query have two
 * columns more.
 */
export function labelGenesCsv(columns: readonly (LabelGenes | QueryLabelGenes)[]): Uint8Array {
  return toCsv(columns);
}
