/** The methods that a benchmark can compare. @module */
import { LOGISTIC_REGRESSION, REFERENCE_KNN, SPEARMAN_CORRELATION } from "../../schema/benchmark.ts";

/** A description of each method, in one sentence, for the report. */
export const METHOD_DESCRIPTIONS: ReadonlyMap<string, string> = new Map([
  [
    "atlasmtl",
    "A neural network learns all levels at once. Where it is unsure, the nearest reference cells are asked; where both are unsure, the cell stays Unknown.",
  ],
  [
    "reference_knn",
    "The nearest reference cells vote, each by the inverse of its distance in the matrix that the network is given, on each level by itself.",
  ],
  [
    "nearest_centroid",
    "Each cell takes the label whose mean log-normalised profile is nearest, on each level by itself. It gives no confidence.",
  ],
  [
    "logistic_regression",
    "Multinomial logistic regression on standardised log-normalised counts, the model that CellTypist trains, in an implementation of our own, on each level by itself.",
  ],
  [
    "spearman_correlation",
    "Rank correlation with reference profiles over marker genes, and fine tuning among the best labels, in the style of SingleR and in an implementation of our own. It gives no confidence.",
  ],
]);

/** Settings that `method_configs` may hold. */
export const METHOD_CONFIG_KEYS: ReadonlyMap<string, readonly string[]> = new Map<string, readonly string[]>([
  ["atlasmtl", []],
  ["reference_knn", [REFERENCE_KNN.k]],
  ["nearest_centroid", []],
  ["logistic_regression", [LOGISTIC_REGRESSION.c, LOGISTIC_REGRESSION.maxIter]],
  ["spearman_correlation", Object.values(SPEARMAN_CORRELATION)],
]);
