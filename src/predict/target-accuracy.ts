/** From which confidence on labels are kept, for a share of right ones. @module */
import { AtlasmtlError, option, phrase } from "../errors.ts";
import { SET_COVERAGES } from "../model/conformal.ts";
import type { Rung } from "../model/linear/types.ts";
import type { Model } from "../model/types.ts";
import type { PredictSettings } from "./options.ts";

/** The confidences below which cells are Unknown, by label column in order. */
export interface LeastConfidences {
  /** The share of right labels, one that the model has thresholds for; null if `confidenceLow` decides. */
  readonly targetAccuracy: number | null;
  readonly thresholds: readonly number[];
}

/**
 * `confidenceLow`, or for a target accuracy the thresholds of `rung`, by default of held-out cells as they are.
 * @throws MISMATCH for a target accuracy if the model has no thresholds for it.
 */
export function leastConfidences(
  { labelHeads, linear }: Pick<Model, "labelHeads" | "linear">,
  { targetAccuracy, confidenceLow }: PredictSettings,
  rung: Rung | null,
): LeastConfidences {
  if (targetAccuracy === null) return { targetAccuracy, thresholds: labelHeads.map(() => confidenceLow) };
  const chosen = rung ?? linear?.ladder[0];
  // A computed 0.9 may differ from 0.9 in its last digit.
  const at = SET_COVERAGES.findIndex((share) => share >= targetAccuracy - 1e-9);
  if (chosen === undefined || at < 0)
    throw new AtlasmtlError("MISMATCH", "the model does not know how often its labels are right", {
      where: "linear views › ladder",
      hint: phrase`train it with linear views and at least 200 cells, or give ${option("confidenceLow")}`,
      subject: "artifact",
    });
  return {
    targetAccuracy: SET_COVERAGES[at],
    thresholds: chosen.riskThresholds.map((thresholds) => thresholds[at]),
  };
}
