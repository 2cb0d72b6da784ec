/**
 * Measures how Unknown and the KNN correction changed the labels of one column
 * (docs/specification/5-benchmark.md#metrics).
 * @module
 */
import type { LabelPrediction, PredictedLabels } from "../predict/types.ts";
import { joinLabels, NO_LABEL, share } from "./paired-labels.ts";

/** Shares of cells, 0 to 1; NaN for a share of zero cells. */
export interface BehaviourMetrics {
  /** Cells whose final label is Unknown. */
  readonly unknownRate: number;
  /** Cells that KNN was used for. */
  readonly knnCoverage: number;
  /** Cells whose KNN label differs from the network's. */
  readonly knnChangeRate: number;
  /** Cells that KNN was used for whose label was wrong before and right at the end. */
  readonly knnRescueRate: number;
  /** Cells that KNN was used for whose label was right before and wrong or Unknown at the end. */
  readonly knnHarmRate: number;
  readonly unknownRateAmongUsed: number;
  readonly knnChangeRateAmongUsed: number;
  readonly knnRescueRateAmongUsed: number;
  readonly knnHarmRateAmongUsed: number;
}

/** The columns of a prediction that {@link scoreBehaviour} uses. */
export type BehaviourColumns = Pick<LabelPrediction, "raw" | "knn" | "final" | "usedKnn">;

/**
 * Scores the behaviour of one label column.
 *
 * Rescue and harm are shares of the cells that have a true label, the other rates of all cells; rates
 * `…AmongUsed` are shares of those that KNN was used for.
 * @throws MISMATCH if the lengths differ.
 */
export function scoreBehaviour(truth: PredictedLabels, prediction: BehaviourColumns): BehaviourMetrics {
  const raw = joinLabels(truth, prediction.raw);
  const final = joinLabels(truth, prediction.final);
  const change = joinLabels(prediction.raw, prediction.knn);
  const nCells = raw.truth.length;
  let unknown = 0;
  let used = 0;
  let unknownUsed = 0;
  let changed = 0;
  let withTruth = 0;
  let withTruthUsed = 0;
  let rescued = 0;
  let harmed = 0;
  for (let i = 0; i < nCells; i++) {
    const usedKnn = prediction.usedKnn[i] === 1;
    const isUnknown = final.predicted[i] === NO_LABEL;
    const hasTruth = raw.truth[i] !== NO_LABEL;
    if (isUnknown) unknown++;
    if (hasTruth) withTruth++;
    if (!usedKnn) continue;
    used++;
    if (isUnknown) unknownUsed++;
    if (change.truth[i] !== change.predicted[i]) changed++;
    if (!hasTruth) continue;
    withTruthUsed++;
    const before = raw.predicted[i] === raw.truth[i];
    const after = final.predicted[i] === final.truth[i];
    if (!before && after) rescued++;
    if (before && !after) harmed++;
  }
  return {
    unknownRate: share(unknown, nCells),
    knnCoverage: share(used, nCells),
    knnChangeRate: share(changed, nCells),
    knnRescueRate: share(rescued, withTruth),
    knnHarmRate: share(harmed, withTruth),
    unknownRateAmongUsed: share(unknownUsed, used),
    knnChangeRateAmongUsed: share(changed, used),
    knnRescueRateAmongUsed: share(rescued, withTruthUsed),
    knnHarmRateAmongUsed: share(harmed, withTruthUsed),
  };
}
