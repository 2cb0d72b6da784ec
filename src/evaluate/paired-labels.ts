/** Gives true and predicted labels the same codes. @module */
import { compareCodePoints } from "../core/order.ts";
import { AtlasmtlError } from "../errors.ts";
import type { PredictedLabels } from "../predict/types.ts";
import { UNKNOWN } from "../predict/unknown.ts";

/** The code of a missing true label, and of a predicted label that is Unknown or missing. */
export const NO_LABEL = -1;

/** True and predicted labels of the same cells: equal codes mean equal names. */
export interface JoinedLabels {
  /** Distinct names of both sides, by code point. */
  readonly names: readonly string[];
  /** For each cell the true label; {@link NO_LABEL} if it is missing. */
  readonly truth: Int32Array;
  /** For each cell the predicted label; {@link NO_LABEL} if it is Unknown. */
  readonly predicted: Int32Array;
}

/**
 * Gives the labels of both sides the same codes.
 *
 * A predicted `Unknown` never equals a true label, not even one with the name `Unknown`: it counts as wrong
 * (docs/specification/5-benchmark.md#metrics).
 * @throws MISMATCH if the two sides differ in length, BAD_DATA for a code outside its categories.
 */
export function joinLabels(truth: PredictedLabels, predicted: PredictedLabels): JoinedLabels {
  requireSameCells(truth.codes.length, predicted.codes.length);
  const names = [...new Set([...truth.categories, ...predicted.categories])].sort(compareCodePoints);
  const codeOf = new Map(names.map((name, code) => [name, code]));
  const ofTruth = truth.categories.map((name) => codeOf.get(name)!);
  const ofPredicted = predicted.categories.map((name) => (name === UNKNOWN ? NO_LABEL : codeOf.get(name)!));
  return {
    names,
    truth: renumber(truth.codes, ofTruth, "true"),
    predicted: renumber(predicted.codes, ofPredicted, "predicted"),
  };
}

function renumber(codes: Int32Array, map: readonly number[], side: string): Int32Array {
  const out = new Int32Array(codes.length);
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i];
    if (code < NO_LABEL || code >= map.length)
      throw new AtlasmtlError(
        "BAD_DATA",
        `the ${side} label of cell ${i} has code ${code}, there are ${map.length} categories`,
      );
    out[i] = code < 0 ? NO_LABEL : map[code];
  }
  return out;
}

/** @throws MISMATCH that names both counts. */
export function requireSameCells(nTruth: number, nPredicted: number): void {
  if (nTruth !== nPredicted)
    throw new AtlasmtlError("MISMATCH", `there are ${nTruth} true labels for ${nPredicted} predictions`, {
      hint: "give the truth of the same cells in the same order",
    });
}

/** `part` divided by `whole`; NaN ("not measured") if `whole` is 0. */
export const share = (part: number, whole: number): number => (whole === 0 ? Number.NaN : part / whole);
