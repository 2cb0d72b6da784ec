/** Multinomial logistic regression as CellTypist trains it. @module */
import { type ConfigValue, Float } from "../../core/config.ts";
import { exp, log } from "../../core/math.ts";
import { nextTurn, throwIfAborted } from "../../core/progress.ts";
import { startRuntimeMeter } from "../../core/runtime-meter.ts";
import { plainLabels } from "../../predict/plain-labels.ts";
import type { PredictedLabels } from "../../predict/types.ts";
import { logNormalised, normalisationOf } from "../matrices.ts";
import { minimise } from "./lbfgs.ts";
import { type Standardised, scaleOf, standardise } from "./standardised.ts";
import type { MethodOutcome, MethodWork, SharedData } from "./types.ts";
import { usageOf } from "./usage.ts";

/** Strength of the data against the penalty, and when to stop, as scikit-learn has them. */
export const LOGISTIC_DEFAULTS = { c: 1, maxIter: 200, tolerance: 1e-4 } as const;

/** Weights `[features, classes]` and one intercept per class. */
export interface LogisticModel {
  readonly nClasses: number;
  readonly weights: Float64Array;
  readonly intercepts: Float64Array;
  readonly iterations: number;
  readonly hasConverged: boolean;
}

/**
 * Labels each cell by a regression on standardised log-normalised values, level by level. Values are cut at
 * ten standard deviations; the penalty is L2 with C = 1.
 */
export async function runLogisticRegression(data: SharedData, work: MethodWork): Promise<MethodOutcome> {
  const c = work.config.get("c") ?? LOGISTIC_DEFAULTS.c;
  const maxIter = Math.round(work.config.get("max_iter") ?? LOGISTIC_DEFAULTS.maxIter);
  const training = startRuntimeMeter();
  const reference = logNormalised(data.shared, "reference");
  const scale = scaleOf(reference);
  const x = standardise(reference, scale);
  const models: { column: string; labels: PredictedLabels; model: LogisticModel }[] = [];
  for (const [l, column] of data.labelColumns.entries()) {
    const labels = data.referenceLabels.get(column)!;
    const model = await fitLogistic(x, labels.codes, labels.categories.length, {
      c,
      maxIter,
      onIteration: async (iteration) => {
        throwIfAborted(work.signal);
        training.sample();
        await nextTurn();
        work.onProgress?.({
          phase: "regression",
          done: l * maxIter + iteration,
          total: data.labelColumns.length * maxIter,
        });
      },
    });
    models.push({ column, labels, model });
  }
  const trainUsage = usageOf(training, "train", reference.nRows, 1);
  const meter = startRuntimeMeter();
  const query = standardise(logNormalised(data.shared, "query"), scale);
  const labels = models.map(({ column, labels: { categories }, model }) => {
    const { codes, probabilities } = predictLogistic(model, query);
    return plainLabels(column, codes, categories, probabilities);
  });
  return {
    labels,
    reasons: null,
    coords: new Map(),
    trainUsage,
    predictUsage: usageOf(meter, "predict", query.matrix.nRows, 1),
    trainConfig: new Map<string, ConfigValue>([
      ["c", new Float(c)],
      ["max_iter", maxIter],
      ["iterations", new Map(models.map(({ column, model }) => [column, model.iterations]))],
      ["has_converged", new Map(models.map(({ column, model }) => [column, model.hasConverged]))],
    ]),
    predictConfig: new Map(),
    predictionMetadata: null,
    normalisation: `${normalisationOf(data.shared)}, standardised, cut at 10 deviations`,
    seeds: new Map(),
    warnings: [],
  };
}

export interface LogisticOptions {
  readonly c: number;
  readonly maxIter: number;
  /** No part of the gradient is larger at the end; 1e-4 by default. */
  readonly tolerance?: number;
  readonly onIteration?: (iteration: number) => Promise<void>;
}

/**
 * Minimises C · Σ cross-entropy + ½ |weights|² over the rows with a label; intercepts carry no penalty.
 *
 * Same objective as scikit-learn's `LogisticRegression(multi_class="multinomial")`.
 */
