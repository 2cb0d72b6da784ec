/** Multinomial logistic regression as CellTypist trains it. @module */

import { type ConfigValue, Float } from "../../core/config.ts";
import { nextTurn, throwIfAborted } from "../../core/progress.ts";
import { startRuntimeMeter } from "../../core/runtime-meter.ts";
import type { FeatureRows } from "../../model/feature-rows.ts";
import {
  type FittedRegression,
  fitLogisticRegression,
  type LogisticRegression,
  logisticScorer,
  softmax,
} from "../../model/logistic-regression.ts";
import { plainLabels } from "../../predict/plain-labels.ts";
import type { PredictedLabels } from "../../predict/types.ts";
import { LOGISTIC_REGRESSION } from "../../schema/benchmark.ts";
import { logNormalised, normalisationOf } from "../matrices.ts";
import { scaleOf, standardise } from "./standardised.ts";
import { type MethodOutcome, type MethodWork, plainOutcome, type SharedData } from "./types.ts";
import { usageOf } from "./usage.ts";

/** C, the inverse strength of the penalty, and the stopping criteria, with the defaults of scikit-learn. */
const LOGISTIC_DEFAULTS = { c: 1, maxIter: 200, tolerance: 1e-4 } as const;

/**
 * Labels each cell by a regression on standardised log-normalised values, level by level. Values are cut at
 * ten standard deviations; the penalty is L2 with C = 1.
 */
export async function runLogisticRegression(data: SharedData, work: MethodWork): Promise<MethodOutcome> {
  const c = work.config.get(LOGISTIC_REGRESSION.c) ?? LOGISTIC_DEFAULTS.c;
  const maxIter = Math.round(work.config.get(LOGISTIC_REGRESSION.maxIter) ?? LOGISTIC_DEFAULTS.maxIter);
  const training = startRuntimeMeter();
  const reference = logNormalised(data.shared, "reference");
  const scale = scaleOf(reference);
  const x = standardise(reference, scale);
  const models: { column: string; labels: PredictedLabels; model: FittedRegression }[] = [];
  for (const [l, column] of data.labelColumns.entries()) {
    const labels = data.referenceLabels.get(column)!;
    const model = await fitLogisticRegression(
      [{ rows: x, targets: labels.codes }],
      labels.categories.length,
      {
        c,
        maxIter,
        tolerance: LOGISTIC_DEFAULTS.tolerance,
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
      },
    );
    models.push({ column, labels, model });
  }
  const trainUsage = usageOf(training, "train", reference.nRows, 1);
  const meter = startRuntimeMeter();
  const query = standardise(logNormalised(data.shared, "query"), scale);
  const labels = models.map(({ column, labels: { categories }, model }) => {
    const { codes, probabilities } = predictLogistic(model, query);
    return plainLabels(column, codes, categories, probabilities);
  });
  return plainOutcome({
    labels,
    trainUsage,
    predictUsage: usageOf(meter, "predict", query.nRows, 1),
    trainConfig: new Map<string, ConfigValue>([
      [LOGISTIC_REGRESSION.c, new Float(c)],
      [LOGISTIC_REGRESSION.maxIter, maxIter],
      [
        LOGISTIC_REGRESSION.iterations,
        new Map(models.map(({ column, model }) => [column, model.iterations])),
      ],
      [
        LOGISTIC_REGRESSION.hasConverged,
        new Map(models.map(({ column, model }) => [column, model.hasConverged])),
      ],
    ]),
    normalisation: `${normalisationOf(data.shared)}, standardised, cut at 10 deviations`,
    warnings: [],
  });
}

/** The most probable class of each row, and its probability. */
export function predictLogistic(
  model: LogisticRegression,
  rows: FeatureRows,
): { readonly codes: Int32Array; readonly probabilities: Float32Array } {
  const writeScores = logisticScorer(model, rows);
  const scores = new Float64Array(model.nClasses);
  const codes = new Int32Array(rows.nRows);
  const probabilities = new Float32Array(rows.nRows);
  for (let row = 0; row < rows.nRows; row++) {
    writeScores(row, scores);
    softmax(scores, 0);
    let best = 0;
    for (let k = 1; k < scores.length; k++) if (scores[k] > scores[best]) best = k;
    codes[row] = best;
    probabilities[row] = scores[best];
  }
  return { codes, probabilities };
}
