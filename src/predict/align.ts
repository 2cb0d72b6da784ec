/**
 * Matches the query's genes to the model's and streams its rows in the model's gene order
 * (docs/specification/3-prediction.md#gene-alignment).
 * @module
 */

import type { Matrix } from "../anndata/types.ts";
import type { Csr, RowBlock, RowRange } from "../core/csr.ts";
import { createScratchBuffer, type ScratchBuffer } from "../core/scratch-buffer.ts";
import { AtlasmtlError, locate, option, phrase } from "../errors.ts";
import type { InputTransform } from "../schema/training-options.ts";
import type { RowPreparer } from "./prepare-rows.ts";

/** Names that an error lists. */
const N_LISTED = 5;

/** The position of each query gene in the model. */
export interface GeneAlignment {
  readonly queryGenes: readonly string[];
  /** For each query gene its index in the model, -1 if the model does not use it. */
  readonly toModel: Int32Array;
  readonly nGenes: number;
  readonly nMatched: number;
  readonly nMissing: number;
}

/** The last match of each model's genes: the samples of a study have the same names. */
const lastAlignments = new WeakMap<readonly string[], GeneAlignment>();

const isSameList = (a: readonly string[], b: readonly string[]): boolean =>
  a === b || (a.length === b.length && a.every((name, i) => name === b[i]));

/** The alignment of the query before, if it had the same names. */
export function sameAlignment(
  queryGenes: readonly string[],
  trainGenes: readonly string[],
): GeneAlignment | null {
  const last = lastAlignments.get(trainGenes);
  return last !== undefined && isSameList(last.queryGenes, queryGenes) ? last : null;
}

/**
 * Matches genes by exact name; missing genes will be zeros and extra genes are ignored. Queries with the same names, one
 * after another, get the same object.
 *
 * Messages call the query `source`.
 * @throws BAD_DATA when the query has a gene of the model twice.
 */
export function alignGenes(
  queryGenes: readonly string[],
  trainGenes: readonly string[],
  source: string,
): GeneAlignment {
  const last = sameAlignment(queryGenes, trainGenes);
  if (last !== null) return last;
  const position = new Map<string, number>();
  for (let j = 0; j < trainGenes.length; j++) position.set(trainGenes[j], j);
  const toModel = new Int32Array(queryGenes.length).fill(-1);
  const isFound = new Uint8Array(trainGenes.length);
  let nMatched = 0;
  for (let j = 0; j < queryGenes.length; j++) {
    const at = position.get(queryGenes[j]);
    if (at === undefined) continue;
    if (isFound[at] !== 0) throw repeatedGenes(queryGenes, new Set(trainGenes), source);
    isFound[at] = 1;
    toModel[j] = at;
    nMatched++;
  }
  const nGenes = trainGenes.length;
  const made = { queryGenes, toModel, nGenes, nMatched, nMissing: nGenes - nMatched };
  lastAlignments.set(trainGenes, made);
  return made;
}

/** The error about genes of the model that the query has twice. */
export function repeatedGenes(
  queryGenes: readonly string[],
  trainGenes: ReadonlySet<string>,
  source: string,
): AtlasmtlError {
  const seen = new Set<string>();
  const repeated = new Set<string>();
  for (const gene of queryGenes) if (trainGenes.has(gene)) (seen.has(gene) ? repeated : seen).add(gene);
  const names = [...repeated];
  const shown = names.slice(0, N_LISTED).map((name) => `'${name}'`);
  return new AtlasmtlError(
    "BAD_DATA",
    `${names.length} of the model's genes ${names.length === 1 ? "occurs" : "occur"} more than once in the query: ` +
      `${shown.join(", ")}${names.length > N_LISTED ? " and more" : ""}`,
    {
      where: `${source} › var names`,
      hint: phrase`add up the columns of one gene with ${option("autoGenes", true)}`,
    },
  );
}

/**
 * Streams the query in blocks of at most `batchSize` rows, in the model's gene order and as `prepare` makes them. Each
 * block may reuse the memory of the block before the previous one.
 *
 * The reader chooses how many rows it reads at once, fewer of a wide matrix; longer blocks are cut.
 * @throws BAD_DATA for a negative value under the `binary` transform.
 */
export async function* alignedRows(
  matrix: Matrix,
  alignment: GeneAlignment,
  options: {
    readonly transform: InputTransform;
    readonly batchSize: number;
    readonly source: string;
    /** The rows that are read; all by default. The first of them is row 0 of the blocks, and messages count from the first of the matrix. */
    readonly range?: RowRange | undefined;
    readonly signal?: AbortSignal | undefined;
    /** Threads that may read; default 1. */
    readonly numThreads?: number | "max" | undefined;
    /** Makes the network's input and what `onValues` gets of the aligned values; without it they are taken as they are. */
    readonly prepare?: RowPreparer | undefined;
    /** Gets the aligned rows with their values. */
    readonly onValues?: ((rows: Csr, firstRow: number) => void) | undefined;
  },
): AsyncGenerator<RowBlock> {
  const { transform, batchSize, source, signal, numThreads, prepare, onValues } = options;
  const { start, end } = options.range ?? { start: 0, end: matrix.nRows };
  const where = `${source} › ${matrix.name}`;
  if (start === end) return prepare?.finish();
  // A block is still in use while the next one is prepared.
  const buffers = [createScratchBuffer(), createScratchBuffer()];
  let turn = 0;
  for await (const { firstRow, csr } of matrix.rows({
    maxRows: batchSize,
    reuse: true,
    start,
    end,
    numThreads,
    signal,
  })) {
    let network: Csr;
    try {
      const keepsValues = onValues !== undefined;
      const aligned = alignBlock(csr, alignment, transform, firstRow, buffers[turn], keepsValues);
      turn = 1 - turn;
      const others = prepare?.others(aligned, firstRow) ?? aligned;
      onValues?.(others, firstRow - start);
      network =
        transform === "binary"
          ? { ...aligned, data: null }
          : (prepare?.network(aligned, firstRow) ?? aligned);
    } catch (error) {
      throw locate(error, where);
    }
    yield* cut({ firstRow: firstRow - start, csr: network }, batchSize);
  }
  prepare?.finish();
}

