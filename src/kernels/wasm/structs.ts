/**
 * The records of src/kernels/assembly/structs.ts as JavaScript sees them: the same fields in the same order,
 * one 32-bit word each. A test compares the two files.
 * @module
 */

/** Where the control block of assembly/pool.ts lies, and what is in it. */
export const CONTROL = {
  address: 32768,
  generation: 32768,
  aborted: 32772,
  quit: 32776,
  firstMaySleep: 32780,
  /** The error message of a failed thread: its length, then UTF-8 bytes. */
  message: 33792,
  messageBytes: 1024,
} as const;
/** Allocation starts here: the first page belongs to the control block. */
export const ARENA_START = 65536;

export const LAYER = [
  "nIn",
  "nOut",
  "width",
  "weight",
  "weightM",
  "weightV",
  "transposed",
  "bias",
  "biasM",
  "biasV",
  "activation",
  "grad",
  "dropoutKey",
] as const;

export const HEAD = ["offset", "size", "output"] as const;

export const NETWORK = [
  "nLayers",
  "layers",
  "capacity",
  "nLabelHeads",
  "nCoordHeads",
  "heads",
  "rowLoss",
  "latentOutput",
  "latentGrad",
  "scratch",
  "compactTable",
  "zeros",
  "optimizer",
  "dropoutThreshold",
  "dropoutScale",
  "nGeneRanges",
  "nTransposeRanges",
  "geneStarts",
  "geneEnds",
  "geneRows",
  "geneValues",
] as const;

export const SCRATCH = [
  "rowStarts",
  "rowEnds",
  "rowIndices",
  "rowValues",
  "rowStride",
  "line",
  "lineGrad",
  "columnStarts",
  "columnEnds",
  "columnRows",
  "columnValues",
  "gradients",
  "rangeStarts",
  "rangeEnds",
] as const;

export const BATCH = [
  "nRows",
  "bounds",
  "nTiles",
  "indices",
  "values",
  "labels",
  "labelScales",
  "targets",
  "coordScales",
] as const;

export const OPTIMIZER = [
  "beta1",
  "oneMinusBeta1",
  "beta2",
  "oneMinusBeta2",
  "eps",
  "l2",
  "decay",
  "stepSize",
  "rootScale",
] as const;

export const STEP = ["network", "batch", "mode", "firstRows", "chunkRows"] as const;

export const SEARCH = [
  "nReferences",
  "dim",
  "references",
  "norms",
  "panelNorms",
  "nQueries",
  "queries",
  "k",
  "indices",
  "distances",
  "chunkRows",
  "scratch",
  "compactTable",
  "zeros",
  "crossError",
  "normError",
] as const;

/** The fields that hold a float32 rather than an integer or address. */
const FLOATS: ReadonlySet<string> = new Set([...OPTIMIZER, "dropoutScale", "crossError", "normError"]);

/** The views of the whole memory that records are written through. */
export interface Words {
  readonly u32: Uint32Array;
  readonly f32: Float32Array;
}

export type RecordOf<F extends readonly string[]> = { readonly [K in F[number]]: number };

/** Writes a record at byte address `address`. */
export function writeRecord<F extends readonly string[]>(
  { u32, f32 }: Words,
  address: number,
  fields: F,
  values: RecordOf<F>,
): void {
  fields.forEach((field, i) => {
    const value = values[field as F[number]];
    if (FLOATS.has(field)) f32[address / 4 + i] = value;
    else u32[address / 4 + i] = value;
  });
}

/** Byte address of one field of a record at `address`. */
export function fieldAddress<F extends readonly string[]>(
  address: number,
  fields: F,
  field: F[number],
): number {
  return address + 4 * fields.indexOf(field);
}
