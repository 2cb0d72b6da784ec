/** From which confidence on labels are right as often as is asked for. @module */
import type { HeadLogits } from "../calibrate.ts";
import { probabilitiesOf, SET_COVERAGES } from "../conformal.ts";

/** Stands for: no confidence is high enough. */
export const NONE_IS_SURE = 2;

/**
 * For each of {@link SET_COVERAGES} the lowest confidence such that, of the cells with at least that, this share or more have
 * the right label; {@link NONE_IS_SURE} if there is none. Rows without a label are left out.
 */
export function fitRiskThresholds(
  { logits, nClasses, targets }: HeadLogits,
  temperature: number,
): readonly number[] {
  const probabilities = new Float64Array(nClasses);
  const cells: { confidence: number; isRight: boolean }[] = [];
  targets.forEach((target, r) => {
    if (target < 0) return;
    probabilitiesOf(logits, r * nClasses, temperature, probabilities);
    const confidence = Math.fround(probabilities.reduce((a, b) => Math.max(a, b)));
    cells.push({ confidence, isRight: Math.fround(probabilities[target]) === confidence });
  });
  cells.sort((a, b) => b.confidence - a.confidence);
  const thresholds = SET_COVERAGES.map(() => NONE_IS_SURE);
  let right = 0;
  cells.forEach(({ confidence, isRight }, i) => {
    if (isRight) right++;
    // Cells of equal confidence are kept or not together.
    if (i + 1 < cells.length && cells[i + 1].confidence === confidence) return;
    SET_COVERAGES.forEach((share, s) => {
      if (right >= share * (i + 1)) thresholds[s] = confidence;
    });
  });
  return thresholds;
}
