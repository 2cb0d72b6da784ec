/** The KNN vote on a label (docs/specification/3-prediction.md#knn-correction). @module */

import type { Neighbours } from "../kernels/types.ts";
import type { KnnVoteMode } from "../schema/prediction-options.ts";

/** Keeps the weight of a neighbour at distance 0 finite. */
const DISTANCE_FLOOR = 1e-6;

/** `code` is the winning label, -1 if no neighbour has one; `share` is its share of the vote, 0 to 1. */
export interface Verdict {
  readonly code: number;
  readonly share: number;
}

/** Votes on query `row` of `neighbours`; `labels` gives the code of each reference point, -1 for none. */
export type Ballot = (labels: Int32Array, neighbours: Neighbours, row: number) => Verdict;

/** The weight of a neighbour at `distance`. */
export const voiceOf = (mode: KnnVoteMode, distance: number): number =>
  mode === "majority" ? 1 : 1 / (distance + DISTANCE_FLOOR);

/**
 * A vote over labels 0 … `nLabels` − 1, which are numbered in sort order.
 *
 * `majority`: each neighbour counts 1; ties go to the label that sorts last. `distance_weighted`: each counts
 * 1/(distance + 1e-6); ties go to the label of the nearest neighbour. A neighbour without a label gives no
 * vote, but its weight counts in the total of the shares, unless `missing` is `leftOut`.
 */
export function createBallot(
  mode: KnnVoteMode,
  nLabels: number,
  missing: "counts" | "leftOut" = "counts",
): Ballot {
  const voices = new Float64Array(nLabels);
  const majority = mode === "majority";
  return (labels, { k, indices, distances }, row) => {
    const start = row * k;
    let total = 0;
    for (let j = start; j < start + k; j++) {
      const voice = voiceOf(mode, distances[j]);
      const code = labels[indices[j]];
      if (code >= 0 || missing === "counts") total += voice;
      if (code >= 0) voices[code] += voice;
    }
    let winner = -1;
    for (let j = start; j < start + k; j++) {
      const code = labels[indices[j]];
      if (code < 0 || code === winner) continue;
      const wins =
        winner < 0 ||
        voices[code] > voices[winner] ||
        (majority && voices[code] === voices[winner] && code > winner);
      if (wins) winner = code;
    }
    const share = winner < 0 ? 0 : voices[winner] / total;
    for (let j = start; j < start + k; j++) {
      const code = labels[indices[j]];
      if (code >= 0) voices[code] = 0;
    }
    return { code: winner, share };
  };
}
