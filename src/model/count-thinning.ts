/**
 * Simulates lower sequencing depth, so that training depends less on the depth of its reference: each counted
 * molecule is kept with the same probability.
 * @module
 */
import { normalizeCell } from "../core/normalize.ts";
import { hash32, randomBelow, randomUint32 } from "../core/rng.ts";
import type { CellTransform } from "../kernels/types.ts";

/**
 * Shares are multiples of 2^-16, so that half of a 32-bit random number decides on one molecule without
 * rounding.
 */
export const WHOLE_SHARE = 0x10000;
/** Up to this count every molecule is drawn separately. */
const MOST_DRAWN = 64;

/**
 * Processes the counts of a cell. A training step thins them to a share drawn for this cell and step, uniform
 * in [`lowest`, 1), and normalises the result ({@link normalizeCell}); evaluation only normalises.
 *
 * `lowest` is above 0 and below 1. The same cell and step give the same result in any batch and thread.
 */
export function createCountThinning(lowest: number, key: number): CellTransform {
  const least = Math.min(WHOLE_SHARE - 1, Math.ceil(lowest * WHOLE_SHARE));
  return (values, start, end, row, step) => {
    if (step !== null) {
      const cellKey = randomUint32(randomUint32(key, step), row);
      const share = least + randomBelow(cellKey, 0, WHOLE_SHARE - least);
      thinCell(values, start, end, share, cellKey);
    }
    normalizeCell(values, start, end);
  };
}

/**
 * Replaces each count c of `values[start]` to `values[end − 1]` by a draw from Binomial(c, q) with q = `share` / 2^16,
 * in place.
 *
 * The draw is exact up to 64. Above, it is a rounded deviate with the binomial's mean and variance (the sum
 * of twelve uniform numbers), clamped to 0 … c. If a matrix also has values that are not whole, the
 * fractional part of a smaller value is multiplied by q.
 */
export function thinCell(values: Float32Array, start: number, end: number, share: number, key: number): void {
  const q = share / WHOLE_SHARE;
  let draw = key | 0;
  for (let e = start; e < end; e++) {
    const count = values[e];
    if (count > MOST_DRAWN) {
      let sum = TWELVE / 2;
      for (let i = 0; i < TWELVE / 2; i++) {
        draw = (draw + 1) | 0;
        const bits = hash32(draw);
        sum += (bits & 0xffff) + (bits >>> 16);
      }
      const deviate = sum / WHOLE_SHARE - TWELVE / 2;
      const kept = Math.round(count * q + deviate * Math.sqrt(count * q * (1 - q)));
      values[e] = Math.min(count, Math.max(0, kept));
      continue;
    }
    const whole = count | 0;
    let kept = 0;
    // Four molecules at a time, those beyond the count masked: this has fewer unpredictable branches.
    for (let left = whole; left > 0; left -= 4) {
      const first = hash32((draw + 1) | 0);
      draw = (draw + 2) | 0;
      const second = hash32(draw);
      kept +=
        (((first & 0xffff) - share) >>> 31) +
        ((((first >>> 16) - share) & (1 - left)) >>> 31) +
        ((((second & 0xffff) - share) & (2 - left)) >>> 31) +
        ((((second >>> 16) - share) & (3 - left)) >>> 31);
    }
    values[e] = whole === count ? kept : kept + (count - whole) * q;
  }
}

/** The sum of twelve uniform numbers has variance 1. */
const TWELVE = 12;
