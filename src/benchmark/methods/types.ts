/** The input and output of a method of a benchmark. @module */

import type { AnnData } from "../../anndata/types.ts";
import type { ConfigMap } from "../../core/config.ts";
import type { Csr } from "../../core/csr.ts";
import type { DenseMatrix } from "../../core/dense.ts";
import type { WorkOptions } from "../../core/progress.ts";
import type { ReasonCounts } from "../../evaluate/unknown-reasons.ts";
import type { Engine } from "../../kernels/types.ts";
import type { LabelPrediction, PredictedLabels, Warning } from "../../predict/types.ts";
import type { InputTransform } from "../../schema/training-options.ts";

/** The cells and genes that all methods share. */
export interface SharedData {
  /** In memory, its matrix as X. */
  readonly reference: AnnData;
  readonly query: AnnData;
  readonly labelColumns: readonly string[];
  /** True labels of the reference by column, -1 where missing. */
  readonly referenceLabels: ReadonlyMap<string, PredictedLabels>;
  readonly inputTransform: InputTransform;
  /** Genes in both reference and query, in the order of the reference, and both matrices over them. */
  readonly shared: SharedMatrices;
  /** A description of the preprocessing; null without it. */
  readonly preparation: { readonly record: ConfigMap } | null;
}

export interface SharedMatrices {
  readonly genes: readonly string[];
  /** Values as they are stored. */
  readonly reference: Csr;
  readonly query: Csr;
  /** The sum of each cell over all genes of its dataset. */
  readonly referenceTotals: Float64Array;
  readonly queryTotals: Float64Array;
  /** False if the values are not counts; they then count as normalised. */
  readonly areCounts: boolean;
}

export interface MethodWork extends WorkOptions {
  readonly engine: Engine;
  /** Settings of `method_configs`. */
  readonly config: ReadonlyMap<string, number>;
  readonly seed: number;
}

/** The predictions of a method; {@link plainOutcome} fills in the fields that a simple method does not have. */
export interface MethodOutcome {
  readonly labels: readonly LabelPrediction[];
  readonly reasons: readonly ReasonCounts[] | null;
  readonly coords: ReadonlyMap<string, DenseMatrix>;
  /** Runtime summaries (docs/specification/1-artifacts.md#runtime-summary). */
  readonly trainUsage: ConfigMap | null;
  readonly predictUsage: ConfigMap;
  readonly trainConfig: ConfigMap | null;
  readonly predictConfig: ConfigMap;
  readonly predictionMetadata: ConfigMap | null;
  /** A description of the transform of the values. */
  readonly normalisation: string;
  readonly seeds: ReadonlyMap<string, number>;
  readonly warnings: readonly Warning[];
}

/** Defaults for a method that predicts labels only. */
export function plainOutcome(
  given: Pick<MethodOutcome, "labels" | "predictUsage" | "normalisation"> & Partial<MethodOutcome>,
): MethodOutcome {
  return {
    reasons: null,
    coords: new Map(),
    trainUsage: null,
    trainConfig: null,
    predictConfig: new Map(),
    predictionMetadata: null,
    seeds: new Map(),
    warnings: [],
    ...given,
  };
}
