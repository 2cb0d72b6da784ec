/**
 * Counts Unknown cells by reason (docs/specification/3-prediction.md#unknown and
 * docs/specification/3-prediction.md#hierarchy).
 * @module
 */

import type { LabelPrediction } from "../predict/types.ts";
import { UNKNOWN_REASONS, type UnknownReason } from "../schema/prediction.ts";

/** Number of Unknown cells of one label column, by reason. */
export type ReasonCounts = Readonly<Record<UnknownReason, number>>;

/** Counts the Unknown cells of each label column by reason. */
export function countUnknownReasons(
  labels: readonly Pick<LabelPrediction, "unknownReasons">[],
): ReasonCounts[] {
  return labels.map(({ unknownReasons }) => {
    const counts = {
      no_counts: 0,
      low_confidence: 0,
      knn_disagrees: 0,
      unlike_reference: 0,
      open_set: 0,
      hierarchy: 0,
    };
    for (const code of unknownReasons) {
      const reason = UNKNOWN_REASONS[code];
      if (reason !== undefined) counts[reason]++;
    }
    return counts;
  });
}
