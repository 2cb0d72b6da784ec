/** Decides which cells are Unknown (docs/specification/3-prediction.md#unknown). @module */
import { UNKNOWN_REASONS } from "../schema/prediction.ts";
import type { PredictedLabels } from "./types.ts";

/** The label of an Unknown cell. */
export const UNKNOWN = "Unknown";

/** The code of a cell that is not Unknown. */
export const NO_REASON = -1;
/** The code of a cell that the hierarchy made Unknown. */
export const HIERARCHY_REASON = UNKNOWN_REASONS.indexOf("hierarchy");

/** The Unknown cells of one label column. */
export interface UnknownDecision {
  readonly isUnknown: Uint8Array;
  /** Index into {@link UNKNOWN_REASONS}, {@link NO_REASON} where the cell is not Unknown. */
  readonly reasons: Int32Array;
}

/**
 * Marks Unknown cells in one label column: without counts, or confidence below `confidenceLow`, or KNN was used and both the
 * network and the vote have low confidence, or unlike the reference, or outside the open-set threshold.
 *
 * `confidenceLow` is rounded to float32 as the scores are.
 */
export function decideUnknown(
  scores: { readonly conf: Float32Array; readonly isLowConf: Uint8Array },
  knn: { readonly used: Uint8Array; readonly isLow: Uint8Array },
  isOutside: Uint8Array | null,
  confidenceLow: number,
  isUnlike: Uint8Array | null = null,
  isEmpty: Uint8Array | null = null,
): UnknownDecision {
  const threshold = Math.fround(confidenceLow);
  const reasons = Int32Array.from(scores.conf, (conf, i) => {
    if (isEmpty?.[i] === 1) return UNKNOWN_REASONS.indexOf("no_counts");
    if (conf < threshold) return UNKNOWN_REASONS.indexOf("low_confidence");
    if (knn.used[i] === 1 && scores.isLowConf[i] === 1 && knn.isLow[i] === 1)
      return UNKNOWN_REASONS.indexOf("knn_disagrees");
    if (isUnlike?.[i] === 1) return UNKNOWN_REASONS.indexOf("unlike_reference");
    return isOutside?.[i] === 1 ? UNKNOWN_REASONS.indexOf("open_set") : NO_REASON;
  });
  return { isUnknown: Uint8Array.from(reasons, (reason) => (reason === NO_REASON ? 0 : 1)), reasons };
}

/** The labels, with `Unknown` for Unknown cells. */
export function withUnknown(labels: PredictedLabels, isUnknown: Uint8Array): PredictedLabels {
  const known = labels.categories.indexOf(UNKNOWN);
  const unknown = known >= 0 ? known : labels.categories.length;
  return {
    codes: labels.codes.map((code, i) => (isUnknown[i] === 1 ? unknown : code)),
    categories: known >= 0 ? labels.categories : [...labels.categories, UNKNOWN],
  };
}
