/**
 * The metrics of one label column (docs/specification/5-benchmark.md#metrics).
 *
 * A share of zero cells is NaN, "not measured", except where the specification defines a value: `macroF1` and
 * `coveredAccuracy` are 0, `risk` is 1. Files use snake_case names (`macroF1` → `macro_f1`).
 * @module
 */
import type { PredictedLabels } from "../predict/types.ts";
import {
  areaUnderRiskCoverage,
  brierScore,
  type CalibrationBin,
  calibrationBins,
  expectedCalibrationError,
  type RiskPoint,
  riskCoverage,
} from "./calibration-error.ts";
import { type JoinedLabels, joinLabels, NO_LABEL, requireSameCells, share } from "./paired-labels.ts";

/**
 * Scores of final labels against true labels; `Unknown` counts as wrong. All except the counts are in [0, 1].
 */
export interface LabelMetrics {
  readonly accuracy: number;
  /** Mean F1 over the labels present in the truth. */
  readonly macroF1: number;
  /** Mean recall over the labels present in the truth. */
  readonly balancedAccuracy: number;
  /** Share of cells that are not Unknown. */
  readonly coverage: number;
  readonly rejectRate: number;
  /** Cells with a true label; the others are not scored. */
  readonly nTotal: number;
  readonly nCovered: number;
  readonly coveredAccuracy: number;
  /** 1 − covered accuracy. */
  readonly risk: number;
  /** Expected calibration error over 15 bins of the covered cells that have a confidence. */
  readonly ece: number;
  readonly brier: number;
  readonly aurc: number;
}

/**
 * Scores one label column.
 *
 * `confidence` has one value in [0, 1] per cell, NaN for none. If it is null, `ece`, `brier` and `aurc` are
 * NaN.
 * @throws MISMATCH if the lengths differ, BAD_DATA for a confidence outside [0, 1].
 */
export function scoreLabels(
  truth: PredictedLabels,
  predicted: PredictedLabels,
  confidence: ArrayLike<number> | null,
): LabelMetrics {
  const joined = joinLabels(truth, predicted);
  const { nTotal, nCovered, nCorrect, macroF1, balancedAccuracy } = countLabels(joined);
  const coveredAccuracy = nCovered === 0 ? 0 : nCorrect / nCovered;
  const trusted = confidence === null ? EMPTY : coveredConfidence(joined, confidence);
  return {
    accuracy: share(nCorrect, nTotal),
    macroF1,
    balancedAccuracy,
    coverage: share(nCovered, nTotal),
    rejectRate: share(nTotal - nCovered, nTotal),
    nTotal,
    nCovered,
    coveredAccuracy,
    risk: 1 - coveredAccuracy,
    ece: expectedCalibrationError(calibrationBins(trusted.confidence, trusted.correct)),
    brier: brierScore(trusted.confidence, trusted.correct),
    aurc: areaUnderRiskCoverage(trusted.confidence, trusted.correct),
  };
}

/**
 * The bars of a reliability plot: covered cells with a confidence, in 15 bins.
 * @throws as {@link scoreLabels}.
 */
export function reliability(
  truth: PredictedLabels,
  predicted: PredictedLabels,
  confidence: ArrayLike<number>,
): CalibrationBin[] {
  const trusted = coveredConfidence(joinLabels(truth, predicted), confidence);
  return calibrationBins(trusted.confidence, trusted.correct);
}

/**
 * The risk-coverage curve of the covered cells with a confidence, at most `maxPoints` of its points.
 * @throws as {@link scoreLabels}.
 */
export function riskCurve(
  truth: PredictedLabels,
  predicted: PredictedLabels,
  confidence: ArrayLike<number>,
  maxPoints = 200,
): RiskPoint[] {
  const trusted = coveredConfidence(joinLabels(truth, predicted), confidence);
  const points = riskCoverage(trusted.confidence, trusted.correct);
  if (points.length <= maxPoints) return points;
  return Array.from(
    { length: maxPoints },
    (_, i) => points[Math.ceil(((i + 1) * points.length) / maxPoints) - 1],
  );
}

function countLabels({ names, truth, predicted }: JoinedLabels) {
  const support = new Float64Array(names.length);
  const claimed = new Float64Array(names.length);
  const hits = new Float64Array(names.length);
  let nTotal = 0;
  let nCovered = 0;
  let nCorrect = 0;
  for (let i = 0; i < truth.length; i++) {
    const t = truth[i];
    const p = predicted[i];
    if (t === NO_LABEL) continue;
    nTotal++;
    support[t] += 1;
    if (p === NO_LABEL) continue;
    nCovered++;
    claimed[p] += 1;
    if (p !== t) continue;
    nCorrect++;
    hits[t] += 1;
  }
  let nPresent = 0;
  let sumF1 = 0;
  let sumRecall = 0;
  for (let label = 0; label < names.length; label++) {
    if (support[label] === 0) continue;
    nPresent++;
    sumF1 += (2 * hits[label]) / (support[label] + claimed[label]);
    sumRecall += hits[label] / support[label];
  }
  return {
    nTotal,
    nCovered,
    nCorrect,
    macroF1: nPresent === 0 ? 0 : sumF1 / nPresent,
    balancedAccuracy: share(sumRecall, nPresent),
  };
}

interface TrustedCells {
  readonly confidence: Float64Array;
  readonly correct: Uint8Array;
}

const EMPTY: TrustedCells = { confidence: new Float64Array(0), correct: new Uint8Array(0) };

/** Confidence and correctness of the covered cells that have a true label and a confidence. */
function coveredConfidence({ truth, predicted }: JoinedLabels, confidence: ArrayLike<number>): TrustedCells {
  requireSameCells(truth.length, confidence.length);
  const values = new Float64Array(truth.length);
  const correct = new Uint8Array(truth.length);
  let n = 0;
  for (let i = 0; i < truth.length; i++) {
    const value = confidence[i];
    if (truth[i] === NO_LABEL || predicted[i] === NO_LABEL || Number.isNaN(value)) continue;
    values[n] = value;
    correct[n++] = truth[i] === predicted[i] ? 1 : 0;
  }
  return { confidence: values.subarray(0, n), correct: correct.subarray(0, n) };
}
