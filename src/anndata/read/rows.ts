/**
 * Streams the rows of a matrix as canonical CSR blocks. CSR, CSC and dense copies of one matrix give
 * identical blocks.
 * @module
 */
import type { RowBlock } from "../../core/csr.ts";
import { nextTurn, throwIfAborted } from "../../core/progress.ts";
import { createScratchBuffer } from "../../core/scratch-buffer.ts";
import { AtlasmtlError } from "../../errors.ts";
import type { Matrix, RowsOptions } from "../types.ts";
import { canonicalCsr, denseToCsr, type EntryProblem } from "./canonical-csr.ts";
import { isThreadable, readingThreads } from "./reading-threads.ts";
import { type NumericSource, readFloats, readInts } from "./sequential-array.ts";

/** The arrays of a sparse matrix; `starts` is its indptr, along rows for CSR and columns for CSC. */
export interface SparseArrays {
  readonly storage: "csr" | "csc";
  readonly starts: Float64Array;
  readonly indices: NumericSource;
  readonly data: NumericSource;
}

/** Consecutive rows in memory: row r holds entries `starts[r]` to `starts[r + 1]` of the other two arrays. */
export interface HeldRows {
  readonly firstRow: number;
  readonly starts: Float64Array;
  readonly columns: Int32Array;
  readonly values: Float32Array;
}

/** A matrix that is read in ranges of rows that fit into memory, such as one from text. */
export interface RangedArrays {
  readonly storage: Matrix["storage"];
  ranges(start: number, end: number, signal: AbortSignal | undefined): AsyncIterable<HeldRows>;
}

export type MatrixArrays =
  | SparseArrays
  | { readonly storage: "dense"; readonly values: NumericSource }
  | RangedArrays;

export interface MatrixLayout {
  readonly nRows: number;
  readonly nCols: number;
  readonly arrays: MatrixArrays;
  /** Throws for an invalid entry and names it; rows are those of the whole matrix. */
  readonly report: (problem: EntryProblem) => never;
}

/** Default number of values in a block: 8 MiB of 4-byte columns and 4-byte values. */
const BLOCK_ENTRIES = 1 << 18;

/** Default maximum number of rows in a block. */
const BLOCK_ROWS = 8192;

/** Entries of a CSC matrix that are transposed at once: 256 MiB. */
const TURNED_ENTRIES = 1 << 25;

/** Entries of a CSC matrix that are read at once. */
const SCAN_ENTRIES = 1 << 21;

/** Streams rows `start` to `end`. @throws BAD_DATA for an invalid entry, ABORTED by the signal. */
export function streamRows(layout: MatrixLayout, options: RowsOptions = {}): AsyncIterable<RowBlock> {
  const start = options.start ?? 0;
  const end = options.end ?? layout.nRows;
  const { blockRows } = options;
  const maxRows = options.maxRows ?? BLOCK_ROWS;
  if (
    !(Number.isInteger(start) && Number.isInteger(end) && 0 <= start && start <= end && end <= layout.nRows)
  )
    throw new AtlasmtlError("USAGE", `rows ${start} to ${end} are not within 0 to ${layout.nRows}`);
  if (blockRows !== undefined && !(Number.isInteger(blockRows) && blockRows > 0))
    throw new AtlasmtlError("USAGE", `blockRows is ${blockRows}, expected a positive integer`);
  if (!(maxRows > 0)) throw new AtlasmtlError("USAGE", `maxRows is ${maxRows}, expected a positive integer`);
  const { arrays } = layout;
  const { reuse = false, signal } = options;
  const { numThreads } = options;
  const asked = { start, end, blockRows, maxRows: Math.min(maxRows, BLOCK_ROWS), reuse, numThreads, signal };
  if ("ranges" in arrays) return rangedRows(layout, arrays, asked);
  if (arrays.storage === "dense") return denseRows(layout, arrays.values, asked);
  return arrays.storage === "csr" ? csrRows(layout, arrays, asked) : cscRows(layout, arrays, asked);
}

interface Asked {
  readonly start: number;
  readonly end: number;
  readonly blockRows: number | undefined;
  readonly maxRows: number;
  readonly reuse: boolean;
  readonly numThreads: RowsOptions["numThreads"];
  readonly signal: AbortSignal | undefined;
}

