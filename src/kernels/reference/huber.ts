/** Huber loss with delta 1. Source: Huber (1964); docs/specification/2-training.md#loss. @module */

/**
 * The mean over the first `n` elements of ½e² for |e| ≤ 1 and |e| − ½ beyond, e = predicted − target.
 * `gradient`, if given, is overwritten with `scale` times the derivative by `predicted`.
 */
export function huber(
  predicted: Float64Array,
  target: Float64Array,
  n: number,
  scale: number,
  gradient: Float64Array | null,
): number {
  if (n === 0) return 0;
  let sum = 0;
  for (let i = 0; i < n; i++) {
    const error = predicted[i] - target[i];
    const size = Math.abs(error);
    sum += size <= 1 ? 0.5 * error * error : size - 0.5;
    if (gradient !== null) gradient[i] = (scale * Math.max(-1, Math.min(1, error))) / n;
  }
  return sum / n;
}
