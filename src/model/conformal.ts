/**
 * Computes thresholds of prediction sets from held-out cells.
 *
 * The set of a cell has every label whose probability is at least the threshold. The threshold is the k-th
 * largest probability of the true label over n held-out cells, k = ⌈(n + 1) · coverage⌉; then the set of a
 * new, similar cell contains its true label with at least the probability `coverage`. Sources: Vovk,
 * Gammerman and Shafer (2005) for split conformal prediction, Sadinle, Lei and Wasserman (2019) for these
 * sets, which are the smallest on average if the probabilities are right.
 * @module
 */
import { exp } from "../core/math.ts";
import { SET_COVERAGE } from "../schema/prediction-options.ts";
import type { HeadLogits } from "./calibrate.ts";

/** The coverages with stored thresholds, in whole percent, so that ranks are exact. */
const [FIRST, LAST] = [SET_COVERAGE.min, SET_COVERAGE.max].map((share) => Math.round(100 * share));
const PERCENTS = Array.from({ length: LAST - FIRST + 1 }, (_, i) => FIRST + i);

/** The same as shares: 0.50, 0.51, …, 0.99. */
export const SET_COVERAGES: readonly number[] = PERCENTS.map((percent) => percent / 100);

/** The stored thresholds of one label column. */
export interface SetThresholds {
  /** Held-out cells with a label. */
  readonly nCells: number;
  /**
   * The smallest probability of a label in a set, for the first of {@link SET_COVERAGES}: for as many as `n`
   * cells are enough for.
   */
  readonly thresholds: readonly number[];
}

/**
 * The thresholds of one head, from its logits of held-out cells; rows without a label are left out.
 *
 * Probabilities come from {@link probabilitiesOf}, like those of a query, so that ties are equal.
 */
export function fitSetThresholds(
  { logits, nClasses, targets }: HeadLogits,
  temperature: number,
): SetThresholds {
  const probabilities = new Float64Array(nClasses);
  const ofTruth = new Float64Array(targets.length);
  let n = 0;
  targets.forEach((target, r) => {
    if (target < 0) return;
    probabilitiesOf(logits, r * nClasses, temperature, probabilities);
    ofTruth[n++] = probabilities[target];
  });
  const rising = ofTruth.subarray(0, n).sort();
  const ranks = PERCENTS.map((percent) => Math.ceil(((n + 1) * percent) / 100)).filter((rank) => rank <= n);
  return { nCells: n, thresholds: ranks.map((rank) => rising[n - rank]) };
}

/** The number of held-out cells that `coverage`, one of {@link SET_COVERAGES}, needs: 19 for 0.95. */
export function heldOutCellsNeeded(coverage: number): number {
  const percent = Math.round(100 * coverage);
  return Math.ceil(percent / (100 - percent));
}

/**
 * The probabilities of one cell, whose logits begin at `at`: the softmax of logits / `temperature` in
 * float64, around the largest logit. It fills `into`.
 */
export function probabilitiesOf(
  logits: Float32Array,
  at: number,
  temperature: number,
  into: Float64Array,
): void {
  let largest = Number.NEGATIVE_INFINITY;
  for (let c = 0; c < into.length; c++) largest = Math.max(largest, logits[at + c]);
  let sum = 0;
  for (let c = 0; c < into.length; c++) {
    const p = exp((logits[at + c] - largest) / temperature);
    into[c] = p;
    sum += p;
  }
  for (let c = 0; c < into.length; c++) into[c] = into[c] / sum;
}
