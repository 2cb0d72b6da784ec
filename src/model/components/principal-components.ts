/**
 * Principal components of a sparse matrix, which is centred by terms of rank one and never made dense.
 *
 * Source: randomised subspace iteration (Halko, Martinsson and Tropp, 2011, algorithm 4.4), orthonormalised on the
 * smaller side, and the singular value decomposition of what the last pass leaves.
 * @module
 */
import type { Csr } from "../../core/csr.ts";
import { createPauser, type Pause } from "../../core/progress.ts";
import { randomUniform } from "../../core/rng.ts";
import type { Engine } from "../../kernels/types.ts";
import { choleskyFactor, solveLower } from "./cholesky.ts";
import { matrixProducts } from "./matrix-products.ts";
import { symmetricEigen } from "./symmetric-eigen.ts";
import type { Components } from "./types.ts";

/** Directions beside those asked for, which let the last of them converge. */
const OVERSAMPLING = 10;
/** Products with the matrix and its transpose. */
const PASSES = 4;
/** A direction whose square, relative to the largest, is below this lies in the span of those before it. */
const RANK_TOLERANCE = 1e-12;

type Valued = Csr & { readonly data: Float32Array };

export interface ComponentOptions {
  /** Of the stream that draws the first directions. */
  readonly key: number;
  /** Multiplies on its kernels where it is given. */
  readonly engine?: Engine | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * The first `nComponents` components of `x` minus `centre`, or as many as its rank allows. Each has the sign that makes
 * its largest loading positive.
 * @throws ABORTED by the signal.
 */
export async function principalComponents(
  x: Valued,
  centre: Float32Array,
  nComponents: number,
  { key, engine, signal }: ComponentOptions,
): Promise<Components> {
  const { nRows, nCols: nGenes } = x;
  const width = Math.min(nComponents + OVERSAMPLING, nRows, nGenes);
  let ofGenes: Float64Array = Float64Array.from(
    { length: nGenes * width },
    (_, i) => randomUniform(key, i) - 0.5,
  );
  const pause = createPauser(signal);
  const matrix = matrixProducts(x, centre, width, { engine, signal });
  for (let pass = 0; pass < PASSES; pass++) {
    const isLast = pass === PASSES - 1;
    if (pass > 0 && nGenes <= nRows) await orthonormalise(ofGenes, nGenes, width, pause);
    const ofCells = await matrix.times(ofGenes);
    if (nRows < nGenes || isLast) await orthonormalise(ofCells, nRows, width, pause);
    // Once more, as the first time loses digits where the directions are nearly the same.
    if (isLast) await orthonormalise(ofCells, nRows, width, pause);
    ofGenes = await matrix.timesTransposed(ofCells);
  }
  // The cells' side is orthonormal, so the squares of the singular values are those of the genes' side.
  const { values, vectors } = await symmetricEigen(
    await innerProducts(ofGenes, nGenes, width, pause),
    width,
    pause,
  );
  let kept = 0;
  while (kept < Math.min(nComponents, width) && values[kept] > RANK_TOLERANCE * values[0]) kept++;
  const loadings = await rotated(ofGenes, vectors, values, nGenes, width, kept, pause);
  fixSigns(loadings, nGenes, kept);
  const variances = Float32Array.from(values.subarray(0, kept), (value) => value / nRows);
  const explained = values.subarray(0, kept).reduce((sum, value) => sum + value / nRows, 0);
  const total = totalVariance(x, centre);
  return {
    nGenes,
    nComponents: kept,
    loadings,
    variances,
    noise: Math.fround(Math.max(0, total - explained) / nGenes),
  };
}

/** Rows between two pauses. */
const ROWS_AT_ONCE = 64;

/** AᵀA of a matrix of `nRows` rows. */
async function innerProducts(
  a: Float64Array,
  nRows: number,
  width: number,
  pause: Pause,
): Promise<Float64Array> {
  const out = new Float64Array(width * width);
  for (let r = 0; r < nRows; r++) {
    if (r % ROWS_AT_ONCE === 0) await pause();
    const from = r * width;
    for (let i = 0; i < width; i++) {
      const factor = a[from + i];
      const to = i * width;
      for (let j = 0; j <= i; j++) out[to + j] += factor * a[from + j];
    }
  }
  for (let i = 0; i < width; i++) for (let j = 0; j < i; j++) out[j * width + i] = out[i * width + j];
  return out;
}

/** Makes the columns orthonormal, in place; a column in the span of those before it becomes zero. */
async function orthonormalise(
  basis: Float64Array,
  nRows: number,
  width: number,
  pause: Pause,
): Promise<void> {
  const gram = await innerProducts(basis, nRows, width, pause);
  let largest = 0;
  for (let k = 0; k < width; k++) largest = Math.max(largest, gram[k * width + k]);
  const factor = choleskyFactor(gram, width, RANK_TOLERANCE * largest);
  for (let r = 0; r < nRows; r++) {
    if (r % ROWS_AT_ONCE === 0) await pause();
    solveLower(factor, width, basis, r * width);
  }
}

/** The combinations `vectors` of the columns of `basis`, whose squared lengths are `values`, at length 1. */
async function rotated(
  basis: Float64Array,
  vectors: Float64Array,
  values: Float64Array,
  nRows: number,
  width: number,
  kept: number,
  pause: Pause,
): Promise<Float32Array> {
  const out = new Float32Array(nRows * kept);
  const row = new Float64Array(kept);
  for (let r = 0; r < nRows; r++) {
    if (r % ROWS_AT_ONCE === 0) await pause();
    row.fill(0);
    for (let i = 0; i < width; i++) {
      const factor = basis[r * width + i];
      for (let k = 0; k < kept; k++) row[k] += factor * vectors[i * width + k];
    }
    for (let k = 0; k < kept; k++) row[k] /= Math.sqrt(values[k]);
    out.set(row, r * kept);
  }
  return out;
}

function fixSigns(loadings: Float32Array, nRows: number, width: number): void {
  for (let k = 0; k < width; k++) {
    let largest = 0;
    for (let r = 0; r < nRows; r++) {
      const value = loadings[r * width + k];
      if (Math.abs(value) > Math.abs(largest)) largest = value;
    }
    if (largest < 0) for (let r = 0; r < nRows; r++) loadings[r * width + k] *= -1;
  }
}

function totalVariance({ nRows, nCols, indices, data }: Valued, centre: Float32Array): number {
  let sum = 0;
  for (let e = 0; e < indices.length; e++) sum += data[e] * data[e];
  let ofMeans = 0;
  for (let g = 0; g < nCols; g++) ofMeans += centre[g] * centre[g];
  return sum / nRows - ofMeans;
}
