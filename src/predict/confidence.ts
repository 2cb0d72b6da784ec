/** From logits to label, confidence and margin (docs/specification/3-prediction.md#confidence). @module */
import { exp } from "../core/math.ts";
import { AtlasmtlError } from "../errors.ts";
import { probabilitiesOf } from "../model/conformal.ts";

/** The network's label and scores of every cell, for one label column. */
export interface HeadScores {
  readonly column: string;
  readonly classes: readonly string[];
  /** The most likely class of each cell; of equals, the first. */
  readonly raw: Int32Array;
  /** Its probability, 0 to 1. */
  readonly conf: Float32Array;
  /** `conf` minus the probability of the second most likely class; `conf` if there is only one class. */
  readonly margin: Float32Array;
  /** The second most likely class, of equals the first; -1 if there is only one class. */
  readonly second: Int32Array;
  /** Its probability, 0 to 1; 0 if there is only one class. */
  readonly secondConf: Float32Array;
}

/** Allocates the scores of `nObs` cells. */
export function createScores(column: string, classes: readonly string[], nObs: number): HeadScores {
  return {
    column,
    classes,
    raw: new Int32Array(nObs),
    conf: new Float32Array(nObs),
    margin: new Float32Array(nObs),
    second: new Int32Array(nObs).fill(-1),
    secondConf: new Float32Array(nObs),
  };
}

/**
 * Scores a block: `logits` is `[nRows, nClasses]`, row 0 goes to cell `firstRow` of `scores`.
 *
 * Logits are divided by `temperature`; the softmax is computed in float64 around the largest logit.
 * @throws BAD_DATA when a logit is not finite.
 */
export function scoreBlock(
  logits: Float32Array,
  nRows: number,
  temperature: number,
  scores: HeadScores,
  firstRow: number,
): void {
  const nClasses = scores.classes.length;
  for (let r = 0; r < nRows; r++) {
    const at = r * nClasses;
    let best = 0;
    for (let c = 1; c < nClasses; c++) if (logits[at + c] > logits[at + best]) best = c;
    const largest = logits[at + best];
    let sum = 0;
    let second = 0;
    let other = -1;
    for (let c = 0; c < nClasses; c++) {
      const p = exp((logits[at + c] - largest) / temperature);
      sum += p;
      if (c === best || (other >= 0 && p <= second)) continue;
      second = p;
      other = c;
    }
    if (!Number.isFinite(sum)) throw notFinite(firstRow + r, scores.column);
    scores.raw[firstRow + r] = best;
    scores.conf[firstRow + r] = 1 / sum;
    scores.margin[firstRow + r] = (1 - second) / sum;
    scores.second[firstRow + r] = other;
    scores.secondConf[firstRow + r] = second / sum;
  }
}

/**
 * The probabilities of a block, `[nRows, nClasses]`: softmax of `logits` divided by `temperature`; row 0 is cell
 * `firstRow`, for messages.
 * @throws BAD_DATA when a logit is not finite.
 */
export function softmaxRows(
  logits: Float32Array,
  nRows: number,
  temperature: number,
  { column, classes }: Pick<HeadScores, "column" | "classes">,
  firstRow: number,
): Float64Array {
  const nClasses = classes.length;
  const probabilities = new Float64Array(logits.length);
  for (let r = 0; r < nRows; r++) {
    const at = r * nClasses;
    probabilitiesOf(logits, at, temperature, probabilities.subarray(at, at + nClasses));
    if (Number.isNaN(probabilities[at])) throw notFinite(firstRow + r, column);
  }
  return probabilities;
}

/** From the logits of a block to labels and probabilities. */
export interface Scoring {
  readonly scoreBlock: typeof scoreBlock;
  readonly probabilities: typeof softmaxRows;
}

/** The probabilities of a cell add up to 1. */
export const SOFTMAX: Scoring = { scoreBlock, probabilities: softmaxRows };

/** The error for a logit that is not finite. */
export function notFinite(cell: number, column: string): AtlasmtlError {
  return new AtlasmtlError(
    "BAD_DATA",
    `the network's output for cell ${cell}, column ${column}, is not finite`,
    { hint: "check that the values of the query are on the scale the model was trained with" },
  );
}

/**
 * Marks cells whose confidence or margin is low: 1 below either threshold.
 *
 * Thresholds are rounded to float32 as the scores are, so that a score shown as 0.7 is not below 0.7.
 */
export function flagLowConfidence(
  scores: HeadScores,
  thresholds: { readonly confidenceHigh: number; readonly marginThreshold: number },
): Uint8Array {
  const high = Math.fround(thresholds.confidenceHigh);
  const margin = Math.fround(thresholds.marginThreshold);
  const low = new Uint8Array(scores.conf.length);
  for (let i = 0; i < low.length; i++) low[i] = scores.conf[i] < high || scores.margin[i] < margin ? 1 : 0;
  return low;
}
