/** Reads the cells that training uses into memory, or once through to stream them later. @module */

import { platform } from "#platform";
import type { MatrixJudgement } from "../../anndata/judgement/types.ts";
import { scanMatrix } from "../../anndata/read/scan-matrix.ts";
import { type CompactOptions, readCompactCsr } from "../../anndata/read/whole-matrix.ts";
import type { Matrix } from "../../anndata/types.ts";
import { normalizeCell } from "../../core/normalize.ts";
import { AtlasmtlError, notice, option, phrase } from "../../errors.ts";
import type { ResolvedTrainOptions } from "../options.ts";
import type { Warning } from "../types.ts";
import { type CellValues, streamCells } from "./streamed-cells.ts";
import { cellsInMemory, type TrainingCells } from "./training-cells.ts";

/** Entries in the buffer of streamed cells, where its size is not given: 128 MiB, three times that with values. */
const BUFFER_ENTRIES = 1 << 26;
/** Cells in that buffer at least and at most. */
const [LEAST_CELLS, MOST_CELLS] = [4096, 262_144];
/** Positions in a matrix in memory are 32-bit numbers. */
const MOST_ENTRIES = 0xffff_ffff;
/** A matrix in memory takes at most this share of it, unless it must. */
const MEMORY_SHARE = 0.5;
const GIBIBYTE = 2 ** 30;

/** Whether cells are streamed, and what to say about it. */
export interface StreamDecision {
  readonly streams: boolean;
  readonly notes: readonly Warning[];
}

/**
 * Decides by `stream`, else by the size of the matrix and the memory of the host.
 * @throws UNSUPPORTED if cells are to be streamed of a matrix whose rows cannot be read by themselves.
 */
export function decideStreaming(
  matrix: Matrix,
  judgement: MatrixJudgement | null,
  { stream, inputTransform }: ResolvedTrainOptions,
): StreamDecision {
  const isByRows = matrix.storage !== "csc" && matrix.isSequential !== true;
  if (stream === true && !isByRows)
    throw new AtlasmtlError(
      "UNSUPPORTED",
      phrase`${option("stream", true)} reads cells in random order, and the matrix is stored ${matrix.storage === "csc" ? "by genes (CSC)" : "in a form that is read from its beginning only"}`,
      {
        where: matrix.name,
        hint: 'write it by cells (CSR), in Python: adata.X = adata.X.tocsr(); adata.write_h5ad("by_cells.h5ad")',
      },
    );
  if (stream !== null || !isByRows) return { streams: stream === true, notes: [] };
  const nStored = matrix.nStored ?? matrix.nRows * (judgement?.statistics.genesPerCell ?? 0);
  const bytes = nStored * ((matrix.nCols <= 65536 ? 2 : 4) + (inputTransform === "binary" ? 0 : 4));
  const { memoryBytes } = platform.info;
  const isTooLarge = memoryBytes !== null && bytes > MEMORY_SHARE * memoryBytes;
  if (!isTooLarge && nStored <= MOST_ENTRIES) return { streams: false, notes: [] };
  const of = isTooLarge
    ? `more than half of the ${inGigabytes(memoryBytes)} of memory`
    : "beyond what is counted in memory";
  return {
    streams: true,
    notes: [
      notice(
        `the matrix would take about ${inGigabytes(bytes)}, ${of}, so cells are read from the file in every epoch`,
        {
          hint: phrase`the same again on any machine: ${option("stream", true)}`,
        },
      ),
    ],
  };
}

const inGigabytes = (bytes: number): string => `${(bytes / GIBIBYTE).toFixed(1)} GiB`;

/** Cells that were read once. */
export interface ReadCells {
  readonly cells: TrainingCells;
  /** Entries other than zero. */
  readonly nStored: number;
}

/**
 * Reads `matrix`: into memory, or to stream its cells, where there are more than the buffer holds. `onBlock` and `onRow` see
 * all cells once, as the matrix has them.
 * @throws BAD_DATA like `readCompactCsr`; ABORTED by the signal.
 */
export async function readCells(
  matrix: Matrix,
  streams: boolean,
  streamBuffer: number | null,
  values: CellValues,
  { onBlock, onRow, ...work }: Omit<CompactOptions, "binary" | "rows">,
): Promise<ReadCells> {
  const { binary, normalizes, thins } = values;
  const read = async (looks: Pick<CompactOptions, "onBlock" | "onRow">): Promise<ReadCells> => {
    const change = (data: Float32Array, start: number, end: number, row: number): void => {
      looks.onRow?.(data, start, end, row);
      if (normalizes && !thins) normalizeCell(data, start, end);
    };
    const x = await readCompactCsr(matrix, { binary, onBlock: looks.onBlock, onRow: change, ...work });
    return { cells: cellsInMemory(x, thins), nStored: x.indices.length };
  };
  if (!streams) return read({ onBlock, onRow });
  const { nStored, longestRow } = await scanMatrix(matrix, { binary, onBlock, onRow, ...work });
  const bufferCells = streamBuffer ?? usualBuffer(nStored / matrix.nRows);
  if (matrix.nRows <= bufferCells) return read({});
  return { cells: streamCells({ matrix, longestRow, bufferCells, ...values }, work), nStored };
}

function usualBuffer(perCell: number): number {
  return Math.max(LEAST_CELLS, Math.min(MOST_CELLS, Math.floor(BUFFER_ENTRIES / Math.max(1, perCell))));
}
