/**
 * Multinomial logistic regression, the same bits on every platform. The regression of refinement is one
 * (docs/specification/3-prediction.md#refinement).
 * @module
 */
import { minimise } from "../core/lbfgs.ts";
import { exp, log } from "../core/math.ts";
import { AtlasmtlError } from "../errors.ts";
import { type FeatureRows, rowProducts } from "./feature-rows.ts";

/** The linear scores of `nClasses` classes; probabilities are their softmax. */
export interface LogisticRegression {
  readonly nFeatures: number;
  readonly nClasses: number;
  /** `[nFeatures, nClasses]`, row-major. */
  readonly weights: Float64Array;
  /** `[nClasses]`. */
  readonly intercepts: Float64Array;
}

/** What the descent did. */
export interface FittedRegression extends LogisticRegression {
  readonly iterations: number;
  readonly hasConverged: boolean;
}

/** Rows and the class of each; -1 for rows without one, which do not count. */
export interface LabelledRows {
  readonly rows: FeatureRows;
  readonly targets: Int32Array;
  /** `[nRows, nClasses]`: what each row scores before the regression, so that it learns the difference. */
  readonly offsets?: Float32Array | undefined;
}

/** All rows, in pieces that come in the same order each time they are asked for, from memory or from a file. */
export type LabelledBlocks = Iterable<LabelledRows> | AsyncIterable<LabelledRows>;

/** What is minimised, and for how long. */
export interface LogisticOptions {
  /** Strength of the data against the penalty. */
  readonly c: number;
  /** Factor of the L2 penalty of the weights. */
  readonly penalty: number;
  /** Factor of that of the intercepts. */
  readonly interceptPenalty: number;
  /** Gives every class the same say, however many rows it has. */
  readonly isBalanced: boolean;
  /** A weight for each class, in place of balance. */
  readonly classWeights?: Float64Array | undefined;
  /** Steps of L-BFGS at most. */
  readonly maxIter: number;
  /** Done when no part of the gradient is larger. */
  readonly tolerance: number;
  /** Called before each step, such as to let others work. */
  readonly onIteration?: ((iteration: number) => Promise<void>) | undefined;
}

const DEFAULT_LOGISTIC_OPTIONS: LogisticOptions = {
  c: 1,
  penalty: 1,
  interceptPenalty: 0,
  isBalanced: false,
  maxIter: 1000,
  tolerance: 1e-5,
};

/**
 * Minimises C · Σ w_i · CE_i + penalty · ½‖weights‖² + interceptPenalty · ½‖intercepts‖² over the rows that have a class, from weights of zero; w is 1, or
 * n / (nClasses · n_class) for balanced classes.
 *
 * The objective of scikit-learn's multinomial `LogisticRegression`. Blocks are read once for their classes and
 * once for each value of the objective; sums run in the order of the rows.
 * @throws USAGE for no class or sizes that do not fit, BAD_DATA for no row with a class, a feature that is not
 * finite, or a balanced class without a row.
 */
export async function fitLogisticRegression(
  blocks: LabelledBlocks,
  nClasses: number,
  options: Partial<LogisticOptions> = {},
): Promise<FittedRegression> {
  const { c, penalty, interceptPenalty, isBalanced, maxIter, tolerance, onIteration, ...given } = {
    ...DEFAULT_LOGISTIC_OPTIONS,
    ...options,
  };
  const { nFeatures, counts } = await survey(blocks, nClasses);
  const classWeights =
    given.classWeights ?? (isBalanced ? balancedWeights(counts) : new Float64Array(nClasses).fill(1));
  const nWeights = nFeatures * nClasses;
  const scores = new Float64Array(nClasses);

  const objective = async (theta: Float64Array, gradient: Float64Array): Promise<number> => {
    const weights = theta.subarray(0, nWeights);
    const intercepts = theta.subarray(nWeights);
    const ofWeights = gradient.subarray(0, nWeights);
    const ofIntercepts = gradient.subarray(nWeights);
    let value = 0;
    for (let i = 0; i < nWeights; i++) {
      value += (penalty * weights[i] * weights[i]) / 2;
      ofWeights[i] = penalty * weights[i];
    }
    for (let k = 0; k < nClasses; k++) {
      value += (interceptPenalty * intercepts[k] * intercepts[k]) / 2;
      ofIntercepts[k] = interceptPenalty * intercepts[k];
    }
    for await (const { rows, targets, offsets } of blocks) {
      const products = rowProducts(rows);
      const shared = products.shared(weights, intercepts);
      const residuals = new Float64Array(nClasses);
      for (let row = 0; row < rows.nRows; row++) {
        const target = targets[row];
        if (target < 0) continue;
        scores.set(shared);
        products.addRow(row, weights, scores);
        if (offsets !== undefined)
          for (let k = 0; k < nClasses; k++) scores[k] += offsets[row * nClasses + k];
        const weight = c * classWeights[target];
        value -= weight * softmax(scores, target);
        scores[target] -= 1;
        for (let k = 0; k < nClasses; k++) residuals[k] += weight * scores[k];
        products.addOuter(row, weight, scores, ofWeights);
      }
      products.addSharedOuter(residuals, ofWeights);
      for (let k = 0; k < nClasses; k++) ofIntercepts[k] += residuals[k];
    }
    return value;
  };

  const start = new Float64Array(nWeights + nClasses);
  const found = await minimise(objective, start, { maxIter, tolerance, onIteration });
  return {
    nFeatures,
    nClasses,
    weights: found.x.slice(0, nWeights),
    intercepts: found.x.slice(nWeights),
    iterations: found.iterations,
    hasConverged: found.hasConverged,
  };
}

