/** The options of training, their defaults and presets. @module */

import type { ConfigMap } from "../core/config.ts";
import type { EngineChoice } from "../schema/engines.ts";
import { defaultsOf, type HaveSameKeys } from "../schema/option.ts";
import {
  type CALIBRATION_METHODS,
  type DOMAIN_LOSS_METHODS,
  type EMBEDDINGS,
  type InputTransform,
  type MISSING_LABELS,
  type Normalization,
  type OPTIMIZERS,
  PRESETS,
  type PresetName,
  type ReferenceStorage,
  type SCHEDULERS,
  type TRAIN_DEVICES,
  TRAIN_OPTIONS,
} from "../schema/training-options.ts";
import type { ChildCorrectionOptions, ResolvedChildOptions } from "./child-options.ts";
import type { ClassBalanceOptions, ResolvedClassBalance } from "./class-balance.ts";
import type { Model } from "./types.ts";

/** A mapping from names to values, as a Map or a plain object. */
export type Named<T> = ReadonlyMap<string, T> | Readonly<Record<string, T>>;

/** Options of `buildModel`; `undefined` and `null` mean not given. */
export interface TrainOptions {
  /** obs columns, coarse to fine; each becomes one classification head. */
  readonly labelColumns: readonly string[];
  /** Coordinate head → obsm key. */
  readonly coordTargets?: Named<string> | null | undefined;
  /**
   * A map of two dimensions that is learnt as the coordinate head `umap`, so that queries land on it: `umap`, the reference's
   * `X_umap` or, where it has none, a UMAP that training lays out; `new_umap`, one that is laid out in any case
   * (docs/specification/2-training.md#reference-map).
   */
  readonly embed?: (typeof EMBEDDINGS)[number] | null | undefined;
  /** Neighbours of a cell for the map, itself among them, 2 to 200. */
  readonly embedNeighbors?: number | null | undefined;
  /** How close cells may lie on the map, 0 to 1. */
  readonly embedMinDist?: number | null | undefined;
  readonly preset?: PresetName | null | undefined;
  readonly hiddenSizes?: readonly number[] | null | undefined;
  /** 0 ≤ rate < 1. */
  readonly dropoutRate?: number | null | undefined;
  /** Networks that are trained one after another and averaged. */
  readonly ensembleSize?: number | null | undefined;
  /**
   * Whether two logistic regressions stand beside the network, on principal components of the log-normalised values and of
   * their ranks; the probabilities of a cell are the mean of all three, calibrated. They need held-out cells, so that they
   * are left out by default where `valFraction` is 0 (docs/specification/2-training.md#linear-views).
   */
  readonly linearViews?: boolean | null | undefined;
  readonly batchSize?: number | null | undefined;
  readonly numEpochs?: number | null | undefined;
  readonly learningRate?: number | null | undefined;
  readonly optimizerName?: (typeof OPTIMIZERS)[number] | null | undefined;
  readonly weightDecay?: number | null | undefined;
  readonly schedulerName?: (typeof SCHEDULERS)[number] | null | undefined;
  readonly schedulerFactor?: number | null | undefined;
  readonly schedulerPatience?: number | null | undefined;
  readonly schedulerMinLr?: number | null | undefined;
  readonly schedulerMonitor?: "val_loss" | null | undefined;
  readonly inputTransform?: InputTransform | null | undefined;
  /** How counts are normalised before the input transform; predictions with the model do the same. */
  readonly normalize?: Normalization | null | undefined;
  /** Goes on with values that cannot be what training needs, with a warning in place of the error. */
  readonly forceInput?: boolean | null | undefined;
  /**
   * The lowest share of its counts that a cell keeps in a training step, 0 < share ≤ 1, see
   * `createCountThinning`; 1 means no thinning. Needs `normalize`.
   */
  readonly countThinning?: number | null | undefined;
  /** The matrix: `X`, `raw/X`, `layers/counts` or a bare layer name. */
  readonly layer?: string | null | undefined;
  /**
   * Names of genes, such as `query.var.index`: the others of the reference are left out, so that the model is made for a
   * query that lacks them.
   */
  readonly genes?: readonly string[] | null | undefined;
  /** Share of the cells held out, 0 ≤ f < 1; with `linearViews` of every class of the last label column. */
  readonly valFraction?: number | null | undefined;
  /** Epochs without improvement before training stops; it has no effect without a validation set. */
  readonly earlyStoppingPatience?: number | null | undefined;
  readonly earlyStoppingMinDelta?: number | null | undefined;
  /** An integer from 0 to 2^53 − 1. */
  readonly randomState?: number | null | undefined;
  /** One weight per label column; 1 each by default. */
  readonly taskWeights?: readonly number[] | null | undefined;
  /** Weights the classes of a label column in its loss. */
  readonly classWeighting?: ClassBalanceOptions | null | undefined;
  /** Draws the cells of each epoch by the weights of their classes. */
  readonly classBalancedSampling?: ClassBalanceOptions | null | undefined;
  /** Modules that correct the children of selected parents. */
  readonly childCorrection?: ChildCorrectionOptions | null | undefined;
  /** Coordinate head → weight; a head without one contributes 0. */
  readonly coordLossWeights?: Named<number> | null | undefined;
  readonly domainKey?: string | null | undefined;
  readonly domainLossWeight?: number | null | undefined;
  readonly domainLossMethod?: (typeof DOMAIN_LOSS_METHODS)[number] | null | undefined;
  readonly topologyLossWeight?: number | null | undefined;
  readonly topologyK?: number | null | undefined;
  /** The coordinate head whose neighbour distances are preserved. */
  readonly topologyCoord?: string | null | undefined;
  /** Not given, there is none where no cells are held out, and in the preset `original`. */
  readonly calibrationMethod?: (typeof CALIBRATION_METHODS)[number] | null | undefined;
  /** With `calibrationLr`: the search range of log T, see `logTemperatureReach`. */
  readonly calibrationMaxIter?: number | null | undefined;
  readonly calibrationLr?: number | null | undefined;
  /** An obsm array that is stored as a KNN space only. */
  readonly knnReferenceObsmKey?: string | null | undefined;
  readonly knnSpace?: string | null | undefined;
  /**
   * obs columns of the reference cells that the bundle keeps, so that predictions can `transfer` them: numbers, or categories of
   * any kind. Label columns are always kept.
   */
  readonly keepColumns?: readonly string[] | null | undefined;
  /** `ignore`: cells without a label do not contribute to that head's loss. */
  readonly missingLabels?: (typeof MISSING_LABELS)[number] | null | undefined;
  /**
   * Labels that mean "none", such as `nan`, in any case and with any blanks around; their cells are missing. `missingLabels`
   * is then `ignore` by default.
   */
  readonly missingValues?: readonly string[] | null | undefined;
  readonly referenceStorage?: ReferenceStorage | null | undefined;
  /** A loaded model; tensors of matching shape are the initial weights. */
  readonly initModel?: Model | null | undefined;
  /** Source of `initModel`, for the metadata. */
  readonly initModelPath?: string | null | undefined;
  /** For the metadata; results do not depend on it. */
  /**
   * Reads cells from the file in every epoch, `streamBuffer` of them at a time, instead of holding the matrix in memory. Not
   * given, it is done where the matrix takes more than half of the memory of the host
   * (docs/specification/2-training.md#streaming).
   */
  readonly stream?: boolean | null | undefined;
  /** Cells in memory at a time, at least 64; by default so many that they have 64 million entries. */
  readonly streamBuffer?: number | null | undefined;
  /** Reference cells that the model keeps at most, an even share of each class of the last label column. */
  readonly referenceCells?: number | null | undefined;
  readonly numThreads?: number | "max" | null | undefined;
  readonly device?: (typeof TRAIN_DEVICES)[number] | null | undefined;
  /** What computes. Only `reference`, which is slow, gives other bits. */
  readonly engine?: EngineChoice | null | undefined;
  /** The record of preprocessing (docs/specification/4-preprocessing.md#feature-panel). */
  readonly preprocess?: ConfigMap | null | undefined;
}

