/** Where a pass of training finds the values of its cells. @module */
import type { Csr } from "../core/csr.ts";
import { AtlasmtlError } from "../errors.ts";
import type { CellPart, OutsideRows } from "./types.ts";

/** True of a matrix in memory. */
export const isInMemory = (x: Csr | OutsideRows): x is Csr => "indptr" in x;

/** A part of a pass with its row numbers of the training data. */
export interface NumberedPart extends CellPart {
  readonly rows: Uint32Array;
}

/**
 * The parts of a pass over `order`: those that were given, else one of the whole matrix.
 * @throws BUG for parts that do not add up to `order`, break a batch or have more entries in a row than was said.
 */
export async function* numberedParts(
  x: Csr | OutsideRows,
  order: Uint32Array,
  given: AsyncIterable<CellPart> | null,
  batchSize: number,
): AsyncGenerator<NumberedPart> {
  if (given === null) {
    if (!isInMemory(x)) throw unfit("no values of a matrix that is not in memory");
    yield { rows: order, x, at: order };
    return;
  }
  const longest = isInMemory(x) ? longestRow(x) : x.longestRow;
  let done = 0;
  for await (const part of given) {
    if (done % batchSize !== 0) throw unfit(`a part that begins after ${done} cells`);
    if (part.x.nCols !== x.nCols) throw unfit(`a part of ${part.x.nCols} genes`);
    if (longestRow(part.x) > longest) throw unfit(`a row of more than ${longest} entries`);
    const rows = order.subarray(done, done + part.at.length);
    if (rows.length < part.at.length) throw unfit(`more than ${order.length} cells`);
    done += rows.length;
    yield { ...part, rows };
  }
  if (done < order.length) throw unfit(`${done} of ${order.length} cells`);
}

/** One part, as an iterable of parts. */
export async function* onePart(part: CellPart): AsyncGenerator<CellPart> {
  yield part;
}

/** Stored entries of the longest row. */
export function longestRow(x: Csr | OutsideRows): number {
  if (!isInMemory(x)) return x.longestRow;
  let longest = 0;
  for (let r = 1; r < x.indptr.length; r++) longest = Math.max(longest, x.indptr[r] - x.indptr[r - 1]);
  return longest;
}

/** Whether entries have values. */
export const hasValues = (x: Csr | OutsideRows): boolean => (isInMemory(x) ? x.data !== null : x.hasValues);

const unfit = (what: string): AtlasmtlError => new AtlasmtlError("BUG", `the trainer was given ${what}`);
