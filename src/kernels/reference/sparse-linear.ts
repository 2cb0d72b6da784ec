/**
 * The first layer, over sparse cells: a gather of weight rows forward, a sum over each gene's cells backward.
 *
 * Weights are kept gene by gene, `[nIn, nOut]`, the transpose of torch's layout, so that both directions
 * touch contiguous memory.
 * @module
 */
import type { Csr } from "../../core/csr.ts";
import type { Linear } from "../types.ts";

/** A linear layer whose `weight` is `[nIn, nOut]` row-major. */
export interface SparseLinear {
  readonly nIn: number;
  readonly nOut: number;
  readonly weight: Float32Array;
  readonly bias: Float32Array;
}

/** The batch gene by gene: gene g is stored in the batch rows `cells[starts[g]]` to `cells[starts[g + 1] - 1]`. */
export interface BatchColumns {
  readonly starts: Uint32Array;
  readonly cells: Uint32Array;
  /** Values beside `cells`; null when all are 1. */
  readonly values: Float32Array | null;
}

export function toSparseLinear({ nIn, nOut, weight, bias }: Linear): SparseLinear {
  return { nIn, nOut, weight: transpose(weight, nOut, nIn), bias: bias.slice() };
}

export function fromSparseLinear({ nIn, nOut, weight, bias }: SparseLinear): Linear {
  return { nIn, nOut, weight: transpose(weight, nIn, nOut), bias: bias.slice() };
}

function transpose(matrix: Float32Array, nRows: number, nCols: number): Float32Array {
  const out = new Float32Array(matrix.length);
  for (let r = 0; r < nRows; r++) for (let c = 0; c < nCols; c++) out[c * nRows + r] = matrix[r * nCols + c];
  return out;
}

/** `out[b] = x[rows[b]] · weight + bias` for each batch row b; `out` is `[rows.length, nOut]`. */
export function sparseForward(x: Csr, rows: Uint32Array, layer: SparseLinear, out: Float64Array): void {
  const { nOut, weight, bias } = layer;
  const { indptr, indices, data } = x;
  for (let b = 0; b < rows.length; b++) {
    const sums = out.subarray(b * nOut, (b + 1) * nOut);
    sums.fill(0);
    const end = indptr[rows[b] + 1];
    for (let e = indptr[rows[b]]; e < end; e++) {
      const w = indices[e] * nOut;
      if (data === null) for (let h = 0; h < nOut; h++) sums[h] = sums[h] + weight[w + h];
      else {
        const value = data[e];
        for (let h = 0; h < nOut; h++) sums[h] = sums[h] + value * weight[w + h];
      }
    }
    for (let h = 0; h < nOut; h++) sums[h] = sums[h] + bias[h];
  }
}

/** Turns the batch `rows` of `x` around: for every gene its cells, in ascending batch row. */
export function batchColumns(x: Csr, rows: Uint32Array): BatchColumns {
  const { indptr, indices, data, nCols } = x;
  const starts = new Uint32Array(nCols + 1);
  for (const row of rows)
    for (let e = indptr[row]; e < indptr[row + 1]; e++) starts[indices[e] + 1] = starts[indices[e] + 1] + 1;
  for (let g = 0; g < nCols; g++) starts[g + 1] = starts[g + 1] + starts[g];
  const next = starts.slice(0, nCols);
  const cells = new Uint32Array(starts[nCols]);
  const values = data === null ? null : new Float32Array(starts[nCols]);
  for (let b = 0; b < rows.length; b++) {
    const end = indptr[rows[b] + 1];
    for (let e = indptr[rows[b]]; e < end; e++) {
      const gene = indices[e];
      const at = next[gene];
      next[gene] = at + 1;
      cells[at] = b;
      if (values !== null) values[at] = data![e];
    }
  }
  return { starts, cells, values };
}

/** Overwrites `gradient` (`[nOut]`) with the weight gradient of one gene; `dOut` is `[batch rows, nOut]`. */
export function geneGradient(
  columns: BatchColumns,
  gene: number,
  dOut: Float64Array,
  gradient: Float64Array,
): void {
  const nOut = gradient.length;
  gradient.fill(0);
  const end = columns.starts[gene + 1];
  for (let e = columns.starts[gene]; e < end; e++) {
    const row = columns.cells[e] * nOut;
    const value = columns.values === null ? 1 : columns.values[e];
    for (let h = 0; h < nOut; h++) gradient[h] = gradient[h] + value * dOut[row + h];
  }
}

/** Overwrites `gradient` (`[nOut]`) with the column sums of `dOut`: the bias gradient. */
export function biasGradient(dOut: Float64Array, nRows: number, gradient: Float64Array): void {
  const nOut = gradient.length;
  gradient.fill(0);
  for (let r = 0; r < nRows; r++)
    for (let h = 0; h < nOut; h++) gradient[h] = gradient[h] + dOut[r * nOut + h];
}
