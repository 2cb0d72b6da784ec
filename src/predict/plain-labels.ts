/** Results of a method without KNN vote and Unknown. @module */
import type { LabelPrediction } from "./types.ts";
import { NO_REASON } from "./unknown.ts";

/**
 * The columns of a prediction from labels alone; `confidence` is null if the method gives none. A code of −1
 * is a missing label, which counts as Unknown.
 */
export function plainLabels(
  column: string,
  codes: Int32Array,
  categories: readonly string[],
  confidence: Float32Array | null,
): LabelPrediction {
  const n = codes.length;
  const labels = { codes, categories };
  const none = (): Uint8Array => new Uint8Array(n);
  return {
    column,
    raw: labels,
    conf: confidence ?? new Float32Array(n).fill(Number.NaN),
    margin: new Float32Array(n).fill(Number.NaN),
    isLowConf: none(),
    knn: labels,
    knnVoteFrac: new Float32Array(n).fill(Number.NaN),
    isLowKnnConf: none(),
    usedKnn: none(),
    isUnknown: Uint8Array.from(codes, (code) => (code < 0 ? 1 : 0)),
    unknownReasons: new Int32Array(n).fill(NO_REASON),
    final: labels,
  };
}
