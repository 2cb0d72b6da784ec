/** A tiny model with every part a bundle can hold; the component space and linear views apart. */
import { Float } from "../../src/core/config.ts";
import type { Linear } from "../../src/kernels/types.ts";
import type { ComponentSpace } from "../../src/model/components/types.ts";
import { SET_COVERAGES } from "../../src/model/conformal.ts";
import type {
  DoubtedCalibration,
  LinearView,
  LinearViews,
  Rung,
  ViewInput,
} from "../../src/model/linear/types.ts";
import type { Model, Reference } from "../../src/model/types.ts";

let next = 0;
const values = (count: number): Float32Array =>
  Float32Array.from({ length: count }, () => Math.fround(0.1 * next++));
const linear = (nIn: number, nOut: number): Linear => ({
  nIn,
  nOut,
  weight: values(nIn * nOut),
  bias: values(nOut),
});

/** Three genes, one hidden layer of two, two label columns (one class beyond the basic plane), one head. */
export function smallModel(changes: Partial<Model> = {}): Model {
  next = 1;
  const reference: Reference = {
    coords: new Map([
      ["X_ref_latent_internal", { nRows: 4, nCols: 2, data: values(8) }],
      ["X_ref_umap", { nRows: 4, nCols: 1, data: values(4) }],
    ]),
    labels: new Map([
      ["level1", { codes: Int32Array.of(0, 1, 1, -1), categories: ["B", "T"] }],
      ["level2", { codes: Int32Array.of(2, 1, 0, 0), categories: ["a", "\uffee", "😀"] }],
    ]),
  };
  return {
    labelHeads: [
      { column: "level1", classes: ["B", "T"] },
      { column: "level2", classes: ["a", "\uffee", "😀"] },
    ],
    coordHeads: [{ name: "umap", obsmKey: "X_umap", mean: Float32Array.of(0.5), std: Float32Array.of(2) }],
    trainGenes: ["g1", "__proto__", "g3"],
    inputTransform: "binary",
    latentSource: "internal_preferred",
    shape: { nGenes: 3, hiddenSizes: [2], nClasses: [2, 3], coordDims: [1] },
    weights: {
      encoder: [linear(3, 2)],
      labelHeads: [linear(2, 2), linear(2, 3)],
      coordHeads: [linear(2, 1)],
    },
    dropoutRate: 0,
    childCorrection: {
      parentHead: 0,
      childHead: 1,
      residualScale: 1,
      featureMode: "standard",
      modules: [{ parentIndex: 1, childIndices: [0, 2], hidden: linear(6, 4), output: linear(4, 2) }],
      config: new Map<string, number | boolean | string | Float | Map<string, number[]>>([
        ["enabled", true],
        ["parent_head_index", 0],
        ["child_head_index", 1],
        ["residual_scale", new Float(1)],
        ["feature_mode", "standard"],
        ["hotspot_child_indices", new Map([["1", [0, 2]]])],
      ]),
    },
    trainConfig: new Map<string, null | number | Float | string | Map<string, Float>>([
      ["preset", null],
      ["num_epochs", 3],
      ["dropout_rate", new Float(0)],
      ["temperatures", new Map([["level1", new Float(1)]])],
      ["__proto__", "kept"],
    ]),
    referenceStorage: "external",
    reference: async () => reference,
    hasReference: async () => true,
    ...changes,
  };
}

/** A component space and linear views that belong to {@link smallModel}. */
export function smallAdditions(): { readonly space: ComponentSpace; readonly linear: LinearViews } {
  next = 1;
  const geneShares = Float32Array.of(0.5, 0.25, 0.25);
  const scaled = (nComponents: number) => ({
    scaling: { scale: values(3), cap: values(3), centre: values(3) },
    components: {
      nGenes: 3,
      nComponents,
      loadings: values(3 * nComponents),
      variances: values(nComponents),
      noise: 0.5,
    },
  });
  const view = (input: ViewInput, nComponents: number): LinearView => ({
    input,
    ...scaled(nComponents),
    heads: [
      { column: "level1", weights: values(6), intercepts: values(2), temperature: 0.5 },
      { column: "level2", weights: values(9), intercepts: values(3), temperature: 2 },
    ],
  });
  const distances = (column: string, nClasses: number) => ({
    column,
    means: values(2 * nClasses),
    factor: values(4),
    heldOut: values(5),
    quartiles: values(nClasses),
    medians: values(nClasses),
  });
  const doubted: DoubtedCalibration = {
    networkWeight: 0.25,
    disagreements: [-0.125, 0.5],
    temperatures: [1.25, 0.5],
    setThresholds: [
      { nCells: 0, thresholds: [] },
      { nCells: 3, thresholds: [0.75, 0.125] },
    ],
    riskThresholds: [SET_COVERAGES.map(() => 2), SET_COVERAGES],
  };
  const rung = (depth: number, shiftScore: number | null): Rung => ({
    depth,
    gain: 0.5,
    shiftScore,
    temperatures: [1.5, 0.75],
    setThresholds: [
      { nCells: 3, thresholds: [0.5, 0.25] },
      { nCells: 0, thresholds: [] },
    ],
    riskThresholds: [SET_COVERAGES, SET_COVERAGES.map(() => 2)],
    doubted: shiftScore === null ? null : doubted,
  });
  return {
    space: {
      values: "log1p_cp10k",
      geneShares,
      medianCounts: 900,
      ...scaled(2),
      columns: [distances("level1", 2), distances("level2", 3)],
    },
    linear: {
      values: "log1p_cp10k",
      geneShares,
      networkTemperatures: [1.5, 0.75],
      views: [view("log", 2), view("ranks", 1)],
      ladder: [rung(1, 1.25), rung(0.5, null)],
    },
  };
}
