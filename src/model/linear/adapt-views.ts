/**
 * Adapts the linear views of a model to unlabelled cells of a query (docs/specification/3-prediction.md#adaptation).
 *
 * The views learn from labels that the whole model is surest of (self-training, Yarowsky 1995). A penalty draws each view
 * to what it was, so that no cell of the reference is needed.
 * @module
 */
import type { DenseMatrix } from "../../core/dense.ts";
import { nextTurn, throwIfAborted } from "../../core/progress.ts";
import { fitLogisticRegression } from "../logistic-regression.ts";
import { halfWayWeights } from "./half-way-weights.ts";
import type { LinearView, LinearViews, ViewHead } from "./types.ts";
import { averageProbabilities } from "./view-scores.ts";

/** The share of the cells of each predicted class, the surest, that become examples (decision record 21). */
const SHARE = 0.4;
const ROUNDS = 2;
/** Factor of the L2 penalty on the change of a view, beside the sum over the cells; intercepts are nearly free. */
const PENALTY = 1000;
const INTERCEPT_PENALTY = 10;
const MAX_ITERATIONS = 60;
/** Per cell. */
const TOLERANCE = 1e-5;
/** Fewer examples than this say too little. */
const LEAST_EXAMPLES = 20;

/** Cells of a query, as the model sees them. */
export interface CellsToAdaptTo {
  readonly nRows: number;
  /** The network's logits, `[nRows, classes]` for each label column. */
  readonly logits: readonly Float32Array[];
  /** Scores of each view, `[nRows, classes of all label columns]`. */
  readonly scores: readonly Float32Array[];
  /** For each view the scores of the cells on its components. */
  readonly components: readonly DenseMatrix[];
  /** 1 for cells that are unlike the reference, which never become examples, so that new types stay new. */
  readonly isUnlike: Uint8Array;
}

/** Views that learnt from cells of a query. */
export interface AdaptedViews {
  readonly linear: LinearViews;
  /** Cells that the views learnt from in the last round, by label column in order. */
  readonly nExamples: readonly number[];
}

/**
 * The views after two rounds; null if too few cells of at least two classes are sure enough in every label column.
 * @throws ABORTED by the signal.
 */
export async function adaptViews(
  linear: LinearViews,
  cells: CellsToAdaptTo,
  signal?: AbortSignal | undefined,
): Promise<AdaptedViews | null> {
  const nClasses = linear.views[0].heads.map(({ intercepts }) => intercepts.length);
  let changed: readonly (readonly ViewChange[])[] = [];
  let nExamples: readonly number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const logits = cells.logits.map((own) => own.slice());
    averageProbabilities(logits, changedScores(linear, cells, changed), linear);
    const examples = logits.map((own, j) => surestCells(own, nClasses[j], cells.isUnlike));
    nExamples = examples.map((own) => own?.rows.length ?? 0);
    if (nExamples.every((n) => n === 0)) return null;
    changed = await Promise.all(
      linear.views.map((_, v) =>
        learnChanges(v, cells, examples, nClasses, async () => {
          throwIfAborted(signal);
          await nextTurn();
        }),
      ),
    );
  }
  const views = linear.views.map((view, v) => changedView(view, changed[v]));
  return { linear: { ...linear, views }, nExamples };
}

/** What is added to a view's weights of components and intercepts in one label column; null for nothing. */
type ViewChange = { readonly weights: Float64Array; readonly intercepts: Float64Array } | null;

/** Cells with the labels that the model is surest of. */
interface Examples {
  readonly rows: Uint32Array;
  readonly targets: Int32Array;
}

