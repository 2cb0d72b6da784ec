/** Order statistics. @module */

/** The quantile of rising values, between neighbours by their share of the way, as numpy has it. */
export function quantileOf(rising: ArrayLike<number>, share: number): number {
  const at = share * (rising.length - 1);
  const below = Math.floor(at);
  const above = Math.min(below + 1, rising.length - 1);
  return rising[below] + (at - below) * (rising[above] - rising[below]);
}

/** The middle value of `values`, or the mean of the two in the middle. */
export function medianOf(values: readonly number[]): number {
  return quantileOf(Float64Array.from(values).sort(), 0.5);
}

/** The number of `rising` values below `value`. */
export function countBelow(rising: ArrayLike<number>, value: number): number {
  let [low, high] = [0, rising.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (rising[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
