/** Rows of features as linear models read them: dense, or sparse without being made dense. @module */
import type { Csr } from "../core/csr.ts";

/** Row-major values. */
export interface DenseRows {
  readonly nRows: number;
  readonly nCols: number;
  readonly values: Float32Array | Float64Array;
}

/**
 * Sparse rows: stored entry e is `values[e]` above the base of its column, every other one is the base.
 *
 * With a base a matrix can be standardised and stay sparse; null is a base of zeros.
 */
export interface SparseRows extends Pick<Csr, "nRows" | "nCols" | "indptr" | "indices"> {
  readonly values: Float32Array | Float64Array;
  readonly base: Float64Array | null;
}

export type FeatureRows = DenseRows | SparseRows;

/**
 * Products of rows with a matrix of `[features, outputs]`, row-major, as long as `into` has outputs. Sums run in
 * the order of the features.
 */
export interface RowProducts {
  /** What all rows share: the offsets of the outputs, and the base times the weights. */
  shared(weights: Float64Array, offsets: Float64Array): Float64Array;
  /** Adds the rest of one row's product to `into`. */
  addRow(row: number, weights: Float64Array, into: Float64Array): void;
  /** Adds the outer product of one row, its base left out, and `scale` times `outputs`. */
  addOuter(row: number, scale: number, outputs: Float64Array, into: Float64Array): void;
  /** Adds the outer product of the base and the sum of all rows' scaled outputs. */
  addSharedOuter(outputs: Float64Array, into: Float64Array): void;
}

export function rowProducts(rows: FeatureRows): RowProducts {
  return "indptr" in rows ? sparseProducts(rows) : denseProducts(rows);
}

function denseProducts({ nCols, values }: DenseRows): RowProducts {
  return {
    shared: (_, offsets) => offsets.slice(),
    addRow(row, weights, into) {
      const n = into.length;
      for (let f = 0; f < nCols; f++) {
        const value = values[row * nCols + f];
        for (let k = 0; k < n; k++) into[k] += value * weights[f * n + k];
      }
    },
    addOuter(row, scale, outputs, into) {
      const n = outputs.length;
      for (let f = 0; f < nCols; f++) {
        const scaled = scale * values[row * nCols + f];
        for (let k = 0; k < n; k++) into[f * n + k] += scaled * outputs[k];
      }
    },
    addSharedOuter: () => {},
  };
}

function sparseProducts({ indptr, indices, values, base }: SparseRows): RowProducts {
  return {
    shared(weights, offsets) {
      const n = offsets.length;
      const out = offsets.slice();
      if (base === null) return out;
      for (let f = 0; f < base.length; f++)
        for (let k = 0; k < n; k++) out[k] += base[f] * weights[f * n + k];
      return out;
    },
    addRow(row, weights, into) {
      const n = into.length;
      for (let e = indptr[row]; e < indptr[row + 1]; e++) {
        const value = values[e];
        const at = indices[e] * n;
        for (let k = 0; k < n; k++) into[k] += value * weights[at + k];
      }
    },
    addOuter(row, scale, outputs, into) {
      const n = outputs.length;
      for (let e = indptr[row]; e < indptr[row + 1]; e++) {
        const scaled = scale * values[e];
        const at = indices[e] * n;
        for (let k = 0; k < n; k++) into[at + k] += scaled * outputs[k];
      }
    },
    addSharedOuter(outputs, into) {
      if (base === null) return;
      const n = outputs.length;
      for (let f = 0; f < base.length; f++)
        for (let k = 0; k < n; k++) into[f * n + k] += base[f] * outputs[k];
    },
  };
}
