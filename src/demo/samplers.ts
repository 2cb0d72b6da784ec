/** Random variates by inversion of one uniform each, the same bits on every platform. @module */
import { exp, log } from "../core/math.ts";
import { randomUint32 } from "../core/rng.ts";

/** The `counter`-th number of a stream, uniform in the open interval (0, 1) with 32 bits. */
export function openUniform(key: number, counter: number): number {
  return (randomUint32(key, counter) + 0.5) / 4294967296;
}

/** The `counter`-th standard normal number of a stream. */
export function standardNormal(key: number, counter: number): number {
  return normalQuantile(openUniform(key, counter));
}

/**
 * The standard normal quantile of 0 < p < 1, relative error below 1.2e-9.
 *
 * Source: P. J. Acklam, "An algorithm for computing the inverse normal cumulative distribution function"
 * (2003).
 */
export function normalQuantile(p: number): number {
  if (p > 0.97575) return -lowerTail(1 - p);
  if (p < 0.02425) return lowerTail(p);
  const q = p - 0.5;
  const r = q * q;
  const above =
    ((((-39.69683028665376 * r + 220.9460984245205) * r - 275.9285104469687) * r + 138.357751867269) * r -
      30.66479806614716) *
      r +
    2.506628277459239;
  const below =
    ((((-54.47609879822406 * r + 161.5858368580409) * r - 155.6989798598866) * r + 66.80131188771972) * r -
      13.28068155288572) *
      r +
    1;
  return (above * q) / below;
}

function lowerTail(p: number): number {
  const q = Math.sqrt(-2 * log(p));
  const above =
    ((((-0.007784894002430293 * q - 0.3223964580411365) * q - 2.400758277161838) * q - 2.549732539343734) *
      q +
      4.374664141464968) *
      q +
    2.938163982698783;
  const below =
    (((0.007784695709041462 * q + 0.3224671290700398) * q + 2.445134137142996) * q + 3.754408661907416) * q +
    1;
  return above / below;
}

/** An upper bound of counts, far above those for a mean of thousands. */
const MAX_COUNT = 1_000_000;

/**
 * The count at quantile `u` (0 < u < 1) of the negative binomial with this mean and variance
 * mean + mean²/size.
 */
export function negativeBinomial(u: number, mean: number, size: number): number {
  // P(0) ≥ 1 − mean, whatever the size: most draws of a sparse matrix end here.
  if (u < 1 - mean) return 0;
  let term = exp(-size * log(1 + mean / size));
  let sum = term;
  const ratio = mean / (mean + size);
  let count = 0;
  while (u >= sum && count < MAX_COUNT) {
    term *= (ratio * (count + size)) / (count + 1);
    // The remaining probability is below the rounding error of the sum.
    if (term < 1e-300) break;
    sum += term;
    count++;
  }
  return count;
}
