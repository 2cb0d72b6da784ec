/** Whether a matrix that is to be normalised holds counts. @module */
import { AtlasmtlError, option, phrase, type Said } from "../errors.ts";
import type { Warning } from "./types.ts";

/** Number of stored values that are enough to decide (docs/specification/2-training.md#normalisation). */
const ENOUGH_VALUES = 20_000;
const INTEGER_TOLERANCE = 1e-6;
const CONFIRMED = 0.999;

/** Checks a matrix cell by cell while it streams. */
export interface CountsCheck {
  /** Adds the stored values of cell `row`. @throws BAD_DATA if the values so far are not counts. */
  add(values: Float32Array, start: number, end: number, row: number): void;
  /** The decision on all values. @throws BAD_DATA if half of them or more are not whole numbers. */
  finish(): readonly Warning[];
}

/**
 * A check of the matrix `name`; `hint` says what to do about one that holds no counts. What `isJudged` already is only
 * checked for values that no counts can have.
 */
export function createCountsCheck(name: string, hint: Said, isJudged = false): CountsCheck {
  let [n, nInteger, largest] = [0, 0, 0];
  let isDecided = false;

  function decide(): void {
    isDecided = true;
    if (n === 0 || nInteger > n / 2) return;
    const share = Math.floor((100 * nInteger) / n);
    throw new AtlasmtlError(
      "BAD_DATA",
      phrase`${option("normalize", "log1p_cp10k")} takes counts, and ${name} looks normalised already: ${share} % of ${n} values are whole numbers, the largest is ${largest}`,
      { where: name, hint },
    );
  }

  return {
    add(values, start, end, row) {
      for (let e = start; e < end; e++) {
        const value = values[e];
        if (!(value >= 0 && value < Number.POSITIVE_INFINITY))
          throw new AtlasmtlError(
            "BAD_DATA",
            phrase`${option("normalize", "log1p_cp10k")} takes counts, and row ${row} of ${name} holds ${value}`,
            { where: name, hint },
          );
        if (isJudged) continue;
        if (
          Math.abs(value - Math.round(value)) <= INTEGER_TOLERANCE &&
          (value === 0 || value >= INTEGER_TOLERANCE)
        )
          nInteger++;
        if (value > largest) largest = value;
      }
      n += end - start;
      if (!isJudged && !isDecided && n >= ENOUGH_VALUES) decide();
    },
    finish() {
      if (isJudged) return [];
      decide();
      if (n === 0 || nInteger >= CONFIRMED * n) return [];
      const share = ((100 * (n - nInteger)) / n).toFixed(1);
      return [
        {
          message: `${share} % of the values of ${name} are no whole numbers; they were normalised as counts all the same`,
          where: name,
        },
      ];
    },
  };
}
