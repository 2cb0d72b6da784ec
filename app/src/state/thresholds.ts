/** Labels under other thresholds: what prediction gives with them, from the probabilities and distances that are there. */
import type { LevelView, ResultView } from "../worker/views.ts";

export interface Labels {
  /** Final labels, as indices into the level's categories. */
  readonly final: Uint16Array;
  /** Index into the result's reasons; -1 where a cell has a label. */
  readonly reason: Int8Array;
}

export interface Thresholds {
  /** Unknown below this probability. */
  readonly confidenceLow: number;
  /** The share of cells of known types that may become Unknown by their distance. */
  readonly knownLoss: number;
}

/** The labels of every level; those of the result itself where the thresholds are its own. */
export function labelsUnder(result: ResultView, thresholds: Thresholds): readonly Labels[] {
  const { confidenceLow, knownLoss } = result.settings;
  if (thresholds.confidenceLow === confidenceLow && thresholds.knownLoss === knownLoss) return result.levels;
  const finest = result.levels[result.levels.length - 1].distance;
  return result.levels.map((level) => decide(result, level, finest, thresholds));
}

/** As the library decides, in its order: no counts, low confidence, both unsure, unlike the reference. */
function decide(
  { reasons }: ResultView,
  level: LevelView,
  finest: Float32Array | null,
  thresholds: Thresholds,
): Labels {
  const code = (name: string): number => reasons.indexOf(name);
  const [empty, low, disputed, unlike] = [
    code("no_counts"),
    code("low_confidence"),
    code("knn_disagrees"),
    code("unlike_reference"),
  ];
  const kept = new Set([code("open_set"), code("hierarchy")]);
  // Rounded as the values are, so that they compare as they are shown.
  const least = Math.fround(thresholds.confidenceLow);
  const limit = Math.fround(1 - thresholds.knownLoss);
  const { conf, distance, isDisputed, likely, unknownCode } = level;
  const reason = level.reason.map((before, cell) => {
    if (before === empty && empty >= 0) return empty;
    if (conf[cell] < least) return low;
    if (isDisputed[cell] === 1) return disputed;
    if (distance !== null && finest !== null && distance[cell] >= limit && finest[cell] >= limit)
      return unlike;
    return kept.has(before) ? before : -1;
  });
  return { reason, final: likely.map((label, cell) => (reason[cell] >= 0 ? unknownCode : label)) };
}

/** How many cells have no label. */
export const countUnknown = ({ reason }: Labels): number =>
  reason.reduce((n, each) => n + (each >= 0 ? 1 : 0), 0);