/** Options with every default filled in. */
export interface ResolvedTrainOptions {
  readonly labelColumns: readonly string[];
  readonly coordTargets: ReadonlyMap<string, string>;
  readonly embed: (typeof EMBEDDINGS)[number] | null;
  readonly embedNeighbors: number;
  readonly embedMinDist: number;
  readonly preset: PresetName | null;
  readonly hiddenSizes: readonly number[];
  readonly dropoutRate: number;
  readonly ensembleSize: number;
  readonly linearViews: boolean;
  readonly batchSize: number;
  readonly numEpochs: number;
  readonly learningRate: number;
  readonly optimizerName: (typeof OPTIMIZERS)[number];
  readonly weightDecay: number;
  readonly schedulerName: (typeof SCHEDULERS)[number] | null;
  readonly schedulerFactor: number;
  readonly schedulerPatience: number;
  readonly schedulerMinLr: number;
  readonly schedulerMonitor: "val_loss";
  readonly inputTransform: InputTransform;
  readonly normalize: Normalization;
  readonly forceInput: boolean;
  readonly countThinning: number | null;
  readonly layer: string;
  readonly genes: readonly string[] | null;
  readonly valFraction: number;
  readonly earlyStoppingPatience: number | null;
  readonly earlyStoppingMinDelta: number;
  readonly randomState: number;
  readonly taskWeights: readonly number[];
  readonly classWeighting: ResolvedClassBalance | null;
  readonly classBalancedSampling: ResolvedClassBalance | null;
  readonly childCorrection: ResolvedChildOptions | null;
  readonly coordLossWeights: ReadonlyMap<string, number>;
  readonly domainKey: string | null;
  readonly domainLossWeight: number;
  readonly domainLossMethod: (typeof DOMAIN_LOSS_METHODS)[number];
  readonly topologyLossWeight: number;
  readonly topologyK: number;
  readonly topologyCoord: string;
  readonly calibrationMethod: (typeof CALIBRATION_METHODS)[number] | null;
  readonly calibrationMaxIter: number;
  readonly calibrationLr: number;
  readonly knnReferenceObsmKey: string | null;
  readonly knnSpace: string | null;
  readonly keepColumns: readonly string[];
  readonly missingLabels: (typeof MISSING_LABELS)[number];
  readonly missingValues: readonly string[];
  readonly referenceStorage: ReferenceStorage;
  readonly initModel: Model | null;
  readonly initModelPath: string | null;
  readonly stream: boolean | null;
  readonly streamBuffer: number | null;
  readonly referenceCells: number;
  readonly numThreads: number | "max";
  readonly device: (typeof TRAIN_DEVICES)[number];
  readonly engine: EngineChoice;
  readonly preprocess: ConfigMap | null;
}

/** The defaults of docs/specification/2-training.md; `taskWeights` is 1 for each label column. */
export const DEFAULT_TRAIN_OPTIONS: Omit<ResolvedTrainOptions, "labelColumns" | "taskWeights"> =
  defaultsOf(TRAIN_OPTIONS);

PRESETS satisfies Readonly<Record<string, Partial<TrainOptions>>>;
true satisfies HaveSameKeys<typeof TRAIN_OPTIONS, TrainOptions>;
true satisfies HaveSameKeys<typeof TRAIN_OPTIONS, ResolvedTrainOptions>;

/** Constants of the optimiser that are not options (docs/specification/2-training.md#optimisation). */
export const ADAM_CONSTANTS = { beta1: 0.9, beta2: 0.999, eps: 1e-8 } as const;
