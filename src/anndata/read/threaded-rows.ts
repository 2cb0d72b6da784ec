/** Streams the rows of a CSR matrix that threads read from its file, decompress and check. @module */
import { platform } from "#platform";
import type { RowBlock } from "../../core/csr.ts";
import { createThreadPool, inOrder, type ThreadTask } from "../../core/thread-pool.ts";
import type { StoredChunks } from "../../formats/array-store.ts";
import type { MadeRows, RowsTask, VectorPart } from "./rows-thread.ts";
import { ROWS_THREAD } from "./rows-thread-code.ts";

/** Entries that a thread makes at once: many chunks, since those at both ends are decompressed twice. */
const TASK_ENTRIES = 1 << 20;
/** Blocks of a task. */
const TASK_BLOCKS = 256;
/** Entries of a task that is made without threads: no cells have rows as long. */
const MAX_ENTRIES = 1 << 23;

/** What is asked of a stream of rows. */
export interface ThreadedRows {
  readonly nCols: number;
  readonly starts: Float64Array;
  readonly indices: StoredChunks;
  readonly data: StoredChunks;
  readonly start: number;
  readonly end: number;
  readonly numThreads: number;
  /** Whether the memory of a block may be used again when the next one is asked for. */
  readonly reuse: boolean;
  /** The end of the block that begins at a row. */
  blockEnd(row: number): number;
  /** Makes the blocks of rows `start` to `end` without threads. */
  without(start: number, end: number): AsyncIterable<RowBlock>;
}

/** Consecutive blocks. */
interface Span {
  readonly first: number;
  /** The end of each block. */
  readonly ends: readonly number[];
}

/** The blocks that {@link ThreadedRows.without} would make of the same rows. */
export async function* threadedRows(asked: ThreadedRows): AsyncGenerator<RowBlock> {
  const { nCols } = asked;
  const spans: Span[] = [];
  const memory: ArrayBuffer[] = [];
  const source = `${ROWS_THREAD}
const files = ${platform.threads.fileReader};
function start(task, reply) { rowsThread.makeRows(task, reply, files); }`;
  const pool = createThreadPool<MadeRows>(source, asked.numThreads);
  try {
    for await (const rows of inOrder(pool, tasksOf(asked, spans, memory))) {
      const { first, ends } = spans.shift()!;
      if (rows === null) {
        yield* asked.without(first, ends[ends.length - 1]);
        continue;
      }
      const { indptr, indices, data } = rows;
      let row = first;
      for (const end of ends) {
        const [from, to] = [indptr[row - first], indptr[end - first]];
        const local = indptr.slice(row - first, end - first + 1);
        for (let i = 0; i < local.length; i++) local[i] -= from;
        const csr = {
          ...{ nRows: end - row, nCols, indptr: local },
          ...{ indices: indices.subarray(from, to), data: data.subarray(from, to) },
        };
        yield { firstRow: row, csr };
        row = end;
      }
      if (asked.reuse) memory.push(indices.buffer, data.buffer);
    }
  } finally {
    pool.dispose();
  }
}

/** Tasks as threads take them, with memory of `free`; `spans` gets the blocks of each. */
function* tasksOf(
  { starts, nCols, start, end, indices, data, blockEnd }: ThreadedRows,
  spans: Span[],
  free: ArrayBuffer[],
): Generator<ThreadTask | null> {
  for (let row = start; row < end; ) {
    const first = row;
    const ends: number[] = [];
    while (row < end && ends.length < TASK_BLOCKS && starts[row] - starts[first] < TASK_ENTRIES) {
      row = blockEnd(row);
      ends.push(row);
    }
    spans.push({ first, ends });
    const [from, to] = [starts[first], starts[row]];
    if (to - from > MAX_ENTRIES) {
      yield null;
      continue;
    }
    const memory = free.splice(0, 2);
    const task: Omit<RowsTask, "id"> = {
      nCols,
      starts: starts.slice(first, row + 1).map((at) => at - from),
      columns: partOf(indices, from, to),
      values: partOf(data, from, to),
      memory,
    };
    yield { message: task, transfer: memory };
  }
}

/** Values `from` to `to`, with their chunks only. */
function partOf(chunks: StoredChunks, from: number, to: number): VectorPart {
  const firstChunk = Math.floor(from / chunks.chunkLength);
  const end = from === to ? firstChunk : Math.ceil(to / chunks.chunkLength);
  return {
    ...{ ...chunks, from, to, firstChunk },
    at: chunks.at.slice(firstChunk, end),
    bytes: chunks.bytes.slice(firstChunk, end),
    skipped: chunks.skipped.slice(firstChunk, end),
  };
}
