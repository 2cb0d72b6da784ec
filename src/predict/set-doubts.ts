/**
 * What is said of prediction sets beforehand, where they may not hold what they promise
 * (docs/specification/3-prediction.md#prediction-sets).
 * @module
 */
import { notice } from "../errors.ts";
import { type QueryShift, UNLIKE_SCORE } from "./measured-distances.ts";
import type { SetPlan } from "./prediction-sets.ts";
import type { Warning } from "./types.ts";

/** A standard deviation of the coverage, by the draw of the held-out cells alone, above which they are few. */
const MOST_DEVIATION = 0.03;
/** Counts of a cell beyond this ratio to those of the reference, up or down. */
const MOST_RATIO = 5 / 3;

/**
 * A warning that sets of `plan` may hold the truth less often than they promise, as few cells were held out or the query is of
 * another depth; null where neither is so, or where it is said of the query already that it is unlike the reference.
 */
export function doubtSets({ coverage, nHeldOut }: SetPlan, shift: QueryShift | null): Warning | null {
  if ((shift?.score ?? 0) > UNLIKE_SCORE) return null;
  const ratio = shift?.depthRatio ?? 1;
  const isOtherDepth = ratio > MOST_RATIO || ratio * MOST_RATIO < 1;
  const facts = [
    ...(Math.sqrt((coverage * (1 - coverage)) / nHeldOut) > MOST_DEVIATION
      ? [`their thresholds rest on ${nHeldOut} held-out cells`]
      : []),
    ...(isOtherDepth ? [`a cell has ${ratio.toPrecision(2)} times the counts of a reference cell`] : []),
  ];
  if (facts.length === 0) return null;
  return notice(
    `prediction sets may hold the true label of fewer than ${Math.round(100 * coverage)} % of the cells: ${facts.join(", and ")}`,
    { hint: "check some labels by marker genes before you rely on sets" },
  );
}
