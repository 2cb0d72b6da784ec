/** What a model sees of a sample of a query, which its linear views adapt to. @module */
import type { DenseMatrix } from "../core/dense.ts";
import { createPauser } from "../core/progress.ts";
import type { Inference } from "../kernels/types.ts";
import { applyChildCorrection } from "../model/child-correction.ts";
import { shareOfMeasured } from "../model/components/gene-shares.ts";
import { createProjection, projectRows } from "../model/components/projection.ts";
import { queryDistances } from "../model/components/query-distances.ts";
import type { CellsToAdaptTo } from "../model/linear/adapt-views.ts";
import type { LinearViews } from "../model/linear/types.ts";
import { createViewScorer, scoreViews } from "../model/linear/view-scores.ts";
import { viewValues } from "../model/linear/view-values.ts";
import type { Model } from "../model/types.ts";
import { measuredGenes } from "./measured-genes.ts";
import { createQueryComponents } from "./query-components.ts";
import type { QueryRows, SampledRows } from "./query-rows.ts";
import { valuesForViews } from "./view-blocks.ts";

/** Cells that so many held-out cells of the reference are nearer than are unlike it. */
const LIKE_SHARE = 0.95;

/**
 * Scores the blocks of `sample` by network and views, and places them on the components of the views. `where` names the
 * matrix in messages.
 * @throws BAD_DATA for values that no view can use.
 */
export async function seeCells(
  model: Model,
  linear: LinearViews,
  { genes, given }: Pick<QueryRows, "genes" | "given">,
  sample: readonly SampledRows[],
  inference: Inference,
  where: string,
  signal?: AbortSignal,
): Promise<CellsToAdaptTo> {
  const nRows = sample.reduce((sum, { values }) => sum + values.nRows, 0);
  const measured = measuredGenes(genes);
  const share = linear.values === "log1p_cp10k" ? shareOfMeasured(linear.geneShares, measured) : 1;
  const scorers = linear.views.map((view) => createViewScorer(view, measured));
  const projections = linear.views.map(({ components, scaling }) =>
    createProjection(components, scaling, measured),
  );
  const components = linear.views.map(({ components: { nComponents } }) => matrix(nRows, nComponents));
  const nClasses = linear.views[0].heads.map(({ intercepts }) => intercepts.length);
  const nOutputs = nClasses.reduce((sum, n) => sum + n, 0);
  const logits = nClasses.map((n) => new Float32Array(nRows * n));
  const scores = linear.views.map(() => new Float32Array(nRows * nOutputs));
  const filled = sample.find(({ values }) => values.indices.length > 0);
  const values = filled === undefined ? linear.values : valuesForViews(linear, filled.values, given, where);
  let first = 0;
  const pause = createPauser(signal);
  for (const rows of sample) {
    await pause();
    const result = await inference.run(rows.network());
    if (model.childCorrection !== null) applyChildCorrection(model.childCorrection, result);
    result.logits.forEach((own, j) => {
      logits[j].set(own, first * nClasses[j]);
    });
    scoreViews({ ...linear, values }, scorers, rows.values, share).forEach((own, v) => {
      scores[v].set(own, first * nOutputs);
    });
    linear.views.forEach(({ input, scaling }, v) => {
      projectRows(
        viewValues(rows.values, input, values, share),
        scaling,
        projections[v],
        components[v],
        first,
      );
    });
    first += rows.values.nRows;
  }
  return {
    nRows,
    logits,
    scores,
    components,
    isUnlike: await unlikeCells(model, { genes, given }, sample, nRows, signal),
  };
}

/** 1 for the cells that are unlike the reference, by its finest labels; none where distances are not known. */
async function unlikeCells(
  { space }: Model,
  { genes, given }: Pick<QueryRows, "genes" | "given">,
  sample: readonly SampledRows[],
  nRows: number,
  signal: AbortSignal | undefined,
): Promise<Uint8Array> {
  const isUnlike = new Uint8Array(nRows);
  if (!space) return isUnlike;
  const cells = createQueryComponents(space, genes, nRows, given);
  let first = 0;
  for (const { values } of sample) {
    cells.add(values, first);
    first += values.nRows;
  }
  const placed = cells.finish();
  const finest = placed && (await queryDistances(placed.scores, space, "common", signal)).columns.at(-1);
  finest?.percentiles.forEach((share, row) => {
    if (share >= LIKE_SHARE) isUnlike[row] = 1;
  });
  return isUnlike;
}

const matrix = (nRows: number, nCols: number): DenseMatrix => ({
  nRows,
  nCols,
  data: new Float32Array(nRows * nCols),
});

/** The cells of several queries, one after another. */
export function joinCells(parts: readonly CellsToAdaptTo[]): CellsToAdaptTo {
  const [first] = parts;
  if (parts.length === 1) return first;
  const join = (pick: (part: CellsToAdaptTo) => Float32Array): Float32Array => {
    const all = new Float32Array(parts.reduce((sum, part) => sum + pick(part).length, 0));
    let at = 0;
    for (const part of parts) {
      all.set(pick(part), at);
      at += pick(part).length;
    }
    return all;
  };
  const nRows = parts.reduce((sum, part) => sum + part.nRows, 0);
  return {
    nRows,
    logits: first.logits.map((_, j) => join(({ logits }) => logits[j])),
    scores: first.scores.map((_, v) => join(({ scores }) => scores[v])),
    components: first.components.map(({ nCols }, v) => ({
      nRows,
      nCols,
      data: join(({ components }) => components[v].data),
    })),
    isUnlike: Uint8Array.from(parts.flatMap(({ isUnlike }) => [...isUnlike])),
  };
}
