/** Fits the linear views of a model on cells of its reference. @module */
import type { Csr } from "../../core/csr.ts";
import type { DenseMatrix } from "../../core/dense.ts";
import { createPauser, type Pause, type WorkOptions } from "../../core/progress.ts";
import { permutation } from "../../core/rng.ts";
import type { Engine } from "../../kernels/types.ts";
import { fitGeneScaling, scaledValues } from "../components/gene-scaling.ts";
import { principalComponents } from "../components/principal-components.ts";
import { createProjection, projectInParts } from "../components/projection.ts";
import { rowsToFit } from "../components/sample-cells.ts";
import type { Components, ComponentValues } from "../components/types.ts";
import { gatherRows } from "../encode.ts";
import { fitRegression } from "./fit-regression.ts";
import { halfWayWeights } from "./half-way-weights.ts";
import type { LinearView, ViewHead, ViewInput } from "./types.ts";
import { viewValuesInParts } from "./view-values.ts";

/** What each view is made of (decision record 21 has how they were chosen). */
const RECIPES: readonly {
  readonly input: ViewInput;
  readonly nComponents: number;
  readonly sdFloor: number;
}[] = [
  { input: "log", nComponents: 200, sdFloor: 0.1 },
  { input: "ranks", nComponents: 50, sdFloor: 0.05 },
];
/** Standard scores above this become this. */
const CLIP = 10;
/** Components that are kept, to infer genes that a query lacks; fewer than genes, so that there is noise beside them. */
const KEPT_COMPONENTS = 50;
const GENES_PER_KEPT = 2;
/** At least as many cells for each component. */
const CELLS_PER_COMPONENT = 3;
/** Factor of the L2 penalty beside the sum over the cells: C = 0.01 of scikit-learn. */
const PENALTY = 100;
const MAX_ITERATIONS = 60;
/** Per cell. */
const TOLERANCE = 1e-5;
/** Products of a cell and a class in one evaluation of the regression; with more classes fewer cells take part. */
const MAX_PRODUCTS = 100_000_000;

/** A label column, for the cells of the matrix. */
export interface ViewLabels {
  readonly column: string;
  readonly classes: readonly string[];
  readonly codes: Int32Array;
}

export interface ViewFit extends Pick<WorkOptions, "signal"> {
  readonly values: ComponentValues;
  /** Of the stream that draws cells and first directions. */
  readonly key: number;
  /** Multiplies on its kernels where it is given. */
  readonly engine?: Engine | undefined;
}

/**
 * Fits all views on the rows `fitted` of `x`, whose values are of the kind `values`; temperatures are 1. Fewer views, or
 * none, where there are too few cells or the values do not vary.
 * @throws ABORTED by the signal.
 */
export async function fitLinearViews(
  x: Csr,
  labels: readonly ViewLabels[],
  fitted: Uint32Array,
  options: ViewFit,
): Promise<readonly LinearView[]> {
  const { values, key, engine, signal } = options;
  const pause = createPauser(signal);
  const views: LinearView[] = [];
  for (const { input, nComponents, sdFloor } of RECIPES) {
    const seen = await viewValuesInParts(x, input, values, pause);
    const forComponents = gatherRows(seen, rowsToFit(fitted, seen, key));
    const scaling = fitGeneScaling(forComponents, { sdFloor, clip: CLIP });
    const most = Math.min(nComponents, Math.floor(fitted.length / CELLS_PER_COMPONENT), x.nCols);
    if (most < 1) continue;
    const components = await principalComponents(scaledValues(forComponents, scaling), scaling.centre, most, {
      key,
      engine,
      signal,
    });
    const width = components.nComponents;
    if (width === 0) continue;
    const scores: DenseMatrix = { nRows: x.nRows, nCols: width, data: new Float32Array(x.nRows * width) };
    await projectInParts(seen, scaling, createProjection(components, scaling, null), scores, pause);
    const heads: ViewHead[] = [];
    for (const label of labels) {
      const regression = await fitHead(scores, label, fitted, options);
      heads.push({ ...regression, weights: await onGenes(regression, components, pause) });
    }
    const kept = Math.min(KEPT_COMPONENTS, Math.ceil(x.nCols / GENES_PER_KEPT));
    views.push({ input, scaling, components: firstOf(components, kept), heads });
  }
  return views;
}