/** Lets timers and signals run between blocks. */
async function breathe(signal: AbortSignal | undefined): Promise<void> {
  await nextTurn();
  throwIfAborted(signal);
}

/** The end of a block that begins at `row`: after a fixed number of rows, or as many as its entries allow. */
function blockEnd(row: number, asked: Asked, starts: Float64Array | Uint32Array): number {
  if (asked.blockRows !== undefined) return Math.min(row + asked.blockRows, asked.end);
  const limit = starts[row] + BLOCK_ENTRIES;
  const last = Math.min(row + asked.maxRows, asked.end);
  let end = row + 1;
  while (end < last && starts[end + 1] <= limit) end++;
  return end;
}

const shifted =
  (report: MatrixLayout["report"], firstRow: number): MatrixLayout["report"] =>
  (problem) =>
    report({ ...problem, row: problem.row + firstRow });

async function* csrRows(layout: MatrixLayout, arrays: SparseArrays, asked: Asked): AsyncGenerator<RowBlock> {
  const { starts } = arrays;
  const { start, end, signal } = asked;
  const numThreads = readingThreads(starts, start, end, asked.numThreads);
  const indices = numThreads === 0 ? null : (arrays.indices.chunks?.() ?? null);
  const data = indices === null ? null : (arrays.data.chunks?.() ?? null);
  if (indices === null || data === null || !isThreadable(indices) || !isThreadable(data)) {
    yield* csrBlocks(layout, arrays, asked, start);
    return;
  }
  // Loaded on first use: most matrices are small.
  const { threadedRows } = await import("./threaded-rows.ts");
  const nextEnd = (row: number): number => blockEnd(row, asked, starts);
  let before = start;
  const blocks = threadedRows({
    ...{ nCols: layout.nCols, starts, indices, data, start, end, numThreads, reuse: asked.reuse },
    blockEnd: nextEnd,
    without: (first, last) => csrBlocks(layout, arrays, { ...asked, start: before, end: last }, first),
  });
  for await (const block of blocks) {
    await breathe(signal);
    before = block.firstRow;
    yield block;
  }
}

/** The blocks from row `first` on; those before are read and not passed on, so that a reading error names the same range of values. */
async function* csrBlocks(
  layout: MatrixLayout,
  arrays: SparseArrays,
  asked: Asked,
  first: number,
): AsyncGenerator<RowBlock> {
  const { starts } = arrays;
  const columnsOf = readInts(arrays.indices, asked);
  const valuesOf = readFloats(arrays.data, asked);
  const scratch = asked.reuse ? createScratchBuffer() : undefined;
  for (let row = asked.start; row < asked.end; ) {
    await breathe(asked.signal);
    const end = blockEnd(row, asked, starts);
    const from = starts[row];
    const to = starts[end];
    const columns = await columnsOf(from, to);
    const values = await valuesOf(from, to);
    if (row >= first) {
      const local = starts.slice(row, end + 1).map((at) => at - from);
      const report = shifted(layout.report, row);
      yield {
        firstRow: row,
        csr: canonicalCsr(end - row, layout.nCols, local, columns, values, report, scratch),
      };
    }
    row = end;
  }
}

async function* denseRows(
  layout: MatrixLayout,
  source: NumericSource,
  asked: Asked,
): AsyncGenerator<RowBlock> {
  const { nCols } = layout;
  const valuesOf = readFloats(source, asked);
  const rows =
    asked.blockRows ??
    Math.min(asked.maxRows, Math.max(1, Math.floor((4 * BLOCK_ENTRIES) / Math.max(nCols, 1))));
  for (let row = asked.start; row < asked.end; row += rows) {
    await breathe(asked.signal);
    const end = Math.min(row + rows, asked.end);
    const values = await valuesOf(row, end);
    yield { firstRow: row, csr: denseToCsr(end - row, nCols, values, shifted(layout.report, row)) };
  }
}

/**
 * Transposes a CSC matrix in ranges of rows that fit a fixed memory: one scan counts the entries of each row,
 * then one scan per range places them. Columns are scanned in order, so rows are sorted.
 */