/** Writes the scores of the classes for a row of `rows`; they are log probabilities up to a constant. */
export function logisticScorer(
  { weights, intercepts }: LogisticRegression,
  rows: FeatureRows,
): (row: number, into: Float64Array) => void {
  const products = rowProducts(rows);
  const shared = products.shared(weights, intercepts);
  return (row, into) => {
    into.set(shared);
    products.addRow(row, weights, into);
  };
}

/** Turns scores into probabilities where they are; returns the logarithm of that of `label`. */
export function softmax(scores: Float64Array, label: number): number {
  let most = Number.NEGATIVE_INFINITY;
  for (const score of scores) most = Math.max(most, score);
  const own = scores[label] - most;
  let sum = 0;
  for (let k = 0; k < scores.length; k++) {
    scores[k] = exp(scores[k] - most);
    sum += scores[k];
  }
  for (let k = 0; k < scores.length; k++) scores[k] /= sum;
  return own - log(sum);
}

/** Checks all blocks; counts features, and rows by class. */
async function survey(
  blocks: LabelledBlocks,
  nClasses: number,
): Promise<{ readonly nFeatures: number; readonly counts: Uint32Array }> {
  if (nClasses < 1)
    throw new AtlasmtlError("USAGE", `got ${nClasses} classes to tell apart, expected at least one`);
  const counts = new Uint32Array(nClasses);
  let nFeatures = 0;
  let firstRow = 0;
  for await (const { rows, targets } of blocks) {
    if (firstRow === 0) nFeatures = rows.nCols;
    if (rows.nCols !== nFeatures || rows.nRows !== targets.length || !holdsAll(rows))
      throw new AtlasmtlError(
        "USAGE",
        `got ${rows.values.length} values for ${rows.nRows} × ${rows.nCols} features, expected ${targets.length} × ${nFeatures}`,
      );
    checkFinite(rows, firstRow);
    for (const target of targets) {
      if (target >= nClasses)
        throw new AtlasmtlError("USAGE", `got class ${target} of a row, expected at most ${nClasses - 1}`);
      if (target >= 0) counts[target]++;
    }
    firstRow += rows.nRows;
  }
  if (counts.every((count) => count === 0))
    throw new AtlasmtlError("BAD_DATA", `none of the ${firstRow} rows has a class`);
  return { nFeatures, counts };
}

const holdsAll = (rows: FeatureRows): boolean =>
  "indptr" in rows
    ? rows.indptr[rows.nRows] === rows.values.length
    : rows.values.length === rows.nRows * rows.nCols;

function checkFinite(rows: FeatureRows, firstRow: number): void {
  const at = rows.values.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  const isSparse = "indptr" in rows;
  const row = isSparse ? rows.indptr.findIndex((end) => end > at) - 1 : Math.floor(at / rows.nCols);
  const feature = isSparse ? rows.indices[at] : at % rows.nCols;
  throw new AtlasmtlError(
    "BAD_DATA",
    `feature ${feature} of row ${firstRow + row} is ${rows.values[at]}, expected a finite number`,
  );
}

function balancedWeights(counts: Uint32Array): Float64Array {
  const empty = counts.indexOf(0);
  if (empty >= 0) throw new AtlasmtlError("BAD_DATA", `no row has class ${empty} of ${counts.length}`);
  const nRows = counts.reduce((sum, count) => sum + count, 0);
  return Float64Array.from(counts, (count) => nRows / (counts.length * count));
}
