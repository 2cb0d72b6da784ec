/**
 * The result of prediction: one array per column over the query's cells.
 * @module
 */

import type { ConfigMap } from "../core/config.ts";
import type { DenseMatrix } from "../core/dense.ts";
import type { Notice } from "../errors.ts";
import type { Warning } from "../model/types.ts";
import type { ColumnKey, ColumnKind, LABEL_COLUMNS } from "../schema/columns.ts";
import type { UnknownMode } from "../schema/prediction-options.ts";

/** Labels of all cells in one column: `codes` are indices into `categories`. */
export interface PredictedLabels {
  readonly codes: Int32Array;
  readonly categories: readonly string[];
}

/** Prediction sets of all cells in one column; see `prediction-sets.ts`. */
export interface PredictedSets {
  /** For each cell the index of its set in `members`; -1 for none. */
  readonly codes: Int32Array;
  /** Each distinct set once, as indices into `categories`, the most likely label first. */
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
  /** All labels that are probable enough, if `matchMode` asked for them. */
  readonly probMatch?: PredictedLabels | undefined;
  /** The distance to the classes of the reference as a share of held-out reference cells, if it was measured. */
  readonly distance?: Float32Array | undefined;
  /** The nearest class by that distance. */
  readonly nearest?: PredictedLabels | undefined;
  /** The second most probable label; absent where only the label is known, as of other methods. */
  readonly second?: PredictedLabels | undefined;
  /** Its probability. */
  readonly secondConf?: Float32Array | undefined;
  /** The label of the cell's group, if `consensusBy` named groups; -1 for a cell of no group. */
  readonly consensus?: PredictedLabels | undefined;
  /** The share of the cells of the group that have this label, NaN for a cell of no group. */
  readonly consensusShare?: Float32Array | undefined;
  /** The prediction sets, if `predictionSets` requested them. */
  readonly sets?: PredictedSets | undefined;
}

/** One column of a table of probabilities: a probability, or a label, for each cell. */
export type ProbabilityColumn =
  | {
      readonly name: string;
      readonly kind: "score";
      /** Of a large table a new array, read from a temporary file at each access. */
      readonly values: Float32Array;
      /** The values of cells `start` to `end` (not included), if not all are in memory. */
      readonly part?: ((start: number, end: number) => Float32Array) | undefined;
    }
  | { readonly name: string; readonly kind: "label"; readonly labels: PredictedLabels };

/**
 * The probabilities of one label column: a column for each class, named like it; or, of the K most probable labels, the
 * label and its probability by rank (`label_1`, `prob_1`, …).
 */
export interface ProbabilityTable {
  readonly column: string;
  readonly columns: readonly ProbabilityColumn[];
}

/** The fields of a prediction that a kind of output column is made from. */
export type FieldOf<K extends ColumnKind> = LabelPrediction[{
  [Key in ColumnKey]: (typeof LABEL_COLUMNS)[Key]["kind"] extends K ? Key : never;
}[ColumnKey]];

/** For each cell the finest label that is known and agrees with the coarser ones. */
export interface DeepestLabels {
  /** `Unknown` if the coarsest label is. */
  readonly labels: PredictedLabels;
  /** The index of its label column; -1 for `Unknown`. */
  readonly columns: PredictedLabels;
}

/** The labels of groups at one level; arrays have one entry per group. */
export interface GroupLabels {
  readonly column: string;
  /** `Heterogeneous` if the share is below `minProp`, `Unknown` if more than half of the cells are. */
  readonly labels: PredictedLabels;
  /** The share of its cells that have this label, or are Unknown if it is that. */
  readonly share: Float32Array;
  /** The class with the largest mean probability. */
  readonly likely: PredictedLabels;
  /** This mean, 0 to 1. */
  readonly probability: Float32Array;
  /** The share of its cells that are Unknown. */
  readonly unknown: Float32Array;
}

/** The labels of the groups of an obs column, at every level. */
export interface LabelsOfGroups {
  /** The obs column. */
  readonly by: string;
  /** The group of each cell, and the names of the groups. */
  readonly groups: PredictedLabels;
  /** Cells of each group. */
  readonly sizes: Uint32Array;
  readonly levels: readonly GroupLabels[];
}

/** An obs column of the reference as the neighbours of each cell have it; one entry per query cell. */
export type TransferredColumn =
  | {
      readonly column: string;
      readonly kind: "number";
      /** NaN where no neighbour has a value. */
      readonly mean: Float32Array;
      /** Standard deviation over the neighbours that have a value. */
      readonly spread: Float32Array;
    }
  | {
      readonly column: string;
      readonly kind: "label";
      /** -1 where no neighbour has a category. */
      readonly labels: PredictedLabels;
      /** Its share of the vote of the neighbours that have a category, 0 to 1. */
      readonly share: Float32Array;
    };

/** What `transfer` carried over. */
export interface Transferred {
  readonly columns: readonly TransferredColumn[];
  /** The mean distance to the neighbours; NaN for a cell without counts. */
  readonly distance: Float32Array;
}

export type { Warning };

export interface Predictions {
  readonly obsNames: readonly string[];
  readonly labels: readonly LabelPrediction[];
  /** One table for each label column, if `probabilities` requested them. */
  readonly probabilities?: readonly ProbabilityTable[] | undefined;
  /** The labels of groups, if `consensusBy` named a column. */
  readonly groups?: LabelsOfGroups | undefined;
  /** The columns of the reference that `transfer` named. */
  readonly transferred?: Transferred | undefined;
  /** Present if `deepestLabel` was on. */
  readonly deepest?: DeepestLabels | undefined;
  /** Predicted coordinates in original units, by head name, plus `latent_internal`; empty if not kept. */
  readonly coords: ReadonlyMap<string, DenseMatrix>;
  /** Every space the model predicts, also those not kept in `coords`. */
  readonly spaces: readonly string[];
  /** For each cell the distance to the reference, if open-set scoring was on. */
  readonly opensetScores?: Float64Array | undefined;
  /** What made cells Unknown in this prediction. */
  readonly unknown?: UnknownMode | undefined;
  readonly metadata: ConfigMap;
  /** What was done and is as it should be, such as how genes were mapped. */
  readonly notes?: readonly Notice[] | undefined;
  readonly warnings: readonly Warning[];
}