export async function fitLogistic(
  x: Standardised,
  codes: Int32Array,
  nClasses: number,
  { c, maxIter, onIteration, tolerance = LOGISTIC_DEFAULTS.tolerance }: LogisticOptions,
): Promise<LogisticModel> {
  const { nRows, nCols, indptr, indices } = x.matrix;
  const nWeights = nCols * nClasses;
  const scores = new Float64Array(nClasses);
  const residualSums = new Float64Array(nClasses);

  const objective = (w: Float64Array, gradient: Float64Array): number => {
    let value = 0;
    for (let i = 0; i < nWeights; i++) {
      value += (w[i] * w[i]) / 2;
      gradient[i] = w[i];
    }
    gradient.fill(0, nWeights);
    residualSums.fill(0);
    const offsets = baseScores(x.base, w, nClasses);
    for (let row = 0; row < nRows; row++) {
      const truth = codes[row];
      if (truth < 0) continue;
      scoreRow(x, w, offsets, row, scores);
      value -= c * softmax(scores, truth);
      scores[truth] -= 1;
      for (let k = 0; k < nClasses; k++) residualSums[k] += c * scores[k];
      for (let e = indptr[row]; e < indptr[row + 1]; e++) {
        const at = indices[e] * nClasses;
        const delta = c * x.deltas[e];
        for (let k = 0; k < nClasses; k++) gradient[at + k] += delta * scores[k];
      }
    }
    for (let column = 0; column < nCols; column++)
      for (let k = 0; k < nClasses; k++) gradient[column * nClasses + k] += x.base[column] * residualSums[k];
    for (let k = 0; k < nClasses; k++) gradient[nWeights + k] = residualSums[k];
    return value;
  };

  const start = new Float64Array(nWeights + nClasses);
  const found = await minimise(objective, start, { maxIter, tolerance, onIteration });
  return {
    nClasses,
    weights: found.x.slice(0, nWeights),
    intercepts: found.x.slice(nWeights),
    iterations: found.iterations,
    hasConverged: found.hasConverged,
  };
}

/** What every cell scores before its stored entries, intercepts included. */
function baseScores(base: Float64Array, w: Float64Array, nClasses: number): Float64Array {
  const offsets = w.slice(base.length * nClasses);
  for (let column = 0; column < base.length; column++)
    for (let k = 0; k < nClasses; k++) offsets[k] += base[column] * w[column * nClasses + k];
  return offsets;
}

function scoreRow(
  { matrix: { indptr, indices }, deltas }: Standardised,
  w: Float64Array,
  offsets: Float64Array,
  row: number,
  scores: Float64Array,
): void {
  scores.set(offsets);
  const nClasses = scores.length;
  for (let e = indptr[row]; e < indptr[row + 1]; e++) {
    const at = indices[e] * nClasses;
    for (let k = 0; k < nClasses; k++) scores[k] += deltas[e] * w[at + k];
  }
}

/** Turns scores into probabilities where they are; returns the logarithm of that of `label`. */
function softmax(scores: Float64Array, label: number): number {
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

/** The most probable class of each row, and its probability. */
export function predictLogistic(
  { nClasses, weights, intercepts }: LogisticModel,
  x: Standardised,
): { readonly codes: Int32Array; readonly probabilities: Float32Array } {
  const w = new Float64Array(weights.length + nClasses);
  w.set(weights);
  w.set(intercepts, weights.length);
  const offsets = baseScores(x.base, w, nClasses);
  const scores = new Float64Array(nClasses);
  const codes = new Int32Array(x.matrix.nRows);
  const probabilities = new Float32Array(x.matrix.nRows);
  for (let row = 0; row < x.matrix.nRows; row++) {
    scoreRow(x, w, offsets, row, scores);
    softmax(scores, 0);
    let best = 0;
    for (let k = 1; k < nClasses; k++) if (scores[k] > scores[best]) best = k;
    codes[row] = best;
    probabilities[row] = scores[best];
  }
  return { codes, probabilities };
}
