/** Why a cell is Unknown, in words. @module */
import type { UnknownReason } from "../../schema/prediction.ts";

export const REASON_TEXTS: Readonly<Record<UnknownReason, string>> = {
  low_confidence: "the confidence is too low",
  knn_disagrees: "network and neighbours are both unsure",
  no_counts: "the cell has no counts in the model's genes",
  unlike_reference: "the cell is unlike every class of the reference",
  open_set: "the cell is too far from the reference",
  hierarchy: "the label contradicts its parent",
};
