/** Temperature scaling. Source: Guo et al. (2017); docs/specification/2-training.md#calibration. @module */
import { exp } from "../core/math.ts";
import { NO_PAUSE, type Pause } from "../core/progress.ts";

/** Logits `[nRows, nClasses]` of one head with the class of each row, -1 where it is missing. */
export interface HeadLogits {
  readonly logits: Float32Array;
  readonly nClasses: number;
  readonly targets: Int32Array;
}

/**
 * The largest |log T| that `maxIter` Adam steps of `lr` can reach: a step is at most (1 − β1)/√(1 − β2) =
 * 3.17 times the learning rate. A search up to there is never worse than these steps
 * (docs/specification/2-training.md#calibration).
 */
export function logTemperatureReach(maxIter: number, lr: number): number {
  return Math.min(3.17 * maxIter * lr, 40);
}

/**
 * The temperature T that minimises the mean cross-entropy of softmax(logits / T); 1 if no row has a label or
 * the temperature has no effect.
 *
 * The loss is convex in 1/T, so its slope increases: safeguarded Newton steps find the zero, or the end of
 * the range ± `reach` of log T if there is none (if every row is right, T decreases without limit).
 */
export async function fitTemperature(
  head: HeadLogits,
  reach = logTemperatureReach(100, 0.05),
  pause: Pause = NO_PAUSE,
): Promise<number> {
  let low = exp(-reach);
  let high = exp(reach);
  let beta = 1;
  for (let i = 0; i < 200; i++) {
    const { slope, curvature } = await slopeAt(head, beta, pause);
    // With a slope this small, less than 1e-12 per unit of log T remains to gain.
    if (Math.abs(slope) * beta < 1e-12) break;
    if (slope > 0) high = beta;
    else low = beta;
    const newton = beta - slope / curvature;
    const next = newton > low && newton < high ? newton : Math.sqrt(low * high);
    if (Math.abs(next - beta) <= 1e-14 * beta) break;
    beta = next;
  }
  return 1 / beta;
}

/**
 * The reach of log T of members that are averaged: a regression with an L2 penalty is less sure than it is right, but a
 * temperature below 0.3 is never believed.
 */
export const MOST_SURE = 1.2039728043259361; // −log 0.3

/** Wrong cells that show that a network is less sure than it is right. */
const AMPLE_ERRORS = 10;

/**
 * {@link fitTemperature} of a network's own logits, at least 1 unless {@link AMPLE_ERRORS} rows are wrong: where nearly all
 * held-out cells are right, the best temperature makes the wrong labels of a query as sure as the right ones.
 */
export async function boundedTemperature(
  head: HeadLogits,
  reach: number,
  pause: Pause = NO_PAUSE,
): Promise<number> {
  const temperature = await fitTemperature(head, reach, pause);
  return temperature < 1 && countWrong(head) < AMPLE_ERRORS ? 1 : temperature;
}

function countWrong({ logits, nClasses, targets }: HeadLogits): number {
  let nWrong = 0;
  targets.forEach((target, r) => {
    if (target < 0) return;
    const row = logits.subarray(r * nClasses, (r + 1) * nClasses);
    if (row.some((logit) => logit > row[target])) nWrong++;
  });
  return nWrong;
}

/** Rows between two pauses. */
const ROWS_AT_ONCE = 512;

/** First and second derivative of the mean cross-entropy by β = 1/T: E[z] − z_true and Var[z] under softmax. */
async function slopeAt(
  { logits, nClasses, targets }: HeadLogits,
  beta: number,
  pause: Pause,
): Promise<{ slope: number; curvature: number }> {
  let slope = 0;
  let curvature = 0;
  let n = 0;
  for (let r = 0; r < targets.length; r++) {
    if (r % ROWS_AT_ONCE === 0) await pause();
    const target = targets[r];
    if (target < 0) continue;
    const row = r * nClasses;
    let largest = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < nClasses; c++) largest = Math.max(largest, logits[row + c]);
    let [sum, first, second] = [0, 0, 0];
    for (let c = 0; c < nClasses; c++) {
      const z = logits[row + c] - largest;
      const p = exp(beta * z);
      sum += p;
      first += p * z;
      second += p * z * z;
    }
    const mean = first / sum;
    slope += mean - (logits[row + target] - largest);
    curvature += second / sum - mean * mean;
    n++;
  }
  return n === 0 ? { slope: 0, curvature: 0 } : { slope: slope / n, curvature: curvature / n };
}
