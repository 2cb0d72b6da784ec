/** Why cells are Unknown, told from what a prediction records (contract 3 §4 and §5). @module */
import type { LabelPrediction } from "../predict/types.ts";

/** In the order in which they are looked for; the first that holds is the reason. */
export const UNKNOWN_REASONS = ["confidence", "neighbours", "distance", "hierarchy"] as const;

/**
 * `confidence`: below `confidence_low`. `neighbours`: the network and the vote of the neighbours are both
 * unsure. `distance`: farther from the reference than the open-set threshold. `hierarchy`: the label
 * contradicts its parent's.
 */
export type UnknownReason = (typeof UNKNOWN_REASONS)[number];

/** What was switched on. */
export interface UnknownSettings {
  /** The `confidence_low` of the prediction. */
  readonly confidenceLow: number;
  readonly opensetUsed: boolean;
  readonly hierarchyEnforced: boolean;
}

/** Cells of one label column by the reason for which they are Unknown. */
export type ReasonCounts = Readonly<Record<UnknownReason, number>>;

/**
 * Counts the Unknown cells of each label column by reason.
 *
 * Distance marks a cell in every column and the hierarchy never in the first; where both are on, a cell that is
 * known in the first column was marked by the hierarchy.
 */
export function countUnknownReasons(
  labels: readonly LabelPrediction[],
  { confidenceLow, opensetUsed, hierarchyEnforced }: UnknownSettings,
): ReasonCounts[] {
  const threshold = Math.fround(confidenceLow);
  return labels.map((label) => {
    const counts = { confidence: 0, neighbours: 0, distance: 0, hierarchy: 0 };
    for (let cell = 0; cell < label.isUnknown.length; cell++) {
      if (label.isUnknown[cell] === 0) continue;
      if (label.conf[cell] < threshold) counts.confidence++;
      else if (isUnsure(label, cell)) counts.neighbours++;
      else if (!hierarchyEnforced || (opensetUsed && labels[0].isUnknown[cell] === 1)) counts.distance++;
      else counts.hierarchy++;
    }
    return counts;
  });
}

const isUnsure = ({ usedKnn, isLowConf, isLowKnnConf }: LabelPrediction, cell: number): boolean =>
  usedKnn[cell] === 1 && isLowConf[cell] === 1 && isLowKnnConf[cell] === 1;
