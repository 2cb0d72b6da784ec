/**
 * The interface between the mathematics of the network and the engines that compute it.
 *
 * An {@link Engine} trains, infers and searches neighbours over plain typed arrays; it knows nothing of
 * files, labels as strings or AnnData.
 * @module
 */

import type { Csr } from "../core/csr.ts";
import type { DenseMatrix } from "../core/dense.ts";
import type { ChildFeatureMode } from "../schema/training-options.ts";

/** The weights of one torch `Linear`: `weight` is `[nOut, nIn]` row-major, `bias` `[nOut]`. */
export interface Linear {
  readonly nIn: number;
  readonly nOut: number;
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

/** Sizes of the multi-task network (docs/specification/2-training.md#network); coordinate heads keep their order. */
export interface NetworkShape {
  readonly nGenes: number;
  readonly hiddenSizes: readonly number[];
  /** Classes of each label head, in label-column order. */
  readonly nClasses: readonly number[];
  readonly coordDims: readonly number[];
}

/** All trainable parameters of the base network. */
export interface NetworkWeights {
  readonly encoder: readonly Linear[];
  readonly labelHeads: readonly Linear[];
  readonly coordHeads: readonly Linear[];
  /** The modules of child correction, where there are any; not part of the base network. */
  readonly childModules?: readonly ChildModule[];
}

/** The two layers that refine child logits within one parent (docs/specification/2-training.md#child-correction). */
export interface ChildModule {
  readonly parentIndex: number;
  readonly childIndices: readonly number[];
  readonly hidden: Linear;
  readonly output: Linear;
}

/**
 * How the modules of child correction are trained with the network
 * (docs/specification/2-training.md#child-correction).
 */
export interface ChildTrainingOptions {
  readonly parentHead: number;
  readonly childHead: number;
  readonly featureMode: ChildFeatureMode;
  readonly residualScale: number;
  readonly modules: readonly ChildModule[];
  readonly lossWeight: number;
  readonly rankLossWeight: number;
  readonly rankMargin: number;
  /** Factor on the learning rate of the base network; null leaves it as it is, without dropout. */
  readonly baseLrScale: number | null;
}

/**
 * Changes the stored values of one cell, `values[start]` to `values[end − 1]`, in place, when a batch takes the
 * cell. `row` is its row of the training data; `step` that of the batch, null in evaluation. The result depends on
 * nothing but these and the values. Zeros may arise and stay stored.
 */
export type CellTransform = (
  values: Float32Array,
  start: number,
  end: number,
  row: number,
  step: number | null,
) => void;

/** The size of a training matrix that is not in memory: each pass brings the values of its cells. */
export interface OutsideRows {
  readonly nRows: number;
  readonly nCols: number;
  /** Whether entries have values; else each is 1. */
  readonly hasValues: boolean;
  /** Stored entries of the longest row. */
  readonly longestRow: number;
}

/** The values of cells of a pass that follow each other in its order: the i-th of them is row `at[i]` of `x`. */
export interface CellPart {
  readonly x: Csr;
  readonly at: Uint32Array;
}

/** The training set; X has gone through the input transform, but for {@link CellTransform}. */
export interface TrainingData<X extends Csr | OutsideRows = Csr> {
  readonly x: X;
  /** Per label head, the class of each cell; -1 where the label is missing. */
  readonly labels: readonly Int32Array[];
  /** Per coordinate head, standardised targets `[nRows, dim]`. */
  readonly coords: readonly DenseMatrix[];
  /** Per cell its domain (batch, donor), when domain alignment is on. */
  readonly domains: Int32Array | null;
}

/** The loss of docs/specification/2-training.md#loss. */
export interface LossOptions {
  readonly taskWeights: readonly number[];
  readonly coordWeights: readonly number[];
  /** Per head: weight of each class, or null for equal weights. */
  readonly classWeights: readonly (Float32Array | null)[];
  readonly domainWeight: number;
  readonly topology: { readonly weight: number; readonly k: number; readonly coordHead: number } | null;
}

/** Optimiser settings of docs/specification/2-training.md#optimisation. */
export interface OptimizerOptions {
  readonly name: "adamw" | "adam";
  readonly weightDecay: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly eps: number;
}

export interface TrainerOptions<X extends Csr | OutsideRows = Csr> {
  readonly shape: NetworkShape;
  readonly initial: NetworkWeights;
  readonly data: TrainingData<X>;
  readonly loss: LossOptions;
  readonly optimizer: OptimizerOptions;
  readonly dropoutRate: number;
  /** Key of the dropout stream; hidden layers count from 0, see `core/rng.ts` and `reference/dropout.ts`. */
  readonly dropoutKey: number;
  readonly batchSize: number;
  readonly child?: ChildTrainingOptions | null;
  /** A transform applied to each cell again in every batch; needs a matrix with values. */
  readonly cellTransform?: CellTransform | null;
}

/** Options of a trainer whose matrix is in memory or is not. */
export type AnyTrainerOptions = TrainerOptions<Csr | OutsideRows>;

/** Mean loss of one pass, weighted by cells: `total`, and its parts before their weights. */
export interface LossSummary {
  readonly total: number;
  readonly labels: readonly number[];
  readonly coords: readonly number[];
  readonly domain: number;
  readonly topology: number;
  /** Cross-entropy and ranking loss among the children of hotspot parents; absent without child correction. */
  readonly child?: number;
  readonly childRank?: number;
}

export interface EpochOptions {
  readonly learningRate: number;
  /**
   * The values of the cells of the pass, part by part in its order; not given, they are in the training data. All parts but the
   * last have a multiple of the batch size. The memory of a part is free once the next is asked for.
   */
  readonly parts?: AsyncIterable<CellPart> | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called after each batch with the cells done so far. */
  readonly onBatch?: ((cellsDone: number) => void) | undefined;
}

/** One network being trained. Steps are numbered from 1 over the trainer's whole life. */
export interface Trainer {
  /** One pass over `order` (row numbers of the training data) in batches; the last short batch is used. */
  runEpoch(order: Uint32Array, options: EpochOptions): Promise<LossSummary>;
  /** The loss without dropout and without an update, in batches over `rows`, whose values `held` has if the data do not. */
  evaluate(rows: Uint32Array, held?: CellPart | null): Promise<LossSummary>;
  /** A copy of the current weights. */
  weights(): NetworkWeights;
  dispose(): void;
}

/** The outputs of the network for a batch of `nRows` cells; arrays are row-major and owned by the caller. */
export interface ForwardResult {
  readonly nRows: number;
  /** Encoder output z, `[nRows, last hidden size]`. */
  readonly latent: Float32Array;
  /** Per label head `[nRows, nClasses]`, before calibration and softmax. */
  readonly logits: readonly Float32Array[];
  /** Per coordinate head `[nRows, dim]`, standardised units. */
  readonly coords: readonly Float32Array[];
}

export interface Inference {
  /**
   * Evaluates a block of cells whose columns are the model's genes; one block at a time. `meanwhile` may prepare
   * the next block: it runs on this thread once the other threads have begun. The next run may overwrite the result.
   */
  run(block: Csr, meanwhile?: () => Promise<void>): Promise<ForwardResult>;
  dispose(): void;
}

/** The `k` nearest rows of each query, nearest first, ties by row number. */
export interface Neighbours {
  readonly k: number;
  /** `[nQueries, k]` reference row numbers. */
  readonly indices: Uint32Array;
  /** `[nQueries, k]` Euclidean distances, exact to float64 rounding of the float32 inputs. */
  readonly distances: Float64Array;
}

export interface KnnIndex {
  /** `queries` has the reference's width; k is clamped to the number of reference rows. */
  search(queries: DenseMatrix, k: number): Promise<Neighbours>;
  dispose(): void;
}

/** A way to compute: plain TypeScript (the oracle) or WebAssembly. */
export interface Engine {
  readonly name: string;
  readonly numThreads: number;
  createTrainer(options: AnyTrainerOptions): Promise<Trainer>;
  createInference(shape: NetworkShape, weights: NetworkWeights): Promise<Inference>;
  createKnnIndex(reference: DenseMatrix): Promise<KnnIndex>;
  dispose(): void;
}
