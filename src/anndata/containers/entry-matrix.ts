/** Reads matrices that are streams of single entries, such as text files, in bounded memory. @module */
import { throwIfAborted } from "../../core/progress.ts";
import { AtlasmtlError } from "../../errors.ts";
import type { EntryBatch } from "../../formats/text/entries.ts";
import type { HeldRows, RangedArrays } from "../read/rows.ts";
import type { Matrix } from "../types.ts";

/** Entries in memory at once if they are in any order: 256 MiB. */
const HELD_ENTRIES = 1 << 25;

/** Entries in memory at once if they are ordered by cell: 16 MiB. */
const SORTED_ENTRIES = 1 << 21;

/** Cells in memory at once; cells without entries cost memory, too. */
const HELD_CELLS = 1 << 16;

/** The result of one pass over the entries. */
export interface EntrySurvey {
  /** Entries of each cell. */
  readonly counts: Uint32Array;
  /** True if the entries are ordered by cell. */
  readonly isSorted: boolean;
}

export interface EntryStream {
  readonly storage: Matrix["storage"];
  readonly nCells: number;
  /** Iterates all entries from the first; called once per pass. */
  readonly scan: (signal?: AbortSignal) => AsyncIterable<EntryBatch>;
  /** The result of an earlier pass. */
  readonly survey?: EntrySurvey;
  readonly heldEntries?: number;
}

/**
 * Arrays of a matrix over a stream of entries.
 *
 * A first pass counts the entries of each cell and checks their order. Reading the rows then takes one more
 * pass if the entries are ordered by cell, else one pass per range of cells that fits into memory.
 */
export function entryArrays(stream: EntryStream): RangedArrays {
  const { storage, nCells, scan, heldEntries = HELD_ENTRIES } = stream;
  let known = stream.survey ?? null;
  return {
    storage,
    async *ranges(start, end, signal) {
      known ??= await surveyEntries(scan(signal), nCells, signal);
      const { counts, isSorted } = known;
      if (isSorted) yield* sortedRanges(scan(signal), rangesOf(counts, start, end, SORTED_ENTRIES), counts);
      else
        for (const range of rangesOf(counts, start, end, heldEntries))
          yield await gather(scan(signal), range, counts);
    },
  };
}

/** Counts the entries of each cell. @throws ABORTED by the signal. */
async function surveyEntries(
  batches: AsyncIterable<EntryBatch>,
  nCells: number,
  signal: AbortSignal | undefined,
): Promise<EntrySurvey> {
  const counts = new Uint32Array(nCells);
  let last = 0;
  let isSorted = true;
  for await (const { length, cells } of batches) {
    throwIfAborted(signal);
    for (let e = 0; e < length; e++) {
      const cell = cells[e];
      counts[cell]++;
      if (cell < last) isSorted = false;
      last = cell;
    }
  }
  return { counts, isSorted };
}

interface Range {
  readonly start: number;
  readonly end: number;
}

/** Ranges of cells with at most `most` entries each, or a single cell with more. */
function rangesOf(counts: Uint32Array, start: number, end: number, most: number): Range[] {
  const ranges: Range[] = [];
  for (let first = start; first < end; ) {
    const limit = Math.min(end, first + HELD_CELLS);
    let last = first;
    let entries = 0;
    while (last < limit && (last === first || entries + counts[last] <= most)) entries += counts[last++];
    ranges.push({ start: first, end: last });
    first = last;
  }
  return ranges;
}

/** Buffers for the entries of a range, and the position of the next entry of each cell. */
function roomFor({ start, end }: Range, counts: Uint32Array): HeldRows & { readonly next: Float64Array } {
  const starts = new Float64Array(end - start + 1);
  for (let r = start; r < end; r++) starts[r - start + 1] = starts[r - start] + counts[r];
  const total = starts[end - start];
  return {
    firstRow: start,
    starts,
    next: starts.slice(0, -1),
    columns: new Int32Array(total),
    values: new Float32Array(total),
  };
}

/** The entries of one range, from a pass over all. */
async function gather(
  batches: AsyncIterable<EntryBatch>,
  range: Range,
  counts: Uint32Array,
): Promise<HeldRows> {
  const held = roomFor(range, counts);
  for await (const batch of batches) place(batch, 0, range, held);
  return checked(held);
}

/** The entries of consecutive ranges, from one pass over sorted entries. */
async function* sortedRanges(
  batches: AsyncIterable<EntryBatch>,
  ranges: readonly Range[],
  counts: Uint32Array,
): AsyncGenerator<HeldRows> {
  let at = 0;
  let held = ranges.length === 0 ? null : roomFor(ranges[0], counts);
  for await (const batch of batches) {
    let from = 0;
    while (held !== null) {
      from = place(batch, from, ranges[at], held, true);
      if (from === batch.length) break;
      // An entry of a later range: the current one is complete.
      yield checked(held);
      at++;
      held = at === ranges.length ? null : roomFor(ranges[at], counts);
    }
    if (held === null) return;
  }
  for (; held !== null; held = at === ranges.length ? null : roomFor(ranges[at], counts)) {
    yield checked(held);
    at++;
  }
}

/**
 * Assigns the entries of a batch, from `from` on, to their cells and skips cells outside the range. Returns
 * where it stopped: the length of the batch or, in a sorted stream, the first entry beyond the range.
 */
function place(
  { length, cells, genes, values }: EntryBatch,
  from: number,
  { start, end }: Range,
  held: HeldRows & { readonly next: Float64Array },
  isSorted = false,
): number {
  const { next, starts } = held;
  for (let e = from; e < length; e++) {
    const cell = cells[e];
    if (cell >= end && isSorted) return e;
    if (cell < start || cell >= end) continue;
    const to = next[cell - start]++;
    if (to >= starts[cell - start + 1]) throw changed();
    held.columns[to] = genes[e];
    held.values[to] = values[e];
  }
  return length;
}

/** @throws IO if there were fewer entries than counted. */
function checked(held: HeldRows & { readonly next: Float64Array }): HeldRows {
  if (held.next.some((to, r) => to !== held.starts[r + 1])) throw changed();
  return held;
}

const changed = (): AtlasmtlError =>
  new AtlasmtlError("IO", "the file changed while it was read", {
    hint: "wait until it is written, then start again",
  });
