/**
 * Cells as a poorer experiment would have counted them, so that training does not rest on how deeply its reference
 * was sequenced: a molecule that was counted is kept by chance, each with the same probability.
 * @module
 */
import { normalizeCell } from "../core/normalize.ts";
import { hash32, randomBelow, randomUint32 } from "../core/rng.ts";
import type { CellTransform } from "../kernels/types.ts";

/** Shares are counted in 2^-16, so that half of a 32-bit draw decides over one molecule without any rounding. */
export const WHOLE_SHARE = 0x10000;
/** Up to this count every molecule is drawn for itself. */
const MOST_DRAWN = 64;

/**
 * What training does to a cell's counts: in a step it thins them to a share drawn for this cell and step, uniform in
 * [`lowest`, 1), and normalises what is left ({@link normalizeCell}); in evaluation it only normalises.
 *
 * `lowest` is above 0 and below 1. A cell and step always give the same, in whatever batch or thread.
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
 * The draw is exact up to 64. Above, it is the whole number nearest to a deviate of the binomial's mean and variance
 * (the sum of twelve uniform numbers), not below 0 and not above c. In a matrix that is not all counts, what a smaller
 * value has beyond its whole part is multiplied by q.
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
    // Four molecules at a time, those beyond the count masked: fewer branches, which nothing could predict.
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

/** As many uniform numbers have a sum of variance 1. */
const TWELVE = 12;
