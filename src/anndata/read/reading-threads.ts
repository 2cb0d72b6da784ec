/** Whether the rows of a matrix are read by threads (`threaded-rows.ts`). @module */
import { platform } from "#platform";
import type { StoredChunks } from "../../formats/array-store.ts";

/** A matrix of longer chunks is read without threads, since each task would decompress most of its first and last for nothing. */
const MAX_CHUNK = 1 << 18;
/** With fewer entries there is nothing to gain: a thread takes about 40 ms to start. */
const LEAST_ENTRIES = 1 << 22;
/** More threads find too little to do beside the one that takes their rows. */
const MAX_THREADS = 16;

/** How many threads would read rows `start` to `end`; 0 for none. */
export function readingThreads(
  starts: Float64Array,
  start: number,
  end: number,
  asked: number | "max" | undefined,
): number {
  const most = asked === "max" ? platform.info.cpuCount : (asked ?? 1);
  const isWorth = starts[end] - starts[start] >= LEAST_ENTRIES;
  return isWorth && most > 1 && platform.threads.fileReader !== null ? Math.min(most, MAX_THREADS) : 0;
}

/** Whether tasks can be made of the chunks. */
export const isThreadable = ({ chunkLength }: StoredChunks): boolean => chunkLength <= MAX_CHUNK;
