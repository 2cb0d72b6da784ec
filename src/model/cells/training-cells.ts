/** The cells of a reference as the network takes them, in memory or read from the file again and again. @module */
import type { Csr } from "../../core/csr.ts";
import { normalizeCells } from "../../core/normalize.ts";
import type { CellPart, OutsideRows } from "../../kernels/types.ts";
import { consecutiveRows, gatherRows } from "../encode.ts";

/** An order of cells, and their values where they are not in memory, as `EpochOptions` has them. */
export interface CellPass {
  readonly order: Uint32Array;
  readonly parts?: AsyncIterable<CellPart>;
}

/** How cells that are not in memory are taken. */
export interface Streaming {
  /** Cells that are in memory at a time, and are shuffled together. */
  readonly bufferCells: number;
  /** Neighbours in the file that are read together. */
  readonly blockCells: number;
}

export interface TrainingCells {
  readonly nRows: number;
  readonly nCols: number;
  /** For a trainer. Until {@link endThinning} cells are counts, if they are thinned. */
  readonly x: Csr | OutsideRows;
  /** Null for cells in memory. */
  readonly streaming: Streaming | null;
  /** The cells `drawn` of one epoch, which may come in another order. `key` is that of a random stream. */
  pass(drawn: Uint32Array, key: number, batchSize: number): CellPass;
  /** The values of `rows`, which rise. */
  held(rows: Uint32Array): Promise<CellPart>;
  /** All of `rows`, which rise, or all cells, some at a time. The next may reuse the memory. */
  blocks(rows: Uint32Array | null): AsyncIterable<Csr>;
  /** From now on cells are normalised, if they were thinned. */
  endThinning(): void;
}

const BLOCK_ROWS = 512;

/** Cells of a matrix in memory; `thins` says that it holds counts until thinning ends. */
export function cellsInMemory(x: Csr, thins: boolean): TrainingCells {
  return {
    nRows: x.nRows,
    nCols: x.nCols,
    x,
    streaming: null,
    pass: (order) => ({ order }),
    held: async (rows) => ({ x, at: rows }),
    async *blocks(rows) {
      const n = rows?.length ?? x.nRows;
      for (let start = 0; start < n; start += BLOCK_ROWS) {
        const end = Math.min(start + BLOCK_ROWS, n);
        yield rows === null ? consecutiveRows(x, start, end) : gatherRows(x, rows.subarray(start, end));
      }
    },
    endThinning() {
      if (thins) normalizeCells(x);
    },
  };
}
