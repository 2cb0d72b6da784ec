/**
 * Softmax cross-entropy with class weights and missing labels. Source: docs/specification/2-training.md#loss.
 * @module
 */
import { exp, log } from "../../core/math.ts";

export interface CrossEntropyInput {
  /** `[nRows, nClasses]`. */
  readonly logits: Float64Array;
  readonly nRows: number;
  readonly nClasses: number;
  /** The class of each row, -1 where it is missing. */
  readonly targets: Int32Array;
  /** Weight of each class; null for equal weights. */
  readonly classWeights: Float32Array | null;
}

/**
 * The mean cross-entropy over rows with a label, weighted by class as torch does (Σ w·ce / Σ w); 0 when no
 * row counts. `gradient`, if given, is overwritten with `scale` times the derivative by the logits.
 */
export function crossEntropy(input: CrossEntropyInput, scale: number, gradient: Float64Array | null): number {
  const { logits, nRows, nClasses, targets, classWeights } = input;
  const weightOf = (target: number) => (classWeights === null ? 1 : classWeights[target]);
  let weightSum = 0;
  for (let r = 0; r < nRows; r++) if (targets[r] >= 0) weightSum += weightOf(targets[r]);
  gradient?.fill(0, 0, nRows * nClasses);
  if (!(weightSum > 0)) return 0;
  let loss = 0;
  for (let r = 0; r < nRows; r++) {
    const target = targets[r];
    if (target < 0) continue;
    const weight = weightOf(target);
    const row = r * nClasses;
    let largest = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < nClasses; c++) largest = Math.max(largest, logits[row + c]);
    let sum = 0;
    for (let c = 0; c < nClasses; c++) sum += exp(logits[row + c] - largest);
    loss += weight * (log(sum) + largest - logits[row + target]);
    if (gradient === null) continue;
    const factor = (scale * weight) / weightSum;
    for (let c = 0; c < nClasses; c++)
      gradient[row + c] = factor * (exp(logits[row + c] - largest) / sum - (c === target ? 1 : 0));
  }
  return loss / weightSum;
}
