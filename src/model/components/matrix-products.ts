/** Products of a sparse, centred matrix with a few columns, on the kernels or without them. @module */
import type { Csr } from "../../core/csr.ts";
import { nextTurn, throwIfAborted } from "../../core/progress.ts";
import type { Engine, Linear } from "../../kernels/types.ts";
import { consecutiveRows } from "../encode.ts";

/** Rows between two looks at the signal. */
const ROWS_AT_ONCE = 1024;

type Valued = Csr & { readonly data: Float32Array };
type Columns = Float64Array<ArrayBuffer>;

/** A matrix minus the mean of each gene, which is never made dense. */
export interface MatrixProducts {
  /** Times B [nGenes, width]: [nRows, width]. */
  times(basis: Float64Array): Promise<Columns>;
  /** The transposed matrix times Q [nRows, width]: [nGenes, width]. */
  timesTransposed(basis: Float64Array): Promise<Columns>;
}

/** Products of `x` minus `centre` with `width` columns. @throws ABORTED by the signal. */
export function matrixProducts(
  x: Valued,
  centre: Float32Array,
  width: number,
  { engine, signal }: { readonly engine?: Engine | undefined; readonly signal?: AbortSignal | undefined },
): MatrixProducts {
  const multiply = (rows: Valued, basis: Float64Array, offset: Float64Array): Promise<Columns> =>
    engine === undefined
      ? multiplyPlainly(rows, basis, offset, signal)
      : multiplyOnKernels(engine, rows, basis, offset, signal);
  let transposed: Valued | null = null;
  return {
    times(basis) {
      const offset = new Float64Array(width);
      for (let g = 0; g < x.nCols; g++) {
        const c = centre[g];
        if (c !== 0) for (let k = 0; k < width; k++) offset[k] -= c * basis[g * width + k];
      }
      return multiply(x, basis, offset);
    },
    async timesTransposed(basis) {
      transposed ??= transpose(x);
      const out = await multiply(transposed, basis, new Float64Array(width));
      const totals = new Float64Array(width);
      for (let i = 0; i < basis.length; i++) totals[i % width] += basis[i];
      for (let g = 0; g < x.nCols; g++)
        for (let k = 0; k < width; k++) out[g * width + k] -= centre[g] * totals[k];
      return out;
    },
  };
}

async function multiplyPlainly(
  { nRows, indptr, indices, data }: Valued,
  basis: Float64Array,
  offset: Float64Array,
  signal: AbortSignal | undefined,
): Promise<Columns> {
  const width = offset.length;
  const out = new Float64Array(nRows * width);
  const sums = new Float64Array(width);
  for (let row = 0; row < nRows; row++) {
    if (row % ROWS_AT_ONCE === 0) {
      throwIfAborted(signal);
      await nextTurn();
    }
    sums.set(offset);
    for (let e = indptr[row]; e < indptr[row + 1]; e++) {
      const [value, at] = [data[e], indices[e] * width];
      for (let k = 0; k < width; k++) sums[k] += value * basis[at + k];
    }
    out.set(sums, row * width);
  }
  return out;
}

async function multiplyOnKernels(
  engine: Engine,
  rows: Valued,
  basis: Float64Array,
  offset: Float64Array,
  signal: AbortSignal | undefined,
): Promise<Columns> {
  const product = await createKernelProduct(engine, basis, offset);
  const width = offset.length;
  const out = new Float64Array(rows.nRows * width);
  try {
    for (let start = 0; start < rows.nRows; start += ROWS_AT_ONCE) {
      throwIfAborted(signal);
      const end = Math.min(start + ROWS_AT_ONCE, rows.nRows);
      await product.multiply(consecutiveRows(rows, start, end), out.subarray(start * width, end * width));
    }
  } finally {
    product.dispose();
  }
  return out;
}

/** Multiplies rows with columns that stay the same. */
export interface KernelProduct {
  /** Writes rows times columns plus offset, [nRows, width], to `into`. */
  multiply(rows: Csr, into: Float64Array | Float32Array): Promise<void>;
  dispose(): void;
}

/**
 * Rows times `basis` [nCols, width] plus `offset`. The first layer of a network that is evaluated multiplies sparse rows with
 * its weights, on all threads. Its activation keeps what is positive, so that each column goes in twice, the second time with
 * the other sign.
 */
export async function createKernelProduct(
  engine: Engine,
  basis: Float64Array,
  offset: Float64Array,
): Promise<KernelProduct> {
  const width = offset.length;
  const nCols = basis.length / width;
  const both: Linear = {
    nIn: nCols,
    nOut: 2 * width,
    weight: new Float32Array(2 * width * nCols),
    bias: new Float32Array(2 * width),
  };
  for (let k = 0; k < width; k++) {
    const [positive, negative] = [k * nCols, (width + k) * nCols];
    for (let g = 0; g < nCols; g++) {
      const value = basis[g * width + k];
      both.weight[positive + g] = value;
      both.weight[negative + g] = -value;
    }
    both.bias[k] = offset[k];
    both.bias[width + k] = -offset[k];
  }
  const head: Linear = {
    nIn: 2 * width,
    nOut: 1,
    weight: new Float32Array(2 * width),
    bias: new Float32Array(1),
  };
  const inference = await engine.createInference(
    { nGenes: nCols, hiddenSizes: [2 * width], nClasses: [1], coordDims: [] },
    { encoder: [both], labelHeads: [head], coordHeads: [] },
  );
  return {
    async multiply(rows, into) {
      const { latent } = await inference.run(rows);
      for (let r = 0; r < rows.nRows; r++)
        for (let k = 0; k < width; k++)
          into[r * width + k] = latent[2 * r * width + k] - latent[(2 * r + 1) * width + k];
    },
    dispose: () => inference.dispose(),
  };
}

/** The same entries by gene. */
function transpose({ nRows, nCols, indptr, indices, data }: Valued): Valued {
  const starts = new Uint32Array(nCols + 1);
  for (let e = 0; e < indices.length; e++) starts[indices[e] + 1]++;
  for (let g = 0; g < nCols; g++) starts[g + 1] += starts[g];
  const next = starts.slice(0, nCols);
  const rows = nRows <= 65536 ? new Uint16Array(indices.length) : new Uint32Array(indices.length);
  const values = new Float32Array(indices.length);
  for (let r = 0; r < nRows; r++)
    for (let e = indptr[r]; e < indptr[r + 1]; e++) {
      const at = next[indices[e]]++;
      rows[at] = r;
      values[at] = data[e];
    }
  return { nRows: nCols, nCols: nRows, indptr: starts, indices: rows, data: values };
}
