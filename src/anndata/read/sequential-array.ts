/** Reads a stored array from front to back in slices, without decompressing a chunk twice. @module */
import { createScratchBuffer, type ScratchBuffer } from "../../core/scratch-buffer.ts";
import type { StoredArray, StoredChunks } from "../../formats/array-store.ts";
import { type NumberArray, toFloat32, toInt32 } from "../../formats/number-arrays.ts";

/** Numbers in rows of `width`; the caller may change the arrays that `read` returns. */
export interface NumericSource {
  readonly nRows: number;
  readonly width: number;
  readonly dtype: string;
  /** Rows of one compressed chunk; null if each row can be read separately. */
  readonly chunkRows: number | null;
  /** Where the chunks are, for threads that read them; null or absent where that is not known. */
  readonly chunks?: () => StoredChunks | null;
  read(start: number, end: number, scratch?: ScratchBuffer): Promise<NumberArray>;
}

/** A larger chunk is read in parts, even if it must be decompressed again for each part. */
const MAX_CHUNK_VALUES = 1 << 26;

export function storedSource(array: StoredArray): NumericSource {
  const shape = array.shape ?? [0];
  return {
    nRows: shape[0] ?? 1,
    width: shape.slice(1).reduce((product, n) => product * n, 1),
    dtype: array.dtype,
    chunkRows: array.filters.length === 0 ? null : (array.chunks?.[0] ?? null),
    chunks: () => array.storedChunks?.() ?? null,
    read: (start, end, scratch) => array.readNumbers(start, end, scratch),
  };
}

export function memorySource(values: NumberArray, width = 1, dtype = "float32"): NumericSource {
  return {
    nRows: width === 0 ? 0 : values.length / width,
    width,
    dtype,
    chunkRows: null,
    read: async (start, end) => values.slice(start * width, end * width),
  };
}

export interface SliceOptions {
  /** Each slice reuses the memory of the one before. */
  readonly reuse: boolean;
}

/** Slices of `source` as float32. */
export function readFloats(
  source: NumericSource,
  { reuse }: SliceOptions = { reuse: false },
): (start: number, end: number) => Promise<Float32Array> {
  return sequential(source, reuse, toFloat32, (buffer, length) => new Float32Array(buffer, 0, length));
}

/** Slices of `source` as int32; see `toInt32` for values out of range. */
export function readInts(
  source: NumericSource,
  { reuse }: SliceOptions = { reuse: false },
): (start: number, end: number) => Promise<Int32Array> {
  return sequential(source, reuse, toInt32, (buffer, length) => new Int32Array(buffer, 0, length));
}

/** Bytes of a float32 and of an int32. */
const ELEMENT_BYTES = 4;

function sequential<T extends Float32Array | Int32Array>(
  source: NumericSource,
  reuse: boolean,
  convert: (values: NumberArray) => T,
  view: (buffer: ArrayBuffer, length: number) => T,
): (start: number, end: number) => Promise<T> {
  const { width, chunkRows, nRows } = source;
  const readBuffer = reuse ? createScratchBuffer() : undefined;
  const direct = async (start: number, end: number): Promise<T> =>
    convert(await source.read(start, end, readBuffer));
  if (chunkRows === null || chunkRows * width > MAX_CHUNK_VALUES) return direct;

  const ownBuffer: ScratchBuffer = reuse ? createScratchBuffer() : (bytes) => new ArrayBuffer(bytes);
  let held: T = view(new ArrayBuffer(0), 0);
  let heldStart = 0;
  let heldEnd = 0;
  return async (start, end) => {
    const length = (end - start) * width;
    const result = view(ownBuffer(length * ELEMENT_BYTES), length);
    for (let at = start; at < end; ) {
      if (at < heldStart || at >= heldEnd) {
        const from = Math.floor(at / chunkRows) * chunkRows;
        const to = Math.min(Math.ceil(end / chunkRows) * chunkRows, nRows);
        held = view(new ArrayBuffer(0), 0); // frees the previous part before the next is read
        held = await direct(from, to);
        heldStart = from;
        heldEnd = to;
      }
      const to = Math.min(end, heldEnd);
      const part = held.subarray((at - heldStart) * width, (to - heldStart) * width);
      result.set(part as never, (at - start) * width);
      at = to;
    }
    return result;
  };
}
