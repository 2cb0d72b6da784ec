/** Measures coverage and size of prediction sets. @module */
import type { PredictedLabels, PredictedSets } from "../predict/types.ts";
import { requireSameCells, share } from "./paired-labels.ts";

/** Over the cells with a true label and a set; NaN without such cells. */
export interface SetMetrics {
  /** Share of cells whose set contains the true label, 0 to 1. */
  readonly setCoverage: number;
  /** Mean number of labels in a set. */
  readonly meanSetSize: number;
  /** Share of cells with exactly one label in their set, 0 to 1. */
  readonly singleLabelRate: number;
}

/** Scores the sets of one label column by names. @throws MISMATCH if the lengths differ. */
export function scoreSets(truth: PredictedLabels, sets: PredictedSets): SetMetrics {
  requireSameCells(truth.codes.length, sets.codes.length);
  const inSets = new Map(sets.categories.map((name, code) => [name, code]));
  const ofTruth = truth.categories.map((name) => inSets.get(name) ?? -1);
  let [n, held, labels, single] = [0, 0, 0, 0];
  for (let i = 0; i < truth.codes.length; i++) {
    if (truth.codes[i] < 0 || sets.codes[i] < 0) continue;
    const members = sets.members[sets.codes[i]];
    n++;
    labels += members.length;
    if (members.length === 1) single++;
    if (members.includes(ofTruth[truth.codes[i]])) held++;
  }
  return { setCoverage: share(held, n), meanSetSize: share(labels, n), singleLabelRate: share(single, n) };
}
