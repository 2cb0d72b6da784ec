/** The best genes of the labels that a query's cells got, in the query beside the reference. @module */
import type { AnnData } from "../../anndata/types.ts";
import type { WorkOptions } from "../../core/progress.ts";
import { isAtlasmtlError, notice } from "../../errors.ts";
import type { Model } from "../../model/types.ts";
import { type CountedLabels, countLabels } from "../../predict/explain-query.ts";
import type { PredictSettings } from "../../predict/options.ts";
import type { Predictions, Warning } from "../../predict/types.ts";
import type { ReportGenes } from "./types.ts";

/** Of more labels those with most cells are drawn. */
const MAX_LABELS = 30;
/** Columns of one figure. */
const MAX_GENES = 60;
const GENES_OF_A_LABEL = 3;

/**
 * Reads the query once. Of each label the best genes that the query has; of a label without any, its best. No genes where the model tells none; a query whose matrix holds other values than counts or the
 * like of them, which prediction may be made to take, is a warning.
 */
export async function genesOfLabels(
  { labels }: Predictions,
  adata: AnnData,
  model: Model,
  settings: PredictSettings,
  work: WorkOptions,
): Promise<{ readonly genes: readonly ReportGenes[]; readonly warnings: readonly Warning[] }> {
  const has = model.labelGenes ? model.labelGenes.length > 0 : model.oneVsRest;
  if (!has) return { genes: [], warnings: [] };
  const finals = new Map(labels.map(({ column, final }) => [column, final]));
  try {
    const counted = await countLabels(model, adata, finals, settings, work);
    return { genes: counted.map(bestOf), warnings: [] };
  } catch (error) {
    if (!isAtlasmtlError(error) || (error.code !== "BAD_DATA" && error.code !== "MISMATCH")) throw error;
    const { where, message } = error;
    return { genes: [], warnings: [notice(`the genes of the labels are not shown: ${message}`, { where })] };
  }
}

function bestOf({ of, nCells, share }: CountedLabels): ReportGenes {
  const given = of.classes.flatMap(({ label, genes }, code) =>
    nCells[code] > 0 && genes.length > 0 ? [{ label, genes, code }] : [],
  );
  const most = [...given].sort((a, b) => nCells[b.code] - nCells[a.code]).slice(0, MAX_LABELS);
  const nGenes = Math.min(GENES_OF_A_LABEL, Math.floor(MAX_GENES / Math.max(1, most.length)));
  return {
    column: of.column,
    nLabels: given.length,
    labels: most.map(({ label, genes, code }) => {
      const there = genes.filter(({ gene }) => share(code, gene) !== null);
      return {
        label,
        nCells: nCells[code],
        genes: (there.length > 0 ? there : genes).slice(0, nGenes),
        share: (gene) => share(code, gene),
      };
    }),
  };
}
