/** Fits the component space of a model on cells of its reference. @module */
import type { Csr } from "../../core/csr.ts";
import type { DenseMatrix } from "../../core/dense.ts";
import { normalizeCells } from "../../core/normalize.ts";
import { permutation } from "../../core/rng.ts";
import { gatherRows } from "../encode.ts";
import { classPoints, fitClassDistances, inClassUnits, nearestClasses } from "./class-distances.ts";
import { fitGeneScaling, scaledValues } from "./gene-scaling.ts";
import { principalComponents } from "./principal-components.ts";
import { createProjection, projectRows } from "./projection.ts";
import { quantileOf } from "./quantiles.ts";
import { classQuartiles } from "./query-shift.ts";
import type { ClassDistances, ComponentSpace, ComponentValues } from "./types.ts";

const N_COMPONENTS = 30;
/** At least as many cells for each component. */
const CELLS_PER_COMPONENT = 4;
const SCALING = { sdFloor: 0.3, clip: 10 } as const;
/** Every n-th cell of a class is held out. */
const HOLD_OUT_EVERY = 5;
/** With fewer cells nothing can be said about distances. */
export const LEAST_CELLS = 25;
/** Distances of held-out cells that are stored, evenly spaced among all of them. */
const MAX_DISTANCES = 1000;

/** Components are fitted on so many cells that about as many values are passed over. */
const MAX_FITTED_VALUES = 4_000_000;

/** A label column, for the cells of the matrix. */
export interface SpaceLabels {
  readonly column: string;
  readonly classes: readonly string[];
  readonly codes: Int32Array;
}

export interface FitSpaceOptions {
  readonly values: ComponentValues;
  /** Of the stream that draws held-out cells and first directions. */
  readonly key: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Fits the space on the cells of `x`, counts or log-normalised values as `values` says; counts are normalised in place.
 *
 * A fifth of the cells of each class of the last column is held out: scaling, components, means and covariance know
 * nothing of it, so that its distances are those of new cells. (Distances of cells that the components were fitted on
 * are too large, as every component takes part in their noise.) Null for a matrix of too few cells or of one value.
 * @throws ABORTED by the signal.
 */
export async function fitComponentSpace(
  x: Csr,
  labels: readonly SpaceLabels[],
  { values, key, signal }: FitSpaceOptions,
): Promise<ComponentSpace | null> {
  if (x.nRows < LEAST_CELLS) return null;
  const { fitted, heldOut } = holdOut(labels[labels.length - 1], key);
  const geneShares = values === "log1p_cp10k" ? sharesOfCounts(x) : new Float32Array(x.nCols);
  if (values === "log1p_cp10k") normalizeCells(x);
  const rows = gatherRows(x, someOf(fitted, x, key));
  const scaling = fitGeneScaling(rows, SCALING);
  const nComponents = Math.min(N_COMPONENTS, Math.floor(fitted.length / CELLS_PER_COMPONENT), x.nCols);
  const components = await principalComponents(scaledValues(rows, scaling), scaling.centre, nComponents, {
    key,
    signal,
  });
  if (components.nComponents === 0) return null;
  const width = components.nComponents;
  const scores: DenseMatrix = { nRows: x.nRows, nCols: width, data: new Float32Array(x.nRows * width) };
  projectRows(x, scaling, createProjection(components, scaling, null), scores, 0);
  const columns = labels.map((label) => fitColumn(scores, label, fitted, heldOut));
  return { values, geneShares, scaling, components, columns };
}

/** Every fifth cell of each class, in random order; cells without a label are a class of their own. */
function holdOut(
  { classes, codes }: SpaceLabels,
  key: number,
): { readonly fitted: Uint32Array; readonly heldOut: Uint32Array } {
  const seen = new Uint32Array(classes.length + 1);
  const isHeld = new Uint8Array(codes.length);
  for (const row of permutation(key, codes.length))
    isHeld[row] = ++seen[codes[row] + 1] % HOLD_OUT_EVERY === 0 ? 1 : 0;
  const all = Uint32Array.from(codes, (_, row) => row);
  return { fitted: all.filter((row) => isHeld[row] === 0), heldOut: all.filter((row) => isHeld[row] === 1) };
}

/** As many of `rows`, in random order and then sorted, as have {@link MAX_FITTED_VALUES} values. */
function someOf(rows: Uint32Array, { indptr }: Csr, key: number): Uint32Array {
  const order = permutation(key, rows.length);
  let [n, values] = [0, 0];
  for (; n < order.length && values < MAX_FITTED_VALUES; n++)
    values += indptr[rows[order[n]] + 1] - indptr[rows[order[n]]];
  return order
    .subarray(0, n)
    .map((at) => rows[at])
    .sort();
}

function sharesOfCounts({ nCols, indices, data }: Csr): Float32Array {
  const sums = new Float64Array(nCols);
  let total = 0;
  for (let e = 0; e < indices.length; e++) {
    const value = data === null ? 1 : data[e];
    sums[indices[e]] += value;
    total += value;
  }
  return Float32Array.from(sums, (sum) => (total > 0 ? sum / total : 0));
}

function fitColumn(
  scores: DenseMatrix,
  { column, classes, codes }: SpaceLabels,
  fitted: Uint32Array,
  heldOut: Uint32Array,
): ClassDistances {
  const own = fitClassDistances(scores, codes, classes.length, fitted);
  const means = classPoints(own);
  const labelled = heldOut.filter((row) => codes[row] >= 0);
  const data = new Float32Array(labelled.length * scores.nCols);
  labelled.forEach((row, i) => {
    data.set(scores.data.subarray(row * scores.nCols, (row + 1) * scores.nCols), i * scores.nCols);
  });
  const points = inClassUnits({ nRows: labelled.length, nCols: scores.nCols, data }, own);
  const nearest = nearestClasses(points, means, new Float64Array(scores.nCols));
  return {
    column,
    ...own,
    heldOut: thinned(Float32Array.from(nearest.distances).sort()),
    quartiles: classQuartiles(nearest, classes.length),
  };
}

/** At most {@link MAX_DISTANCES} of rising values, evenly spaced. */
function thinned(rising: Float32Array): Float32Array {
  if (rising.length <= MAX_DISTANCES) return rising;
  return Float32Array.from({ length: MAX_DISTANCES }, (_, i) => quantileOf(rising, i / (MAX_DISTANCES - 1)));
}
