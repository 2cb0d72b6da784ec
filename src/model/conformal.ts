/**
 * Thresholds of prediction sets, from cells that training held out.
 *
 * A label is in a cell's set when its probability is at least the threshold. Taken as the k-th largest probability of
 * the true label over n held-out cells, k = ⌈(n + 1) · coverage⌉, the set of a new cell like them holds its true
 * label with at least that probability. Sources: Vovk, Gammerman and Shafer (2005) for split conformal prediction,
 * Sadinle, Lei and Wasserman (2019) for these sets, the smallest on average when the probabilities are right.
 * @module
 */
import { exp } from "../core/math.ts";
import type { HeadLogits } from "./calibrate.ts";

/** The coverages that thresholds are stored for, in whole percent, so that ranks come out exactly. */
const PERCENTS = Array.from({ length: 50 }, (_, i) => 50 + i);

/** The same as shares: 0.50, 0.51, …, 0.99. */
export const SET_COVERAGES: readonly number[] = PERCENTS.map((percent) => percent / 100);

/** What one label column needs to make sets. */
export interface SetThresholds {
  /** Held-out cells with a label. */
  readonly nCells: number;
  /** The least probability in a set, for the first of {@link SET_COVERAGES}, as many as so few cells can promise. */
  readonly thresholds: readonly number[];
}

/**
 * The thresholds of one head, from its logits of held-out cells; rows without a label are left out.
 *
 * Probabilities come from {@link probabilitiesOf}, as those of a query do, so that ties fall the same way.
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

/** The fewest held-out cells that `coverage`, one of {@link SET_COVERAGES}, can be promised from: 19 for 0.95. */
export function heldOutCellsNeeded(coverage: number): number {
  const percent = Math.round(100 * coverage);
  return Math.ceil(percent / (100 - percent));
}

/**
 * The probabilities of one cell, whose logits begin at `at`: the softmax of logits / `temperature` in float64, around
 * the largest logit. As many as `into` has room for.
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
