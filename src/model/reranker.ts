/**
 * The reranker: a regression on child logits that chooses the child within the predicted parent again
 * (docs/specification/3-prediction.md#refinement).
 * @module
 */
import type { ForwardResult } from "../kernels/types.ts";
import { type LogisticRegression, logisticScorer } from "./logistic-regression.ts";

/** The regression of one parent's children. */
export interface ParentReranker {
  readonly parent: string;
  /** Its legal children that occur, sorted by code point; they are the features and the classes. */
  readonly children: readonly string[];
  /** Null for a parent with one child. */
  readonly regression: LogisticRegression | null;
  /** Number of cells that it was fitted on. */
  readonly nCells: number;
}

/** The content of a refinement's artifact. */
export interface Reranker {
  readonly parentLevel: string;
  readonly childLevel: string;
  /** Classes of the child head of the model that it was fitted with. */
  readonly childClasses: readonly string[];
  readonly childToParent: ReadonlyMap<string, string>;
  readonly parents: readonly ParentReranker[];
}

/** A reranker with the class indices of a model. */
export interface BoundReranker {
  readonly parentHead: number;
  readonly childHead: number;
  /** By the class index of the parent. */
  readonly parents: ReadonlyMap<
    number,
    { readonly childIndices: readonly number[]; readonly regression: LogisticRegression | null }
  >;
}

/** Translates the names of a reranker to class indices of a model whose heads and child classes agree. */
export function bindReranker(
  reranker: Reranker,
  heads: readonly { readonly column: string; readonly classes: readonly string[] }[],
): BoundReranker {
  const parentHead = heads.findIndex(({ column }) => column === reranker.parentLevel);
  const childHead = heads.findIndex(({ column }) => column === reranker.childLevel);
  const { classes: parentClasses } = heads[parentHead];
  const { classes: childClasses } = heads[childHead];
  return {
    parentHead,
    childHead,
    parents: new Map(
      reranker.parents.map(({ parent, children, regression }) => [
        parentClasses.indexOf(parent),
        { childIndices: children.map((child) => childClasses.indexOf(child)), regression },
      ]),
    ),
  };
}

/**
 * Replaces the child logits of a block, in place, for cells whose most likely parent has a reranker; returns
 * the number of these cells.
 *
 * The new logits are the scores of the parent's children times `temperature`, which later steps divide by,
 * and −∞ for all other children.
 */
export function applyReranker(reranker: BoundReranker, block: ForwardResult, temperature: number): number {
  if (block.nRows === 0) return 0;
  const parents = block.logits[reranker.parentHead];
  const children = block.logits[reranker.childHead];
  const nParents = parents.length / block.nRows;
  const nChildren = children.length / block.nRows;
  let changed = 0;
  for (let r = 0; r < block.nRows; r++) {
    let best = 0;
    for (let p = 1; p < nParents; p++) if (parents[r * nParents + p] > parents[r * nParents + best]) best = p;
    const chosen = reranker.parents.get(best);
    if (chosen === undefined) continue;
    const row = children.subarray(r * nChildren, (r + 1) * nChildren);
    const { childIndices, regression } = chosen;
    const scores = new Float64Array(childIndices.length);
    if (regression !== null) {
      const values = Float64Array.from(childIndices, (child) => row[child]);
      logisticScorer(regression, { nRows: 1, nCols: values.length, values })(0, scores);
    }
    row.fill(Number.NEGATIVE_INFINITY);
    childIndices.forEach((child, s) => {
      row[child] = scores[s] * temperature;
    });
    changed++;
  }
  return changed;
}
