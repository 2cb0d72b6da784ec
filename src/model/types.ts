/**
 * A trained model as plain data: training creates it, bundles store it, prediction uses it.
 * @module
 */
import type { ConfigMap } from "../core/config.ts";
import type { DenseMatrix } from "../core/dense.ts";
import type { Notice } from "../errors.ts";
import type { ChildModule, NetworkShape, NetworkWeights } from "../kernels/types.ts";
import type { ChildFeatureMode, InputTransform, ReferenceStorage } from "../schema/training-options.ts";
import type { ComponentSpace, GeneScaling } from "./components/types.ts";
import type { LabelGenes } from "./genes/types.ts";
import type { LinearViews } from "./linear/types.ts";

/** One label column of the hierarchy and its classes, sorted by code point. */
export interface LabelHead {
  readonly column: string;
  readonly classes: readonly string[];
}

/** One coordinate head and the standardisation of its target. */
export interface CoordHead {
  readonly name: string;
  readonly obsmKey: string;
  readonly mean: Float32Array;
  readonly std: Float32Array;
}

/** Labels of the reference cells of one column; `codes` index `categories`, -1 is missing. */
export interface ReferenceLabels {
  readonly codes: Int32Array;
  readonly categories: readonly string[];
}

/** An obs column of the reference cells, kept for {@link Reference}: numbers (NaN where missing) or categories. */
export type ReferenceColumn =
  | { readonly kind: "number"; readonly values: Float64Array }
  | ({ readonly kind: "label" } & ReferenceLabels);

/** The reference cells of the KNN vote. Keys of `coords`: `X_ref_<space>`; of `labels`: label columns. */
export interface Reference {
  readonly coords: ReadonlyMap<string, DenseMatrix>;
  readonly labels: ReadonlyMap<string, ReferenceLabels>;
  /** Other obs columns that predictions can transfer; absent in bundles without them. */
  readonly columns?: ReadonlyMap<string, ReferenceColumn> | undefined;
}

export type ChildCorrectionModule = ChildModule;

export interface ChildCorrection {
  readonly parentHead: number;
  readonly childHead: number;
  readonly residualScale: number;
  readonly featureMode: ChildFeatureMode;
  readonly modules: readonly ChildCorrectionModule[];
  /** The resolved config exactly as stored in `model.pth`. */
  readonly config: ConfigMap;
}

/**
 * What makes a model linear: it has one label head and no hidden layer, each class has a probability of its own, and its
 * input is log(1 + counts per 10,000) over all genes of a query (docs/specification/1-artifacts.md#linear-models).
 */
export interface OneVsRest {
  readonly scaling: GeneScaling;
  /** What float32 lost of the numbers of `scaling`; weights of stochastic gradient descent are so large that it matters. */
  readonly rest: GeneScaling;
}

/** The content of a bundle. */
export interface Model {
  readonly labelHeads: readonly LabelHead[];
  readonly coordHeads: readonly CoordHead[];
  readonly trainGenes: readonly string[];
  readonly inputTransform: InputTransform;
  readonly latentSource: string;
  readonly shape: NetworkShape;
  readonly weights: NetworkWeights;
  readonly dropoutRate: number;
  readonly childCorrection: ChildCorrection | null;
  /** Where the distance of a cell to the classes is measured; absent or null in models that have none. */
  readonly space?: ComponentSpace | null | undefined;
  /** Absent or null in a network. */
  readonly oneVsRest?: OneVsRest | null | undefined;
  /** Regressions whose probabilities are averaged with the network's; absent or null where the network is alone. */
  readonly linear?: LinearViews | null | undefined;
  /** The genes that drive each class, by label column in order; absent or null in bundles that were saved without them. */
  readonly labelGenes?: readonly LabelGenes[] | null | undefined;
  readonly trainConfig: ConfigMap;
  readonly referenceStorage: ReferenceStorage;
  /** Loads the reference on first use. @throws NOT_FOUND that names the missing file and the two fixes; ABORTED by the signal. */
  readonly reference: (signal?: AbortSignal) => Promise<Reference>;
  /** True if the reference can be loaded (embedded, or its file exists). */
  readonly hasReference: () => Promise<boolean>;
}

/** A non-fatal finding the caller should show, such as poor gene overlap. */
export type Warning = Notice;
