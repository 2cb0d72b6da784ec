/** Fits the component space of a model on cells of its reference. @module */
import type { Csr } from "../../core/csr.ts";
import type { DenseMatrix } from "../../core/dense.ts";
import { normalizeCells } from "../../core/normalize.ts";
import { createPauser } from "../../core/progress.ts";
import { medianOf, quantileOf } from "../../core/quantiles.ts";
import { permutation } from "../../core/rng.ts";
import type { Engine } from "../../kernels/types.ts";
import { gatherRows } from "../encode.ts";
import {
  classPoints,
  fitClassDistances,
  inClassUnits,
  type NearestClasses,
  nearestClasses,
} from "./class-distances.ts";
import { fitGeneScaling, scaledValues } from "./gene-scaling.ts";
import { sharesOfCounts } from "./gene-shares.ts";
import { principalComponents } from "./principal-components.ts";
import { createProjection, projectInParts } from "./projection.ts";
import { classQuantiles, MEDIAN, QUARTILE } from "./query-shift.ts";
import { LEAST_CELLS, rowsToFit } from "./sample-cells.ts";
import type { ClassDistances, ComponentSpace, ComponentValues } from "./types.ts";

const N_COMPONENTS = 30;
/** At least as many cells for each component. */
const CELLS_PER_COMPONENT = 4;
const SCALING = { sdFloor: 0.3, clip: 10 } as const;
/** So many times another part of the cells of each class is held out. */
const N_FOLDS = 3;
/** Distances of held-out cells that are stored, evenly spaced among all of them. */
const MAX_DISTANCES = 1000;

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
  /** Multiplies on its kernels where it is given. */
  readonly engine?: Engine | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Fits the space on the cells of `x`, counts or log-normalised values as `values` says; counts are normalised in place.
 *
 * The cells of each class of the last column are held out by thirds: scaling, components, means and covariance of a fold
 * know nothing of its cells, so that their distances are those of new cells. (Distances of cells that the components were
 * fitted on are too large, as every component takes part in their noise.) The distances of all folds are pooled, so that
 * they depend little on the draw; the space is that of the first fold. Null for a matrix of too few cells or of one value.
 * @throws ABORTED by the signal.
 */
export async function fitComponentSpace(
  x: Csr,
  labels: readonly SpaceLabels[],
  { values, key, engine, signal }: FitSpaceOptions,
): Promise<ComponentSpace | null> {
  if (x.nRows < LEAST_CELLS) return null;
  const isCounts = values === "log1p_cp10k";
  const geneShares = isCounts ? sharesOfCounts(x) : new Float32Array(x.nCols);
  const medianCounts = isCounts ? medianOf(totalsOfCells(x)) : 0;
  if (isCounts) normalizeCells(x);
  const folds = foldsOf(labels[labels.length - 1], key);
  const fits: FoldFit[] = [];
  for (let fold = 0; fold < N_FOLDS; fold++) {
    const fit = await fitFold(x, labels, folds, fold, { key, engine, signal });
    if (fit === null) return null;
    fits.push(fit);
  }
  const [{ scaling, components, own }] = fits as [FoldFit];
  const columns = labels.map(({ column, classes }, c): ClassDistances => {
    const nearest = joined(fits.map(({ heldOut }) => heldOut[c]));
    return {
      column,
      ...own[c],
      heldOut: thinned(Float32Array.from(nearest.distances).sort()),
      quartiles: classQuantiles(nearest, classes.length, QUARTILE),
      medians: classQuantiles(nearest, classes.length, MEDIAN),
    };
  });
  return { values, geneShares, medianCounts: Math.fround(medianCounts), scaling, components, columns };
}

/** What was fitted without the cells of one fold, and how near these are; by label column. */
interface FoldFit extends Pick<ComponentSpace, "scaling" | "components"> {
  readonly own: readonly Pick<ClassDistances, "means" | "factor">[];
  readonly heldOut: readonly NearestClasses[];
}

async function fitFold(
  x: Csr,
  labels: readonly SpaceLabels[],
  folds: Uint8Array,
  fold: number,
  { key, engine, signal }: Pick<FitSpaceOptions, "key" | "engine" | "signal">,
): Promise<FoldFit | null> {
  const all = Uint32Array.from(folds, (_, row) => row);
  const [fitted, heldOut] = [
    all.filter((row) => folds[row] !== fold),
    all.filter((row) => folds[row] === fold),
  ];
  const rows = gatherRows(x, rowsToFit(fitted, x, key));
  const scaling = fitGeneScaling(rows, SCALING);
  const nComponents = Math.min(N_COMPONENTS, Math.floor(fitted.length / CELLS_PER_COMPONENT), x.nCols);
  const components = await principalComponents(scaledValues(rows, scaling), scaling.centre, nComponents, {
    key,
    engine,
    signal,
  });
  if (components.nComponents === 0) return null;
  const width = components.nComponents;
  const scores: DenseMatrix = { nRows: x.nRows, nCols: width, data: new Float32Array(x.nRows * width) };
  const pause = createPauser(signal);
  await projectInParts(x, scaling, createProjection(components, scaling, null), scores, pause);
  const own: FoldFit["own"][number][] = [];
  const nearest: NearestClasses[] = [];
  for (const { codes, classes } of labels) {
    const distances = fitClassDistances(scores, codes, classes.length, fitted);
    await pause();
    const labelled = heldOut.filter((row) => codes[row] >= 0);
    const points = inClassUnits(rowsOf(scores, labelled), distances);
    own.push(distances);
    nearest.push(await nearestClasses(points, classPoints(distances), new Float64Array(width), pause));
  }
  return { scaling, components, own, heldOut: nearest };
}

/**
 * The fold of each cell: those of each class take turns in random order; cells without a label are a class of their own.
 * The first cell of a class is not in the first fold, so that the space knows every class.
 */
function foldsOf({ classes, codes }: SpaceLabels, key: number): Uint8Array {
  const seen = new Uint32Array(classes.length + 1);
  const folds = new Uint8Array(codes.length);
  for (const row of permutation(key, codes.length)) folds[row] = ++seen[codes[row] + 1] % N_FOLDS;
  return folds;
}

function rowsOf({ nCols, data }: DenseMatrix, rows: Uint32Array): DenseMatrix {
  const some = new Float32Array(rows.length * nCols);
  rows.forEach((row, i) => {
    some.set(data.subarray(row * nCols, (row + 1) * nCols), i * nCols);
  });
  return { nRows: rows.length, nCols, data: some };
}

function joined(parts: readonly NearestClasses[]): NearestClasses {
  return {
    classes: Int32Array.from(parts.flatMap(({ classes }) => [...classes])),
    distances: Float64Array.from(parts.flatMap(({ distances }) => [...distances])),
  };
}

function totalsOfCells({ nRows, indptr, data }: Csr): number[] {
  return Array.from({ length: nRows }, (_, row) => {
    let total = 0;
    for (let e = indptr[row]; e < indptr[row + 1]; e++) total += data === null ? 1 : data[e];
    return total;
  });
}

/** At most {@link MAX_DISTANCES} of rising values, evenly spaced. */
function thinned(rising: Float32Array): Float32Array {
  if (rising.length <= MAX_DISTANCES) return rising;
  return Float32Array.from({ length: MAX_DISTANCES }, (_, i) => quantileOf(rising, i / (MAX_DISTANCES - 1)));
}