async function fitHead(
  scores: DenseMatrix,
  { column, classes, codes }: ViewLabels,
  fitted: Uint32Array,
  { key, engine, signal }: ViewFit,
): Promise<ViewHead> {
  const width = scores.nCols;
  const labelled = fitted.filter((row) => codes[row] >= 0);
  const most = Math.max(1, Math.floor(MAX_PRODUCTS / (width * classes.length)));
  const rows = evenly(labelled, codes, classes.length, most, key);
  const values = new Float32Array(rows.length * width);
  rows.forEach((row, r) => {
    values.set(scores.data.subarray(row * width, (row + 1) * width), r * width);
  });
  const targets = Int32Array.from(rows, (row) => codes[row]);
  const { weights, intercepts } = await fitRegression(
    { nRows: rows.length, nCols: width, values },
    targets,
    classes.length,
    {
      penalty: PENALTY,
      classWeights: halfWayWeights(targets, classes.length),
      maxIter: MAX_ITERATIONS,
      tolerance: TOLERANCE * rows.length,
      engine,
      signal,
    },
  );
  return {
    column,
    weights: Float32Array.from(weights),
    intercepts: Float32Array.from(intercepts),
    temperature: 1,
  };
}

/** Genes between two pauses. */
const GENES_AT_ONCE = 128;

/** The weights of a regression on components as weights of genes, V W. */
async function onGenes(
  { weights, intercepts }: ViewHead,
  { nGenes, nComponents, loadings }: Components,
  pause: Pause,
): Promise<Float32Array> {
  const nClasses = intercepts.length;
  const out = new Float32Array(nGenes * nClasses);
  const sums = new Float64Array(nClasses);
  for (let g = 0; g < nGenes; g++) {
    if (g % GENES_AT_ONCE === 0) await pause();
    sums.fill(0);
    for (let p = 0; p < nComponents; p++) {
      const loading = loadings[g * nComponents + p];
      for (let k = 0; k < nClasses; k++) sums[k] += loading * weights[p * nClasses + k];
    }
    out.set(sums, g * nClasses);
  }
  return out;
}

/** The first `most` components; what the others explain becomes noise. */
function firstOf(components: Components, most: number): Components {
  const { nGenes, nComponents: width, loadings, variances, noise } = components;
  const kept = Math.min(most, width);
  const fewer = new Float32Array(nGenes * kept);
  for (let g = 0; g < nGenes; g++) fewer.set(loadings.subarray(g * width, g * width + kept), g * kept);
  const others = variances.subarray(kept).reduce((sum, variance) => sum + variance, 0);
  return {
    nGenes,
    nComponents: kept,
    loadings: fewer,
    variances: variances.slice(0, kept),
    noise: Math.fround(noise + others / nGenes),
  };
}

/** At most about `most` of `rows`, rising: an even share of each class, and all cells of the rare ones. */
function evenly(
  rows: Uint32Array,
  codes: Int32Array,
  nClasses: number,
  most: number,
  key: number,
): Uint32Array {
  if (rows.length <= most) return rows;
  const counts = new Uint32Array(nClasses);
  for (const row of rows) counts[codes[row]]++;
  const limit = highestLimit(counts, most);
  const taken = new Uint32Array(nClasses);
  const kept = new Uint8Array(rows.length);
  for (const at of permutation(key, rows.length)) {
    const code = codes[rows[at]];
    if (taken[code] >= limit) continue;
    taken[code]++;
    kept[at] = 1;
  }
  return rows.filter((_, at) => kept[at] === 1);
}

/** The most cells a class may have so that all together are at most `most`, at least 1. */
function highestLimit(counts: Uint32Array, most: number): number {
  let [low, high] = [1, Math.max(1, most)];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    const total = counts.reduce((sum, n) => sum + Math.min(n, middle), 0);
    if (total <= most) low = middle;
    else high = middle - 1;
  }
  return low;
}
