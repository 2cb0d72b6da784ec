/** Which cells are given no label (docs/specification/3-prediction.md#unknown). @module */
import type { PredictedLabels } from "./types.ts";

/** The label of a cell that is given none. */
export const UNKNOWN = "Unknown";

/** Why a cell is Unknown, in the order in which they are looked for; the first that holds is the reason. */
export const UNKNOWN_REASONS = ["low_confidence", "knn_disagrees", "open_set", "hierarchy"] as const;

/**
 * `low_confidence`: below `confidence_low`. `knn_disagrees`: the network and the vote of the neighbours are both
 * unsure. `open_set`: farther from the reference than the open-set threshold. `hierarchy`: the label contradicts
 * its parent's.
 */
export type UnknownReason = (typeof UNKNOWN_REASONS)[number];

/** The code of a cell that is not Unknown. */
export const NO_REASON = -1;
/** The code of a cell that the hierarchy made Unknown. */
export const HIERARCHY_REASON = UNKNOWN_REASONS.indexOf("hierarchy");

/** The decision on the cells of one label column. */
export interface UnknownDecision {
  readonly isUnknown: Uint8Array;
  /** Index into {@link UNKNOWN_REASONS}, {@link NO_REASON} where the cell is not Unknown. */
  readonly reasons: Int32Array;
}

/**
 * Marks cells that are Unknown in one label column: of very low confidence, or corrected by KNN with both the
 * network and the vote unsure, or outside the reference.
 *
 * `confidenceLow` is rounded to float32 as the scores are.
 */
export function decideUnknown(
  scores: { readonly conf: Float32Array; readonly isLowConf: Uint8Array },
  knn: { readonly used: Uint8Array; readonly isLow: Uint8Array },
  isOutside: Uint8Array | null,
  confidenceLow: number,
): UnknownDecision {
  const threshold = Math.fround(confidenceLow);
  const reasons = Int32Array.from(scores.conf, (conf, i) => {
    if (conf < threshold) return UNKNOWN_REASONS.indexOf("low_confidence");
    if (knn.used[i] === 1 && scores.isLowConf[i] === 1 && knn.isLow[i] === 1)
      return UNKNOWN_REASONS.indexOf("knn_disagrees");
    return isOutside?.[i] === 1 ? UNKNOWN_REASONS.indexOf("open_set") : NO_REASON;
  });
  return { isUnknown: Uint8Array.from(reasons, (reason) => (reason === NO_REASON ? 0 : 1)), reasons };
}

/** The labels with `Unknown` in place of those of unknown cells. */
export function withUnknown(labels: PredictedLabels, isUnknown: Uint8Array): PredictedLabels {
  const known = labels.categories.indexOf(UNKNOWN);
  const unknown = known >= 0 ? known : labels.categories.length;
  return {
    codes: labels.codes.map((code, i) => (isUnknown[i] === 1 ? unknown : code)),
    categories: known >= 0 ? labels.categories : [...labels.categories, UNKNOWN],
  };
}
