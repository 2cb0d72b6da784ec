/** Which cells are given no label (contract 3 §4). @module */
import type { PredictedLabels } from "./types.ts";

/** The label of a cell that is given none. */
export const UNKNOWN = "Unknown";

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
): Uint8Array {
  const threshold = Math.fround(confidenceLow);
  return Uint8Array.from(scores.conf, (conf, i) => {
    const unsure = knn.used[i] === 1 && scores.isLowConf[i] === 1 && knn.isLow[i] === 1;
    return conf < threshold || unsure || isOutside?.[i] === 1 ? 1 : 0;
  });
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
