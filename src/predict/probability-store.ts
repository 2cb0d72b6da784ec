/**
 * Keeps the probabilities of every class until they are written (docs/specification/3-prediction.md#probabilities).
 * @module
 */
import { platform } from "#platform";
import { type SyncFile, writeAt } from "../core/sync-file.ts";
import { AtlasmtlError } from "../errors.ts";
import type { ProbabilityColumn } from "./types.ts";

/** Larger tables wait in a file. */
const MOST_BYTES_IN_MEMORY = 1 << 26;

/** The probabilities of `nObs` cells, which fill block by block. */
export interface ProbabilityStore {
  /** Takes rows of `block`, `[nRows, nClasses]`; row 0 is cell `firstRow`, the first that was not taken. */
  take(block: Float64Array, nRows: number, firstRow: number): void;
  /** The column of class `c`. */
  column(c: number, name: string): ProbabilityColumn;
}

export interface StoreOptions {
  readonly openScratch?: () => SyncFile | null;
  /** Larger tables wait in the file. */
  readonly mostBytes?: number;
}

/** A store in memory, or in a file of the host if it has one and the table is large. */
export function createProbabilityStore(
  nObs: number,
  nClasses: number,
  { openScratch = platform.openScratch, mostBytes = MOST_BYTES_IN_MEMORY }: StoreOptions = {},
): ProbabilityStore {
  const file = 4 * nObs * nClasses > mostBytes ? openScratch() : null;
  return file === null ? storeInMemory(nObs, nClasses) : storeInFile(nObs, nClasses, file);
}

/** A column whose values are read from a store when they are asked for. */
export function storedColumn(
  name: string,
  nObs: number,
  part: (start: number, end: number) => Float32Array,
): ProbabilityColumn & { readonly kind: "score" } {
  return {
    name,
    kind: "score",
    part,
    get values() {
      return part(0, nObs);
    },
  };
}

/** Copies class `c` of a block. */
function fill(into: Float32Array, block: Float64Array, nClasses: number, c: number): void {
  // A sum of rounded probabilities may slightly exceed 1.
  for (let r = 0; r < into.length; r++) into[r] = Math.min(1, block[r * nClasses + c]);
}

function storeInMemory(nObs: number, nClasses: number): ProbabilityStore {
  const columns = Array.from({ length: nClasses }, () => new Float32Array(nObs));
  return {
    take: (block, nRows, firstRow) =>
      columns.forEach((values, c) => {
        fill(values.subarray(firstRow, firstRow + nRows), block, nClasses, c);
      }),
    column: (c, name) => ({ name, kind: "score", values: columns[c] }),
  };
}

/** Rows of the store that came together, class by class. */
interface StoredBlock {
  readonly firstRow: number;
  readonly nRows: number;
  /** Null if they are in the file. */
  readonly values: Float32Array | null;
}

function storeInFile(nObs: number, nClasses: number, file: SyncFile): ProbabilityStore {
  const blocks: StoredBlock[] = [];
  let isFull = false;
  const written = (values: Float32Array, firstRow: number): boolean => {
    try {
      if (!isFull) writeAt(file, bytesOf(values), 4 * nClasses * firstRow);
    } catch {
      isFull = true; // the disk takes no more: this block and those after it stay in memory
    }
    return !isFull;
  };
  const part = (c: number, start: number, end: number): Float32Array => {
    const found = new Float32Array(end - start);
    for (let b = blockOf(blocks, start); b < blocks.length && blocks[b].firstRow < end; b++) {
      const { firstRow, nRows, values } = blocks[b];
      const from = Math.max(start, firstRow);
      const into = found.subarray(from - start, Math.min(end, firstRow + nRows) - start);
      const at = c * nRows + from - firstRow;
      if (values !== null) into.set(values.subarray(at, at + into.length));
      else readAll(file, bytesOf(into), 4 * (nClasses * firstRow + at));
    }
    return found;
  };
  return {
    take(block, nRows, firstRow) {
      const values = new Float32Array(nRows * nClasses);
      for (let c = 0; c < nClasses; c++)
        fill(values.subarray(c * nRows, (c + 1) * nRows), block, nClasses, c);
      blocks.push({ firstRow, nRows, values: written(values, firstRow) ? null : values });
    },
    column: (c, name) => storedColumn(name, nObs, (start, end) => part(c, start, end)),
  };
}

/** The index of the block with this row. */
function blockOf(blocks: readonly StoredBlock[], row: number): number {
  let [low, high] = [0, blocks.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (blocks[middle].firstRow <= row) low = middle;
    else high = middle;
  }
  return low;
}

const bytesOf = ({ buffer, byteOffset, byteLength }: Float32Array): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

function readAll(file: SyncFile, into: Uint8Array, at: number): void {
  for (let done = 0; done < into.length; ) {
    const got = file.read(into.subarray(done), { at: at + done });
    if (!(got > 0))
      throw new AtlasmtlError(
        "IO",
        `the temporary file of probabilities ends ${into.length - done} bytes early`,
        {
          hint: "predict again; the folder of temporary files may be full",
        },
      );
    done += got;
  }
}
