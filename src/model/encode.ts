/** Runs the network over cells, in blocks. @module */
import type { Csr } from "../core/csr.ts";
import type { DenseMatrix } from "../core/dense.ts";
import { normalizeCells } from "../core/normalize.ts";
import { throwIfAborted, type WorkOptions } from "../core/progress.ts";
import type { CellPart, Inference } from "../kernels/types.ts";
import type { InputTransform, Normalization } from "../schema/training-options.ts";
import type { HeadLogits } from "./calibrate.ts";
import { applyChildCorrection } from "./child-correction.ts";
import type { ChildCorrection } from "./types.ts";

const BLOCK_ROWS = 512;

/** Encoder output of the `nRows` cells of `blocks`, `[nRows, nLatent]`. @throws ABORTED by the signal. */
export async function encodeCells(
  inference: Inference,
  blocks: AsyncIterable<Csr>,
  nRows: number,
  nLatent: number,
  work: WorkOptions,
): Promise<DenseMatrix> {
  const data = new Float32Array(nRows * nLatent);
  let done = 0;
  for await (const block of blocks) {
    throwIfAborted(work.signal);
    const { latent } = await inference.run(block);
    data.set(latent.subarray(0, block.nRows * nLatent), done * nLatent);
    done += block.nRows;
    work.onProgress?.({ phase: "encode", done, total: nRows });
  }
  return { nRows, nCols: nLatent, data };
}

/** Logits of the cells `rows`, which have these values, corrected, one entry per label head. @throws ABORTED by the signal. */
export async function logitsOf(
  inference: Inference,
  { x, at }: CellPart,
  rows: Uint32Array,
  heads: readonly { readonly classes: readonly string[]; readonly codes: Int32Array }[],
  childCorrection: ChildCorrection | null,
  work: WorkOptions,
): Promise<HeadLogits[]> {
  const out = heads.map(({ classes, codes }) => ({
    logits: new Float32Array(rows.length * classes.length),
    nClasses: classes.length,
    targets: Int32Array.from(rows, (row) => codes[row]),
  }));
  for (let start = 0; start < rows.length; start += BLOCK_ROWS) {
    throwIfAborted(work.signal);
    const result = await inference.run(gatherRows(x, at.subarray(start, start + BLOCK_ROWS)));
    if (childCorrection !== null) applyChildCorrection(childCorrection, result);
    out.forEach((head, j) => {
      head.logits.set(result.logits[j], start * head.nClasses);
    });
  }
  return out;
}

/** Rows `start` to `end` as a matrix; entries are shared, not copied. */
export function consecutiveRows(x: Csr, start: number, end: number): Csr {
  const from = x.indptr[start];
  const to = x.indptr[end];
  return {
    nRows: end - start,
    nCols: x.nCols,
    indptr: x.indptr.slice(start, end + 1).map((at) => at - from),
    indices: x.indices.subarray(from, to),
    data: x.data === null ? null : x.data.subarray(from, to),
  };
}

/** A copy of the rows `rows`, in that order. */
export function gatherRows(x: Csr, rows: Uint32Array): Csr {
  const indptr = new Uint32Array(rows.length + 1);
  rows.forEach((row, r) => {
    indptr[r + 1] = indptr[r] + x.indptr[row + 1] - x.indptr[row];
  });
  const nStored = indptr[rows.length];
  const indices = x.indices instanceof Uint16Array ? new Uint16Array(nStored) : new Uint32Array(nStored);
  const data = x.data === null ? null : new Float32Array(nStored);
  rows.forEach((row, r) => {
    indices.set(x.indices.subarray(x.indptr[row], x.indptr[row + 1]), indptr[r]);
    data?.set(x.data!.subarray(x.indptr[row], x.indptr[row + 1]), indptr[r]);
  });
  return { nRows: rows.length, nCols: x.nCols, indptr, indices, data };
}

/** Cells whose values are as the matrix has them, as the network takes them; values may be shared. */
export function networkInput(
  x: Csr,
  {
    inputTransform,
    normalize,
  }: { readonly inputTransform: InputTransform; readonly normalize: Normalization },
): Csr {
  if (inputTransform === "binary") return { ...x, data: null };
  if (normalize === "none") return x;
  const own = { ...x, data: x.data === null ? new Float32Array(x.indices.length).fill(1) : x.data.slice() };
  normalizeCells(own);
  return own;
}