/** Of each class that is the likeliest of some cells {@link SHARE} of them, the surest; null if they say too little. */
function surestCells(logits: Float32Array, nClasses: number, isUnlike: Uint8Array): Examples | null {
  const byClass = Array.from({ length: nClasses }, (): number[] => []);
  const likeliest = new Int32Array(isUnlike.length);
  const sureness = new Float32Array(isUnlike.length);
  for (let row = 0; row < isUnlike.length; row++) {
    const own = logits.subarray(row * nClasses, (row + 1) * nClasses);
    let best = 0;
    for (let k = 1; k < nClasses; k++) if (own[k] > own[best]) best = k;
    likeliest[row] = best;
    sureness[row] = own[best];
    if (isUnlike[row] === 0) byClass[best].push(row);
  }
  const chosen = byClass.map((rows) =>
    rows.sort((a, b) => sureness[b] - sureness[a] || a - b).slice(0, Math.round(SHARE * rows.length)),
  );
  const rows = Uint32Array.from(chosen.flat()).sort();
  const isEnough = rows.length >= LEAST_EXAMPLES && chosen.filter((own) => own.length > 0).length > 1;
  return isEnough ? { rows, targets: Int32Array.from(rows, (row) => likeliest[row]) } : null;
}

async function learnChanges(
  v: number,
  { scores, components, nRows }: CellsToAdaptTo,
  examples: readonly (Examples | null)[],
  nClasses: readonly number[],
  onIteration: () => Promise<void>,
): Promise<readonly ViewChange[]> {
  const nOutputs = scores[v].length / nRows;
  const { nCols, data } = components[v];
  const changes: ViewChange[] = [];
  let first = 0;
  for (const [j, own] of examples.entries()) {
    const width = nClasses[j];
    if (own === null) changes.push(null);
    else {
      const { rows, targets } = own;
      const values = new Float32Array(rows.length * nCols);
      const offsets = new Float32Array(rows.length * width);
      rows.forEach((row, r) => {
        values.set(data.subarray(row * nCols, (row + 1) * nCols), r * nCols);
        const at = row * nOutputs + first;
        offsets.set(scores[v].subarray(at, at + width), r * width);
      });
      changes.push(
        await fitLogisticRegression(
          [{ rows: { nRows: rows.length, nCols, values }, targets, offsets }],
          width,
          {
            penalty: PENALTY,
            interceptPenalty: INTERCEPT_PENALTY,
            classWeights: halfWayWeights(targets, width),
            maxIter: MAX_ITERATIONS,
            tolerance: TOLERANCE * rows.length,
            onIteration,
          },
        ),
      );
    }
    first += width;
  }
  return changes;
}

/** The scores of all cells by the views as they are changed. */
function changedScores(
  { views }: LinearViews,
  { scores, components, nRows }: CellsToAdaptTo,
  changed: readonly (readonly ViewChange[])[],
): readonly Float32Array[] {
  if (changed.length === 0) return scores;
  return views.map((view, v) => {
    const own = scores[v].slice();
    const nOutputs = own.length / nRows;
    const { nCols, data } = components[v];
    let first = 0;
    view.heads.forEach(({ intercepts: { length: width } }, j) => {
      const change = changed[v][j];
      if (change !== null)
        for (let row = 0; row < nRows; row++)
          for (let k = 0; k < width; k++) {
            let sum = change.intercepts[k];
            for (let p = 0; p < nCols; p++) sum += data[row * nCols + p] * change.weights[p * width + k];
            own[row * nOutputs + first + k] += sum;
          }
      first += width;
    });
    return own;
  });
}

function changedView(view: LinearView, changes: readonly ViewChange[]): LinearView {
  return { ...view, heads: view.heads.map((head, j) => changedHead(head, view, changes[j])) };
}

/** Adds a change of the weights of components to the weights of genes. */
function changedHead(
  head: ViewHead,
  { components: { nGenes, nComponents, loadings } }: LinearView,
  change: ViewChange,
): ViewHead {
  if (change === null) return head;
  const width = head.intercepts.length;
  const weights = head.weights.slice();
  for (let g = 0; g < nGenes; g++)
    for (let k = 0; k < width; k++) {
      let sum = 0;
      for (let p = 0; p < nComponents; p++)
        sum += loadings[g * nComponents + p] * change.weights[p * width + k];
      weights[g * width + k] += sum;
    }
  return { ...head, weights, intercepts: head.intercepts.map((own, k) => own + change.intercepts[k]) };
}
