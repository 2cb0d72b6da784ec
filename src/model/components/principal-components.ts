/**
 * Principal components of a sparse matrix, which is centred by terms of rank one and never made dense.
 *
 * Source: randomised subspace iteration with a Rayleigh-Ritz step (Halko, Martinsson and Tropp, 2011), on the genes'
 * side, so that each iteration passes once over the entries.
 * @module
 */
import type { Csr } from "../../core/csr.ts";
import { nextTurn, throwIfAborted } from "../../core/progress.ts";
import { randomUniform } from "../../core/rng.ts";
import { choleskyFactor, solveLower } from "./cholesky.ts";
import { symmetricEigen } from "./symmetric-eigen.ts";
import type { Components } from "./types.ts";

/** Directions beside those asked for, which let the last of them converge. */
const OVERSAMPLING = 10;
/** Passes over the entries; the last one gives the Rayleigh-Ritz step. */
const PASSES = 4;
/** A direction whose square, relative to the largest, is below this lies in the span of those before it. */
const RANK_TOLERANCE = 1e-12;
/** Rows between two looks at the signal. */
const ROWS_AT_ONCE = 1024;

type Valued = Csr & { readonly data: Float32Array };

/**
 * The first `nComponents` components of `x` minus `centre`, or as many as its rank allows. Each has the sign that makes
 * its largest loading positive.
 * @throws ABORTED by the signal.
 */
export async function principalComponents(
  x: Valued,
  centre: Float32Array,
  nComponents: number,
  { key, signal }: { readonly key: number; readonly signal?: AbortSignal | undefined },
): Promise<Components> {
  const nGenes = x.nCols;
  const width = Math.min(nComponents + OVERSAMPLING, x.nRows, nGenes);
  let basis: Float64Array = Float64Array.from(
    { length: nGenes * width },
    (_, i) => randomUniform(key, i) - 0.5,
  );
  orthonormalise(basis, nGenes, width);
  for (let pass = 1; pass < PASSES; pass++) {
    basis = await timesCovariance(x, centre, basis, width, signal);
    orthonormalise(basis, nGenes, width);
    // Once more, as the first time loses digits where the directions are nearly the same.
    orthonormalise(basis, nGenes, width);
  }
  const image = await timesCovariance(x, centre, basis, width, signal);
  const small = innerProducts(basis, image, nGenes, width);
  const { values, vectors } = symmetricEigen(small, width);
  let kept = 0;
  while (kept < Math.min(nComponents, width) && values[kept] > RANK_TOLERANCE * values[0]) kept++;
  const loadings = rotated(basis, vectors, nGenes, width, kept);
  fixSigns(loadings, nGenes, kept);
  const explained = values.subarray(0, kept).reduce((sum, value) => sum + value, 0);
  const total = totalVariance(x, centre);
  return {
    nGenes,
    nComponents: kept,
    loadings,
    variances: Float32Array.from(values.subarray(0, kept)),
    noise: Math.fround(Math.max(0, total - explained) / nGenes),
  };
}

/** C B, with C the covariance of the genes and B [nGenes, width]. */
async function timesCovariance(
  { nRows, nCols, indptr, indices, data }: Valued,
  centre: Float32Array,
  basis: Float64Array,
  width: number,
  signal: AbortSignal | undefined,
): Promise<Float64Array> {
  const out = new Float64Array(nCols * width);
  const offset = new Float64Array(width);
  for (let g = 0; g < nCols; g++) {
    const c = centre[g];
    if (c !== 0) for (let k = 0; k < width; k++) offset[k] += c * basis[g * width + k];
  }
  const scores = new Float64Array(width);
  const totals = new Float64Array(width);
  for (let row = 0; row < nRows; row++) {
    if (row % ROWS_AT_ONCE === 0) {
      throwIfAborted(signal);
      await nextTurn();
    }
    for (let k = 0; k < width; k++) scores[k] = -offset[k];
    for (let e = indptr[row]; e < indptr[row + 1]; e++) addScaled(scores, basis, indices[e] * width, data[e]);
    for (let k = 0; k < width; k++) totals[k] += scores[k];
    for (let e = indptr[row]; e < indptr[row + 1]; e++) scatter(out, indices[e] * width, scores, data[e]);
  }
  for (let g = 0; g < nCols; g++)
    for (let k = 0; k < width; k++) out[g * width + k] = (out[g * width + k] - centre[g] * totals[k]) / nRows;
  return out;
}

function addScaled(into: Float64Array, from: Float64Array, at: number, factor: number): void {
  for (let k = 0; k < into.length; k++) into[k] += factor * from[at + k];
}

function scatter(into: Float64Array, at: number, from: Float64Array, factor: number): void {
  for (let k = 0; k < from.length; k++) into[at + k] += factor * from[k];
}

/** AᵀB of two matrices of `nRows` rows. */
function innerProducts(a: Float64Array, b: Float64Array, nRows: number, width: number): Float64Array {
  const out = new Float64Array(width * width);
  for (let r = 0; r < nRows; r++)
    for (let i = 0; i < width; i++) {
      const factor = a[r * width + i];
      for (let j = 0; j < width; j++) out[i * width + j] += factor * b[r * width + j];
    }
  for (let i = 0; i < width; i++)
    for (let j = 0; j < i; j++) {
      const mean = (out[i * width + j] + out[j * width + i]) / 2;
      out[i * width + j] = mean;
      out[j * width + i] = mean;
    }
  return out;
}

/** Makes the columns orthonormal, in place; a column in the span of those before it becomes zero. */
function orthonormalise(basis: Float64Array, nRows: number, width: number): void {
  const gram = innerProducts(basis, basis, nRows, width);
  let largest = 0;
  for (let k = 0; k < width; k++) largest = Math.max(largest, gram[k * width + k]);
  const factor = choleskyFactor(gram, width, RANK_TOLERANCE * largest);
  for (let r = 0; r < nRows; r++) solveLower(factor, width, basis, r * width);
}

function rotated(
  basis: Float64Array,
  vectors: Float64Array,
  nRows: number,
  width: number,
  kept: number,
): Float32Array {
  const out = new Float32Array(nRows * kept);
  const row = new Float64Array(kept);
  for (let r = 0; r < nRows; r++) {
    row.fill(0);
    for (let i = 0; i < width; i++) {
      const factor = basis[r * width + i];
      for (let k = 0; k < kept; k++) row[k] += factor * vectors[i * width + k];
    }
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