/** A block in pieces of at most `batchSize` rows, without copying its entries. */
function* cut({ firstRow, csr }: RowBlock, batchSize: number): Generator<RowBlock> {
  const { nRows, nCols, indptr, indices, data } = csr;
  for (let start = 0; start < nRows; start += batchSize) {
    const end = Math.min(start + batchSize, nRows);
    const [from, to] = [indptr[start], indptr[end]];
    yield {
      firstRow: firstRow + start,
      csr: {
        nRows: end - start,
        nCols,
        indptr: indptr.slice(start, end + 1).map((at) => at - from),
        indices: indices.subarray(from, to),
        data: data === null ? null : data.subarray(from, to),
      },
    };
  }
}

/**
 * One block with its columns in the model's order.
 *
 * If the query's genes are already in that order, this is one pass; any other row is sorted with a bitmap of
 * the model's genes. `firstRow` is the number of the first row in messages. The columns are stored in `room`,
 * if it is given.
 * @throws BAD_DATA for a negative value under the `binary` transform.
 */
export function alignBlock(
  block: Csr,
  alignment: GeneAlignment,
  transform: InputTransform,
  firstRow = 0,
  scratch?: ScratchBuffer,
  keepsValues = false,
): Csr {
  const { queryGenes, toModel, nGenes } = alignment;
  const { nRows, indptr, indices, data } = block;
  const binary = transform === "binary";
  const n = indices.length;
  const memory = (bytes: number) => scratch?.(bytes) ?? new ArrayBuffer(bytes);
  const columns =
    nGenes <= 65536 ? new Uint16Array(memory(2 * n), 0, n) : new Uint32Array(memory(4 * n), 0, n);
  const values = (binary && !keepsValues) || data === null ? null : new Float32Array(indices.length);
  const rowStart = new Uint32Array(nRows + 1);
  let sortRow: RowSorter | null = null;
  let kept = 0;
  for (let r = 0; r < nRows; r++) {
    const first = kept;
    let last = -1;
    let rises = true;
    for (let e = indptr[r]; e < indptr[r + 1]; e++) {
      const gene = toModel[indices[e]];
      if (gene < 0) continue;
      if (binary && data !== null && data[e] < 0)
        throw negative(data[e], firstRow + r, queryGenes[indices[e]]);
      if (gene < last) rises = false;
      last = gene;
      columns[kept] = gene;
      if (values !== null && data !== null) values[kept] = data[e];
      kept++;
    }
    rowStart[r + 1] = kept;
    if (rises) continue;
    sortRow ??= createRowSorter(nGenes);
    sortRow(columns, values, first, kept);
  }
  return {
    nRows,
    nCols: nGenes,
    indptr: rowStart,
    indices: columns.subarray(0, kept),
    data: values === null ? null : values.subarray(0, kept),
  };
}

type RowSorter = (
  columns: Uint16Array | Uint32Array,
  values: Float32Array | null,
  first: number,
  end: number,
) => void;

/** Sorts entries `first` to `end` by column; columns are distinct, so each has one bit. */
function createRowSorter(nGenes: number): RowSorter {
  const bits = new Uint32Array(Math.ceil(nGenes / 32));
  const expressed = new Float32Array(nGenes);
  return (columns, values, first, end) => {
    for (let e = first; e < end; e++) {
      const gene = columns[e];
      bits[gene >>> 5] |= 1 << (gene & 31);
      if (values !== null) expressed[gene] = values[e];
    }
    let to = first;
    for (let word = 0; to < end; word++) {
      let left = bits[word];
      if (left === 0) continue;
      bits[word] = 0;
      while (left !== 0) {
        const gene = (word << 5) + 31 - Math.clz32(left & -left);
        left &= left - 1;
        columns[to] = gene;
        if (values !== null) values[to] = expressed[gene];
        to++;
      }
    }
  };
}

function negative(value: number, row: number, gene: string): AtlasmtlError {
  return new AtlasmtlError(
    "BAD_DATA",
    `the binary transform needs values of 0 or more, row ${row} holds ${value} for gene '${gene}'`,
    {
      hint: phrase`the matrix looks scaled or centred: choose the counts or the log-normalised values, such as ${option("layer", "counts")} or ${option("layer", "raw/X")}`,
    },
  );
}
