/**
 * Adam and AdamW as torch computes them. Source: Kingma and Ba (2015); Loshchilov and Hutter (2019);
 * docs/specification/2-training.md#optimisation.
 * @module
 */
import type { OptimizerOptions } from "../types.ts";

/** First and second moments of one parameter array, zero before the first step. */
export interface Moments {
  readonly mean: Float32Array;
  readonly square: Float32Array;
}

/** The constants of one step, in float64. */
export interface Update {
  /** Factor on the parameter before the update (AdamW), 1 under Adam. */
  readonly keep: number;
  /** Weight decay added to the gradient (Adam), 0 under AdamW. */
  readonly l2: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
  /** Learning rate over the bias correction of the mean. */
  readonly stepSize: number;
  /** Square root of the bias correction of the square. */
  readonly rootCorrection: number;
}

export function createMoments(length: number): Moments {
  return { mean: new Float32Array(length), square: new Float32Array(length) };
}

/**
 * The constants of step 1, 2, 3, … one after another. The powers of beta are running products, because
 * `Math.pow` may differ between platforms.
 */
export function createUpdates(options: OptimizerOptions): (learningRate: number) => Update {
  const { name, weightDecay, beta1, beta2, eps } = options;
  let power1 = 1;
  let power2 = 1;
  return (learningRate) => {
    power1 *= beta1;
    power2 *= beta2;
    return {
      keep: name === "adamw" ? 1 - learningRate * weightDecay : 1,
      l2: name === "adam" ? weightDecay : 0,
      beta1,
      beta2,
      eps,
      stepSize: learningRate / (1 - power1),
      rootCorrection: Math.sqrt(1 - power2),
    };
  };
}

/**
 * Moves `values[start + i]` by `gradient[i]`, for the whole of `gradient`. A zero gradient still decays the
 * parameter and moves it by momentum: exact, not lazy.
 */
export function applyUpdate(
  update: Update,
  values: Float32Array,
  moments: Moments,
  gradient: Float64Array,
  start: number,
): void {
  const { keep, l2, beta1, beta2, eps, stepSize, rootCorrection } = update;
  const { mean, square } = moments;
  const rest1 = 1 - beta1;
  const rest2 = 1 - beta2;
  for (let i = 0; i < gradient.length; i++) {
    const at = start + i;
    const value = values[at];
    const g = gradient[i] + l2 * value;
    const m = beta1 * mean[at] + rest1 * g;
    const v = beta2 * square[at] + rest2 * g * g;
    mean[at] = m;
    square[at] = v;
    values[at] = keep * value - (stepSize * m) / (Math.sqrt(v) / rootCorrection + eps);
  }
}