async function* cscRows(layout: MatrixLayout, arrays: SparseArrays, asked: Asked): AsyncGenerator<RowBlock> {
  const counts = new Uint32Array(layout.nRows);
  const readRowNumbers = readInts(arrays.indices);
  for await (const { from, to } of scan(arrays, asked.signal)) {
    const rows = await readRowNumbers(from, to);
    for (let e = 0; e < rows.length; e++) {
      const row = rows[e];
      if (row < 0 || row >= layout.nRows) {
        const column = columnOf(arrays.starts, from + e);
        layout.report({ kind: "column", row, column, value: Number.NaN });
      }
      counts[row]++;
    }
  }
  for (let first = asked.start; first < asked.end; ) {
    let end = first;
    let entries = 0;
    while (end < asked.end && (end === first || entries + counts[end] <= TURNED_ENTRIES))
      entries += counts[end++];
    yield* turnedRange(layout, arrays, { ...asked, start: first, end }, counts, entries);
    first = end;
  }
}

async function* turnedRange(
  layout: MatrixLayout,
  arrays: SparseArrays,
  range: Asked,
  counts: Uint32Array,
  entries: number,
): AsyncGenerator<RowBlock> {
  const nRows = range.end - range.start;
  const starts = new Float64Array(nRows + 1);
  for (let r = 0; r < nRows; r++) starts[r + 1] = starts[r] + counts[range.start + r];
  const next = starts.slice(0, nRows);
  const columns = new Int32Array(entries);
  const values = new Float32Array(entries);
  const rowsOf = readInts(arrays.indices);
  const valuesOf = readFloats(arrays.data);
  for await (const { from, to, firstColumn } of scan(arrays, range.signal)) {
    const rows = await rowsOf(from, to);
    const data = await valuesOf(from, to);
    let column = firstColumn;
    let columnEnd = arrays.starts[column + 1] - from;
    for (let e = 0; e < rows.length; e++) {
      while (e >= columnEnd) columnEnd = arrays.starts[++column + 1] - from;
      const row = rows[e] - range.start;
      if (row < 0 || row >= nRows) continue;
      const at = next[row]++;
      columns[at] = column;
      values[at] = data[e];
    }
  }
  yield* heldRows(layout, { firstRow: range.start, starts, columns, values }, range);
}

async function* rangedRows(
  layout: MatrixLayout,
  arrays: RangedArrays,
  asked: Asked,
): AsyncGenerator<RowBlock> {
  for await (const range of arrays.ranges(asked.start, asked.end, asked.signal))
    yield* heldRows(layout, range, asked);
}

/** Splits rows in memory into blocks; the last block of a fixed size may be shorter. */
async function* heldRows(layout: MatrixLayout, held: HeldRows, asked: Asked): AsyncGenerator<RowBlock> {
  const { starts, columns, values } = held;
  const nRows = starts.length - 1;
  for (let row = 0; row < nRows; ) {
    await breathe(asked.signal);
    const end = blockEnd(row, { ...asked, start: 0, end: nRows }, starts);
    const from = starts[row];
    const to = starts[end];
    const local = starts.slice(row, end + 1).map((at) => at - from);
    const firstRow = held.firstRow + row;
    yield {
      firstRow,
      csr: canonicalCsr(
        end - row,
        layout.nCols,
        local,
        columns.slice(from, to),
        values.slice(from, to),
        shifted(layout.report, firstRow),
      ),
    };
    row = end;
  }
}

/** Pieces of a CSC matrix in order; `firstColumn` holds the entry `from`. */
async function* scan(
  { starts }: SparseArrays,
  signal: AbortSignal | undefined,
): AsyncGenerator<{ from: number; to: number; firstColumn: number }> {
  const total = starts.at(-1)!;
  for (let from = 0; from < total; from += SCAN_ENTRIES) {
    await breathe(signal);
    yield { from, to: Math.min(from + SCAN_ENTRIES, total), firstColumn: columnOf(starts, from) };
  }
}

/** The column of an entry of a CSC matrix: the last one that starts at or before it. */
function columnOf(starts: Float64Array, entry: number): number {
  let low = 0;
  let high = starts.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (starts[middle] <= entry) low = middle;
    else high = middle;
  }
  return low;
}
