/**
 * The linear views of a model: logistic regressions that see a cell otherwise than its network does, and whose
 * probabilities are averaged with the network's (docs/specification/2-training.md#linear-views).
 * @module
 */

import type { Components, ComponentValues, GeneScaling } from "../components/types.ts";
import type { SetThresholds } from "../conformal.ts";

/** What a view makes of the values of a cell. */
export const VIEW_INPUTS = ["log", "ranks"] as const;
/** `log`: log-normalised values; `ranks`: ranks of the expressed genes within the cell, 0 to 1. */
export type ViewInput = (typeof VIEW_INPUTS)[number];

/** The regression of one label column on the scaled values of a view. */
export interface ViewHead {
  readonly column: string;
  /** [nGenes, classes]. */
  readonly weights: Float32Array;
  /** [classes]. */
  readonly intercepts: Float32Array;
  /** Its scores are divided by this before the softmax. */
  readonly temperature: number;
}

/** Regressions on one input. */
export interface LinearView {
  readonly input: ViewInput;
  readonly scaling: GeneScaling;
  /** From which genes that were not measured are inferred. */
  readonly components: Components;
  /** One for each label column, in order. */
  readonly heads: readonly ViewHead[];
}

/** What is done to counts. */
export interface Stress {
  /** The share of its counts that a cell keeps, above 0 and up to 1. */
  readonly depth: number;
  /** The standard deviation of the logarithm of a factor by which every gene is counted; 0 for none. */
  readonly gain: number;
}

/** How sure the mean of network and views may be, by label column in order. */
export interface MeanCalibration {
  readonly temperatures: readonly number[];
  readonly setThresholds: readonly SetThresholds[];
  /** As `fitRiskThresholds` makes them. */
  readonly riskThresholds: readonly (readonly number[])[];
}

/** How sure a mean may be in which the network weighs less, because the views doubt it. */
export interface DoubtedCalibration extends MeanCalibration {
  /** Beside 1 for each view; below 1. */
  readonly networkWeight: number;
  /** By label column, as `networkDisagreements` makes them of the cells of the rung. */
  readonly disagreements: readonly number[];
}

/** Held-out cells under a stress, and how sure the model may be of them. */
export interface Rung extends Stress, MeanCalibration {
  /** What a query of these cells would have; null if too few cells say so. */
  readonly shiftScore: number | null;
  /** Null with one view, and in bundles that were saved before networks were doubted. */
  readonly doubted: DoubtedCalibration | null;
}

/** What a model has beside its network. */
export interface LinearViews {
  /** What the values of the reference were. */
  readonly values: ComponentValues;
  /** Share of all counts that each gene has in the reference; zeros where values are taken as they are. */
  readonly geneShares: Float32Array;
  /** The network's logits are divided by these before the softmax, by label column in order. */
  readonly networkTemperatures: readonly number[];
  readonly views: readonly LinearView[];
  /** In rising order of stress; empty if the values are no counts, or too few cells were held out. */
  readonly ladder: readonly Rung[];
}
