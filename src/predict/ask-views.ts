/** Asks a sample of a query whether the views of a model doubt its network. @module */
import { throwIfAborted, type WorkOptions } from "../core/progress.ts";
import type { Engine } from "../kernels/types.ts";
import { applyChildCorrection } from "../model/child-correction.ts";
import { shareOfMeasured } from "../model/components/gene-shares.ts";
import { isDoubted, networkDisagreements } from "../model/linear/network-doubt.ts";
import type { LinearViews } from "../model/linear/types.ts";
import { createViewScorer, scoreViews } from "../model/linear/view-scores.ts";
import type { Model } from "../model/types.ts";
import { measuredGenes } from "./measured-genes.ts";
import { keepClasses } from "./narrow-model.ts";
import type { QueryRows, SampledRows } from "./query-rows.ts";
import type { ScoredValues } from "./view-blocks.ts";

/**
 * By label column whether the network of `model` is doubted, and what the views say of the sample. `linear` are its views; the cells of `sample` were placed on its
 * components of counts; `kept` is as `modelForCall` gives it.
 */
export async function doubtedColumns(
  model: Model,
  linear: LinearViews,
  kept: readonly Int32Array[] | null,
  { genes, given }: Pick<QueryRows, "genes" | "given">,
  sample: readonly SampledRows[],
  { engine, signal }: { readonly engine: Engine } & Pick<WorkOptions, "signal">,
): Promise<{ readonly isDoubted: readonly boolean[]; readonly scored: ScoredValues }> {
  const measured = measuredGenes(genes);
  const share = linear.values === "log1p_cp10k" ? shareOfMeasured(linear.geneShares, measured) : 1;
  const scorers = linear.views.map((view) => createViewScorer(view, measured));
  // The cells were placed on the components, so that these are counts unless they were said to be normalised.
  const values = given === "normalised" ? "as_they_are" : "log1p_cp10k";
  const inference = await engine.createInference(model.shape, model.weights);
  const sums = model.labelHeads.map(() => 0);
  const blocks: Float32Array[][] = [];
  let nCells = 0;
  try {
    for (const rows of sample) {
      throwIfAborted(signal);
      const { nRows } = rows.values;
      const result = await inference.run(rows.network());
      if (model.childCorrection !== null) applyChildCorrection(model.childCorrection, result);
      const logits =
        kept === null ? result.logits : result.logits.map((own, h) => keepClasses(own, nRows, kept[h]));
      const scores = scoreViews({ ...linear, values }, scorers, rows.values, share);
      networkDisagreements(logits, scores, linear).forEach((own, j) => {
        sums[j] += own * nRows;
      });
      blocks.push(scores);
      nCells += nRows;
    }
  } finally {
    inference.dispose();
  }
  const means = sums.map((sum) => sum / nCells);
  return { isDoubted: isDoubted(means, nCells, linear.ladder), scored: { values, blocks } };
}
