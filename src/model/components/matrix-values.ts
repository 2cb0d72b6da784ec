/** What the values of a matrix are: counts, logarithms of normalised counts, or something else. @module */
import type { ComponentValues } from "./types.ts";

/** Logarithms of counts per ten thousand stay below this. */
const MAX_LOG = 20;
/** Whole numbers that are kept as floats come out of arithmetic a little off. */
const INTEGER_TOLERANCE = 1e-6;

/** Looks at values as they stream. */
export interface ValuesCheck {
  add(values: Float32Array | null, length: number): void;
  /** What the values so far add up to. */
  seen(): SeenValues;
  /** As {@link verdictOf} of the values so far. */
  verdict(): ComponentValues | null;
}

/** What values are judged by. */
export interface SeenValues {
  readonly n: number;
  readonly nWhole: number;
  readonly least: number;
  readonly largest: number;
}

/** Null for values that are neither counts nor logarithms, such as zeros and ones or scaled values. */
export function verdictOf({ n, nWhole, least, largest }: SeenValues): ComponentValues | null {
  if (n === 0 || least < 0 || !(largest > 1) || largest === Number.POSITIVE_INFINITY) return null;
  if (2 * nWhole > n) return "log1p_cp10k";
  return largest < MAX_LOG ? "as_they_are" : null;
}

/** What the values of several parts of a matrix add up to. */
export function seenTogether(parts: readonly SeenValues[]): SeenValues {
  return {
    n: parts.reduce((sum, { n }) => sum + n, 0),
    nWhole: parts.reduce((sum, { nWhole }) => sum + nWhole, 0),
    least: Math.min(0, ...parts.map(({ least }) => least)),
    largest: Math.max(0, ...parts.map(({ largest }) => largest)),
  };
}

/**
 * A check of values. More whole numbers than others make counts, as in the normalisation of training; with only zeros
 * and ones there is nothing to normalise.
 */
export function createValuesCheck(): ValuesCheck {
  let [n, nWhole, least, largest] = [0, 0, 0, 0];
  return {
    add(values, length) {
      n += length;
      if (values === null) {
        nWhole += length;
        if (length > 0) largest = Math.max(largest, 1);
        return;
      }
      for (let e = 0; e < length; e++) {
        const value = values[e];
        if (Math.abs(value - Math.round(value)) <= INTEGER_TOLERANCE) nWhole++;
        if (value > largest) largest = value;
        // A value that is not a number is below every bound.
        if (!(value >= least)) least = Number.isNaN(value) ? Number.NEGATIVE_INFINITY : value;
      }
    },
    seen: () => ({ n, nWhole, least, largest }),
    verdict: () => verdictOf({ n, nWhole, least, largest }),
  };
}
