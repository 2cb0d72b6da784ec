/**
 * ReLU and dropout in one pass, with random numbers that are a function of the element alone.
 *
 * Every engine draws the same mask: the key is `dropoutLayerKey(dropoutKey, step, layer)` with steps from 1
 * and hidden layers from 0; the element is `row in batch · width + unit`; it is kept when
 * `hash32(key + element)` reaches `dropoutThreshold(rate)` and then scaled by 1 / (1 − rate).
 * @module
 */
import { dropoutThreshold, hash32 } from "../../core/rng.ts";

/** Applies ReLU to the first `n` values, then drops with `rate` (0 ≤ rate < 1) under `layerKey`. */
export function reluDropout(values: Float64Array, n: number, rate: number, layerKey: number): void {
  const threshold = dropoutThreshold(rate);
  const scale = 1 / (1 - rate);
  for (let e = 0; e < n; e++) {
    const value = values[e];
    if (value <= 0) values[e] = 0;
    else if (threshold > 0) values[e] = hash32((layerKey + e) | 0) >= threshold ? value * scale : 0;
  }
}

/**
 * Multiplies `gradient` by the derivative. `outputs` are the values after {@link reluDropout}: they are
 * positive exactly where the unit was active and kept.
 */
export function reluDropoutBackward(
  outputs: Float64Array,
  n: number,
  rate: number,
  gradient: Float64Array,
): void {
  const scale = 1 / (1 - rate);
  for (let e = 0; e < n; e++) gradient[e] = outputs[e] > 0 ? gradient[e] * scale : 0;
}
