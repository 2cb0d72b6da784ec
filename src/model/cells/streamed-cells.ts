/** Cells that are read from the file again in every epoch (docs/specification/2-training.md#streaming). @module */
import { readCompactCsr, refuseNegative } from "../../anndata/read/whole-matrix.ts";
import type { Matrix } from "../../anndata/types.ts";
import type { RowBlock, RowRange } from "../../core/csr.ts";
import { normalizeCell } from "../../core/normalize.ts";
import type { WorkOptions } from "../../core/progress.ts";
import { AtlasmtlError } from "../../errors.ts";
import type { CellPart } from "../../kernels/types.ts";
import { gatherRows } from "../encode.ts";
import { type PooledOrder, planPools, poolOrder, rangesOf } from "./epoch-pools.ts";
import { createRowBuffer } from "./row-buffer.ts";
import type { TrainingCells } from "./training-cells.ts";

/** How the network takes the values of a matrix. */
export interface CellValues {
  /** Which genes are expressed, without values. */
  readonly binary: boolean;
  readonly normalizes: boolean;
  /** Counts are thinned, and so normalised, by the training steps. */
  readonly thins: boolean;
}

/** A matrix that was read once. */
export interface StreamedMatrix extends CellValues {
  readonly matrix: Matrix;
  readonly longestRow: number;
  readonly bufferCells: number;
}

const BLOCK_ROWS = 512;
/** Marks a row that is wanted and not yet read. */
const WANTED = 0xffff_ffff;

/** Cells of `matrix`, of which about `bufferCells` are in memory at a time. */
export function streamCells(streamed: StreamedMatrix, { signal }: WorkOptions): TrainingCells {
  const { matrix, binary, normalizes, thins, longestRow, bufferCells } = streamed;
  const { nRows, nCols } = matrix;
  const plan = planPools(nRows, bufferCells);
  let normalizesNow = normalizes && !thins;
  const change = (values: Float32Array, start: number, end: number): void => {
    if (normalizesNow) normalizeCell(values, start, end);
  };

  /** Blocks of some rows, as they were when the matrix was read first. */
  async function* read(range: Partial<RowRange>, maxRows?: number): AsyncGenerator<RowBlock> {
    const asked = { ...range, reuse: true, signal, ...(maxRows === undefined ? {} : { maxRows }) };
    for await (const block of matrix.rows(asked)) {
      const { indptr, nRows: n, data } = block.csr;
      if (binary && data !== null) await refuseNegative(matrix, block.firstRow, block.csr);
      for (let r = 0; r < n; r++)
        if (indptr[r + 1] - indptr[r] > longestRow)
          throw new AtlasmtlError(
            "BAD_DATA",
            `row ${block.firstRow + r} has changed since it was read first`,
            {
              where: matrix.name,
              hint: "let no other program write the file while it is trained on",
            },
          );
      yield block;
    }
  }

  /** For each row that the pool has its place in the buffer and one more; 0 for the others. */
  let place: Uint32Array | null = null;

  async function* parts({ order, ends, blocks }: PooledOrder, batchSize: number): AsyncGenerator<CellPart> {
    const buffer = createRowBuffer(nCols, !binary);
    const places = place ?? new Uint32Array(nRows);
    place = places;
    places.fill(0);
    // Cells of the pool before that fill no batch.
    let carried: CellPart = { x: buffer.rows(), at: new Uint32Array(0) };
    let done = 0;
    for (const [p, end] of ends.entries()) {
      const own = order.subarray(p === 0 ? 0 : ends[p - 1], end);
      const before = gatherRows(carried.x, carried.at);
      buffer.clear();
      for (let r = 0; r < before.nRows; r++) buffer.add(before, r);
      for (const row of own) places[row] = WANTED;
      for (const range of rangesOf(blocks[p], plan))
        for await (const { firstRow, csr } of read(range))
          for (let r = 0; r < csr.nRows; r++)
            if (places[firstRow + r] === WANTED) {
              buffer.add(csr, r, change);
              places[firstRow + r] = buffer.nRows;
            }
      const at = new Uint32Array(before.nRows + own.length);
      for (let i = 0; i < before.nRows; i++) at[i] = i;
      for (const [i, row] of own.entries()) at[before.nRows + i] = places[row] - 1;
      for (const row of own) places[row] = 0;
      const isLast = p === ends.length - 1;
      const n = isLast ? at.length : at.length - ((done + at.length) % batchSize);
      const x = buffer.rows();
      if (n > 0) yield { x, at: at.subarray(0, n) };
      done += n;
      carried = { x, at: at.subarray(n) };
    }
  }

  return {
    nRows,
    nCols,
    x: { nRows, nCols, hasValues: !binary, longestRow },
    streaming: { bufferCells, blockCells: plan.blockRows },
    pass(drawn, key, batchSize) {
      const pooled = poolOrder(drawn, plan, key);
      return { order: pooled.order, parts: parts(pooled, batchSize) };
    },
    async held(rows) {
      const x = await readCompactCsr(matrix, { binary, rows, onRow: change, signal });
      return { x, at: Uint32Array.from(rows, (_, i) => i) };
    },
    async *blocks(rows) {
      const buffer = createRowBuffer(nCols, !binary);
      let next = 0;
      for await (const { firstRow, csr } of read({}, BLOCK_ROWS)) {
        buffer.clear();
        if (rows === null) for (let r = 0; r < csr.nRows; r++) buffer.add(csr, r, change);
        else
          for (; next < rows.length && rows[next] < firstRow + csr.nRows; next++)
            buffer.add(csr, rows[next] - firstRow, change);
        if (buffer.nRows > 0) yield buffer.rows();
      }
    },
    endThinning() {
      normalizesNow = normalizes;
    },
  };
}
