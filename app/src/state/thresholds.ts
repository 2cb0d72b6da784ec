/** Labels under other thresholds: what prediction would give, without running it again. */
import type { LevelView, ResultView } from "../worker/views.ts";

export interface Labels {
  /** Final labels, as indices into the level's categories. */
  readonly final: Uint16Array;
  readonly reason: Int8Array;
}

/** The labels of a level as the result has them. */
export const labelsAsTheyAre = ({ final, reason }: LevelView): Labels => ({ final, reason });

export const labelsOf = (result: ResultView): readonly Labels[] => result.levels.map(labelsAsTheyAre);
