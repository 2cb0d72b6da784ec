/** Class weights between none and a balance. @module */

/** Weights of classes by the root of their rarity, with a mean of 1 over the cells. */
export function halfWayWeights(targets: Int32Array, nClasses: number): Float64Array {
  const counts = new Float64Array(nClasses);
  for (const target of targets) counts[target]++;
  const weights = counts.map((n) => (n > 0 ? Math.sqrt(targets.length / n) : 0));
  const total = counts.reduce((sum, n, k) => sum + n * weights[k], 0);
  return weights.map((weight) => (weight * targets.length) / total);
}
