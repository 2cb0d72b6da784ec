/**
 * Safe bounds on what a file may declare. A file as the specification has it stays far below each of them; a hostile
 * one is refused with LIMIT before anything is allocated.
 * @module
 */

/** Containers nested in one another in a pickle or a config; Python's own recursion limit is 1000. */
export const MAX_PICKLE_DEPTH = 500;

/** Containers and floats that one pickle may build, at up to 100 bytes of memory each. */
export const MAX_PICKLE_OBJECTS = 500_000;

/** Values that wait on a pickle's stack at once; Python puts a thousand there before it adds them to a list. */
export const MAX_PICKLE_STACK = 1_000_000;

/** Arrays and bytes that one pickle may build from each of its own bytes; honest ones stay under 8. */
export const MAX_PICKLE_EXPANSION = 32;

/** Bytes that a pickle, or the content of a compressed file, may have however small the file is. */
export const EXPANSION_ALLOWANCE = 48 * 1024 * 1024;

/** Bytes of one integer in a pickle. */
export const MAX_INTEGER_BYTES = 4096;

/** Dimensions of a stored array; numpy 1 allows 32. */
export const MAX_ARRAY_DIMENSIONS = 32;

/** Values of a settings tree once shared parts are counted each time they occur. */
export const MAX_CONFIG_VALUES = 1_000_000;

/** Decimal digits of an integer written as text. */
export const MAX_INTEGER_DIGITS = 4300;

/** Entries of one zip archive. */
export const MAX_ZIP_ENTRIES = 1_000_000;

/** Deflate cannot expand a byte to more than this many. */
export const MAX_DEFLATE_RATIO = 1032;

/** Bytes that one compressed file or entry may expand to. */
export const MAX_INFLATED_BYTES = 0xffff_ffff;

/** How far whole files of arrays compress at most; float32 values barely do, repeated labels do well. */
const MAX_FILE_COMPRESSION = 64;

/** The bytes that a compressed file of `compressedBytes` may expand to. */
export function maxInflatedBytes(compressedBytes: number): number {
  return Math.min(MAX_INFLATED_BYTES, EXPANSION_ALLOWANCE + MAX_FILE_COMPRESSION * compressedBytes);
}

/** Elements of a tensor whose strides repeat stored values, and which is thus larger than its storage. */
export const MAX_EXPANDED_ELEMENTS = 1 << 24;

/** Bytes of one file of a bundle; larger ones do not fit the memory of a JavaScript program. */
export const MAX_BUNDLE_FILE_BYTES = 2 ** 33;

/** Bytes of a manifest or another JSON file of a bundle. */
export const MAX_JSON_BYTES = 256 * 1024 * 1024;

/** Values of one stored array that are read at once. */
export const MAX_ARRAY_VALUES = 2 ** 31;

/** Bytes of values that may be read at once from a stored array however small its file is. */
export const ARRAY_ALLOWANCE = 48 * 1024 * 1024;

/** The bytes of values that may be read at once from a stored array in a file of `fileBytes`. */
export function maxArrayBytes(fileBytes: number): number {
  return ARRAY_ALLOWANCE + MAX_FILE_COMPRESSION * fileBytes;
}
