/**
 * The component space of a model: where the distance of a cell to the classes of the reference is measured
 * (docs/specification/2-training.md#component-space).
 * @module
 */
import type { COMPONENT_VALUES } from "../../schema/bundle.ts";

/** `log1p_cp10k`: of counts, log(1 + counts per 10,000); `as_they_are`: of log-normalised values, themselves. */
export type ComponentValues = (typeof COMPONENT_VALUES)[number];

/** Scales and clips the values of each gene; a scaled value is min(value · `scale`, `cap`). */
export interface GeneScaling {
  /** 1 / standard deviation, with a floor. */
  readonly scale: Float32Array;
  /** The largest scaled value. */
  readonly cap: Float32Array;
  /** Mean of the scaled values over the cells, zeros included. */
  readonly centre: Float32Array;
}

/** Principal components of the scaled values. */
export interface Components {
  readonly nGenes: number;
  readonly nComponents: number;
  /** [nGenes, nComponents], orthonormal columns. */
  readonly loadings: Float32Array;
  /** Variance along each component, falling. */
  readonly variances: Float32Array;
  /** Mean variance per gene outside the components. */
  readonly noise: number;
}

/** What one label column needs to measure the distance of a cell to its classes. */
export interface ClassDistances {
  readonly column: string;
  /** [classes, nComponents]; NaN in the row of a class without cells. */
  readonly means: Float32Array;
  /** Lower Cholesky factor of the covariance within classes, [nComponents, nComponents]. */
  readonly factor: Float32Array;
  /** Distances of held-out cells to their nearest class, rising. */
  readonly heldOut: Float32Array;
  /** For each class the first quartile of the distances of the held-out cells that are nearest to it, drawn towards that of
   * all of them. */
  readonly quartiles: Float32Array;
  /** The same of the medians. */
  readonly medians: Float32Array;
}

/** Everything that places a cell among the cells of the reference. */
export interface ComponentSpace {
  readonly values: ComponentValues;
  /** Share of all counts that each gene has in the reference; zeros where values are taken as they are. */
  readonly geneShares: Float32Array;
  /** Median over the cells of their counts on all genes; 0 where values are taken as they are. */
  readonly medianCounts: number;
  readonly scaling: GeneScaling;
  readonly components: Components;
  /** One for each label column, in order. */
  readonly columns: readonly ClassDistances[];
}
