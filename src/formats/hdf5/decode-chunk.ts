/**
 * Undoes the filters of a chunk without the HDF5 library, in any thread.
 *
 * Source: The HDF Group, "HDF5 File Format Specification" 3.0, section IV.A.2.l (filter pipeline).
 * @module
 */
import { decodeLzf } from "../compression/lzf.ts";

export const GZIP = 1;
export const SHUFFLE = 2;
export const FLETCHER32 = 3;
export const LZF = 32000;

/** What the chunks of an array have in common. */
export interface ChunkForm {
  /** Filters in the order in which they were applied. */
  readonly filters: readonly number[];
  readonly elementBytes: number;
  /** Bytes of a decoded chunk. */
  readonly size: number;
}

/**
 * Reverses the filters, last one first, but for those whose bit is set in `skipped`. The caller compares the length.
 * @throws Error for damaged data, and for gzip without `inflate`.
 */
export function decodeChunk(
  stored: Uint8Array,
  skipped: number,
  { filters, elementBytes, size }: ChunkForm,
  inflate?: (bytes: Uint8Array, size: number) => Uint8Array,
): Uint8Array {
  let bytes = stored;
  for (let i = filters.length - 1; i >= 0; i--) {
    if ((skipped >>> i) & 1) continue;
    if (filters[i] === LZF) bytes = decodeLzf(bytes, size);
    else if (filters[i] === SHUFFLE) bytes = unshuffle(bytes, elementBytes);
    else if (filters[i] === GZIP && inflate !== undefined) bytes = inflate(bytes, size);
    else if (filters[i] === FLETCHER32) bytes = bytes.subarray(0, bytes.length - 4);
    else throw new Error(`filter ${filters[i]} is not undone here`);
  }
  return bytes;
}

/** Bytes of the same position are grouped; a rest shorter than an element stays at the end. */
function unshuffle(bytes: Uint8Array, width: number): Uint8Array {
  const n = Math.floor(bytes.length / width);
  const result = bytes.slice();
  for (let rank = 0; rank < width; rank++)
    for (let i = 0, from = rank * n, to = rank; i < n; i++, from++, to += width) result[to] = bytes[from];
  return result;
}
