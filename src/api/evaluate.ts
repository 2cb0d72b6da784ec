/** Scores a file of predictions against true labels (Node); loaded on first use. @module */
import type { EvaluateOptions, Evaluation } from "./evaluation.ts";

/**
 * Scores the predictions of one file against the true labels of another.
 *
 * ```ts
 * const evaluation = await evaluatePredictions({
 *   predictions: "predictions.csv", truth: "query.h5ad", labelColumns: ["cell_type"],
 * });
 * console.log(new TextDecoder().decode(evaluation.toJson()));
 * ```
 * Cells without a true label are not scored.
 * @throws NOT_FOUND for a file or column that is not there; BAD_DATA for labels that cannot be used; MISMATCH.
 */
export async function evaluatePredictions(options: EvaluateOptions): Promise<Evaluation> {
  return (await import("./evaluation.ts")).evaluatePredictions(options);
}
