/**
 * What mapping gives back, as plain columns over the query's cells.
 * @module
 */
import type { ConfigMap } from "../core/config.ts";
import type { DenseMatrix } from "../core/dense.ts";
import type { Warning } from "../model/types.ts";

/** Labels of all cells of one column: `codes` index `categories`. */
export interface PredictedLabels {
  readonly codes: Int32Array;
  readonly categories: readonly string[];
}

/** Sets of labels of all cells of one column; see `prediction-sets.ts`. */
export interface PredictedSets {
  /** Per cell the index of its set in `members`; -1 where there is none. */
  readonly codes: Int32Array;
  /** Each different set once, as indices into `categories`, the most likely label first. */
  readonly members: readonly (readonly number[])[];
  readonly categories: readonly string[];
}

/**
 * The result of one label column; every array has one entry per query cell
 * (docs/specification/3-prediction.md#result).
 */
export interface LabelPrediction {
  readonly column: string;
  readonly raw: PredictedLabels;
  readonly conf: Float32Array;
  readonly margin: Float32Array;
  readonly isLowConf: Uint8Array;
  readonly knn: PredictedLabels;
  /** Share of the vote, NaN where KNN was not used. */
  readonly knnVoteFrac: Float32Array;
  readonly isLowKnnConf: Uint8Array;
  readonly usedKnn: Uint8Array;
  readonly isUnknown: Uint8Array;
  /** Index into `UNKNOWN_REASONS`, -1 where the cell is not Unknown. */
  readonly unknownReasons: Int32Array;
  readonly final: PredictedLabels;
  /** The labels that hold the true one with the probability asked for by `predictionSets`; absent when it was not. */
  readonly sets?: PredictedSets | undefined;
}

/** Of each cell the finest label that is known and agrees with the coarser ones. */
export interface DeepestLabels {
  /** `Unknown` where the coarsest label is. */
  readonly labels: PredictedLabels;
  /** The label column it is of; -1 where it is `Unknown`. */
  readonly columns: PredictedLabels;
}

export type { Warning };

export interface Predictions {
  readonly obsNames: readonly string[];
  readonly labels: readonly LabelPrediction[];
  /** Where `deepestLabel` was on. */
  readonly deepest?: DeepestLabels | undefined;
  /** Predicted coordinates in original units, by head name, plus `latent_internal`; empty when not kept. */
  readonly coords: ReadonlyMap<string, DenseMatrix>;
  /** Every space the model predicts, also those not kept in `coords`. */
  readonly spaces: readonly string[];
  /** Per cell the distance to the reference, where open-set scoring was on. */
  readonly opensetScores?: Float64Array | undefined;
  readonly metadata: ConfigMap;
  readonly warnings: readonly Warning[];
}
