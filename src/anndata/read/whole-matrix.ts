/** Reads a whole matrix into memory, in the compact form that training uses. @module */
import type { Csr, RowBlock } from "../../core/csr.ts";
import type { WorkOptions } from "../../core/progress.ts";
import { AtlasmtlError, option, phrase } from "../../errors.ts";
import type { Matrix } from "../types.ts";

export interface CompactOptions extends WorkOptions {
  /** Stores only which entries are above zero, without values. */
  readonly binary: boolean;
  /**
   * Called with the values of each kept row, `data[start]` to `data[end − 1]`; it may change them. Not with
   * `binary`.
   */
  readonly onRow?: ((data: Float32Array, start: number, end: number, row: number) => void) | undefined;
  /** Called with each block as it was read, rows that are not kept included; its memory is reused afterwards. */
  readonly onBlock?: ((block: RowBlock) => void) | undefined;
  /** Threads that may read; default 1. */
  readonly numThreads?: number | "max" | undefined;
  /** Rows to keep: one byte per row (nonzero keeps it), or ascending row numbers. All by default. */
  readonly rows?: Uint8Array | Uint32Array | undefined;
}

/** Positions in a Csr are 32-bit numbers. */
const MAX_ENTRIES = 0xffff_ffff;

/**
 * Reads a matrix into one {@link Csr}: 2 bytes per entry (4 beyond 65,536 genes), 4 more for values.
 *
 * The arrays have the size that the file declares; untouched memory is not allocated by the system.
 * @throws BAD_DATA for a negative value with `binary`, or like `Matrix.rows`; USAGE for an invalid selection;
 * LIMIT beyond 2^32 entries or rows; ABORTED by the signal.
 */
export async function readCompactCsr(matrix: Matrix, options: CompactOptions): Promise<Csr> {
  const { binary, numThreads, signal, onBlock, onProgress } = options;
  const onRow = binary ? undefined : options.onRow;
  const { nRows, nCols } = matrix;
  if (nRows >= MAX_ENTRIES)
    throw new AtlasmtlError("LIMIT", `${nRows} rows are declared; at most ${MAX_ENTRIES} are counted`, {
      where: matrix.name,
    });
  const mask = rowMask(options.rows, nRows);
  const kept = mask === null ? nRows : mask.reduce((count, bit) => count + (bit === 0 ? 0 : 1), 0);
  const indptr = new Uint32Array(kept + 1);
  const share = nRows === 0 ? 0 : kept / nRows;
  let capacity = Math.min(MAX_ENTRIES, Math.ceil((matrix.nStored ?? 0) * Math.min(1, share * 1.05)));
  let indices = nCols <= 65536 ? new Uint16Array(capacity) : new Uint32Array(capacity);
  let data = new Float32Array(binary ? 0 : capacity);
  let used = 0;
  let row = 0;

  for await (const { firstRow, csr } of matrix.rows({ reuse: true, numThreads, signal })) {
    const values = csr.data;
    if (binary && values !== null) await refuseNegative(matrix, firstRow, csr);
    onBlock?.({ firstRow, csr });
    const needed = used + csr.indices.length;
    if (needed > capacity) {
      if (used + csr.indices.length > MAX_ENTRIES)
        throw new AtlasmtlError("LIMIT", `more than ${MAX_ENTRIES} entries are stored`, {
          where: matrix.name,
        });
      const rowsDone = firstRow + csr.nRows;
      const expected = mask === null ? (needed / rowsDone) * nRows * 1.05 : needed * 1.5;
      capacity = Math.min(MAX_ENTRIES, Math.ceil(Math.max(needed, expected)));
      indices = grown(indices, nCols <= 65536 ? new Uint16Array(capacity) : new Uint32Array(capacity), used);
      if (!binary) data = grown(data, new Float32Array(capacity), used);
    }
    if (mask === null) {
      indices.set(csr.indices, used);
      if (!binary) copyValues(data, values, used, 0, csr.indices.length);
      for (let r = 0; r < csr.nRows; r++) {
        indptr[++row] = used + csr.indptr[r + 1];
        onRow?.(data, indptr[row - 1], indptr[row], firstRow + r);
      }
      used = needed;
    } else {
      for (let r = 0; r < csr.nRows; r++) {
        if (mask[firstRow + r] === 0) continue;
        const from = csr.indptr[r];
        const to = csr.indptr[r + 1];
        indices.set(csr.indices.subarray(from, to), used);
        if (!binary) copyValues(data, values, used, from, to);
        used += to - from;
        indptr[++row] = used;
        onRow?.(data, indptr[row - 1], used, firstRow + r);
      }
    }
    onProgress?.({ phase: "read", done: firstRow + csr.nRows, total: nRows });
  }
  return {
    nRows: kept,
    nCols,
    indptr,
    indices: indices.subarray(0, used),
    data: binary ? null : data.subarray(0, used),
  };
}

function grown<T extends Uint16Array | Uint32Array | Float32Array>(from: T, to: T, used: number): T {
  to.set(from.subarray(0, used));
  return to;
}

function copyValues(
  into: Float32Array,
  values: Float32Array | null,
  at: number,
  from: number,
  to: number,
): void {
  if (values === null) into.fill(1, at, at + to - from);
  else into.set(values.subarray(from, to), at);
}

function rowMask(rows: Uint8Array | Uint32Array | undefined, nRows: number): Uint8Array | null {
  if (rows === undefined) return null;
  if (rows instanceof Uint8Array) {
    if (rows.length === nRows) return rows;
    throw new AtlasmtlError("USAGE", `the row mask has ${rows.length} entries for ${nRows} rows`);
  }
  const mask = new Uint8Array(nRows);
  for (let i = 0; i < rows.length; i++) {
    const row = rows[i];
    if (row >= nRows || (i > 0 && row <= rows[i - 1]))
      throw new AtlasmtlError("USAGE", `row numbers must rise and stay below ${nRows}; entry ${i} is ${row}`);
    mask[row] = 1;
  }
  return mask;
}

/** @throws BAD_DATA for a negative value in a block, and names it. */
export async function refuseNegative(matrix: Matrix, firstRow: number, csr: Csr): Promise<void> {
  const data = csr.data!;
  let at = 0;
  while (at < data.length && data[at] > 0) at++;
  if (at === data.length) return;
  let row = 0;
  while (csr.indptr[row + 1] <= at) row++;
  const column = csr.indices[at];
  const entry =
    (await matrix.entryName?.(firstRow + row, column)) ?? `column ${column} of row ${firstRow + row}`;
  throw new AtlasmtlError(
    "BAD_DATA",
    `${matrix.name} looks scaled: ${entry} is ${data[at]}, and the binary input transform needs values of 0 or more`,
    {
      where: matrix.name,
      hint: phrase`choose a matrix with counts or log-normalised values by ${option("layer")}, or ${option("inputTransform", "float")}`,
    },
  );
}
