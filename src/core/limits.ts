/**
 * Upper bounds on what a file may declare. A valid file is far below each of them. A file beyond one is
 * refused with LIMIT before any memory is allocated.
 * @module
 */

/** Containers nested in one another in a pickle or a config; Python's own recursion limit is 1000. */
export const MAX_PICKLE_DEPTH = 500;

/** Containers and floats that one pickle may build, at up to 100 bytes of memory each. */
export const MAX_PICKLE_OBJECTS = 500_000;

/** Values on a pickle's stack at once; Python pushes up to a thousand before it appends them to a list. */
export const MAX_PICKLE_STACK = 1_000_000;

/** Bytes of arrays that a pickle may build per byte of its own; valid ones stay under 8. */
export const MAX_PICKLE_EXPANSION = 32;

/** How often the values of a pickle may be used on average, where parts are shared; honest ones use each once or twice. */
export const MAX_SHARED_EXPANSION = 8;

/** Uses of shared values that are allowed however few values there are. */
export const SHARED_ALLOWANCE = 1_000_000;

/** Bytes that a pickle may build, or a compressed file expand to, even if the file is small. */
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

/** Bytes of the directory of a zip archive, which is read at once. */
export const MAX_ZIP_DIRECTORY_BYTES = 256 * 1024 * 1024;

/** Deflate cannot expand a byte to more than this many. */
export const MAX_DEFLATE_RATIO = 1032;

/** Bytes that one compressed file or entry may expand to. */
const MAX_INFLATED_BYTES = 0xffff_ffff;

/**
 * The largest compression ratio of whole files of arrays; float32 values barely compress, repeated labels
 * compress well.
 */
const MAX_FILE_COMPRESSION = 64;

/** The bytes that a compressed file of `compressedBytes` may expand to. */
export function maxInflatedBytes(compressedBytes: number): number {
  return Math.min(MAX_INFLATED_BYTES, EXPANSION_ALLOWANCE + MAX_FILE_COMPRESSION * compressedBytes);
}

/** Elements of a tensor that is larger than its storage, because its strides repeat stored values. */
export const MAX_EXPANDED_ELEMENTS = 1 << 24;

/** Bytes of one file of a bundle; larger files do not fit the memory of a JavaScript program. */
export const MAX_BUNDLE_FILE_BYTES = 2 ** 33;

/** Bytes of the manifest of a bundle; one written here has about three thousand. */
export const MAX_MANIFEST_BYTES = 1024 * 1024;

/** Bytes of any other JSON file, such as a feature panel or the record of a run. */
export const MAX_JSON_BYTES = 256 * 1024 * 1024;

/** Values of a JSON file; each takes up to a hundred bytes of memory, however short its text. */
export const MAX_JSON_VALUES = 1_000_000;

/** Values of one stored array that are read at once. */
export const MAX_ARRAY_VALUES = 2 ** 31;

/** Bytes of values that may be read at once from a stored array, even if its file is small. */
export const ARRAY_ALLOWANCE = 48 * 1024 * 1024;

/** The bytes of values that may be read at once from a stored array in a file of `fileBytes`. */
export function maxArrayBytes(fileBytes: number): number {
  return ARRAY_ALLOWANCE + MAX_FILE_COMPRESSION * fileBytes;
}

/** R objects within one another; R's own limit is a few thousand calls. */
export const MAX_R_DEPTH = 1000;

/** Objects of an R file, at up to 300 bytes of memory each. */
export const MAX_R_OBJECTS = 1_000_000;

/** The most that an R file of `compressedBytes` may expand to: dense counts are mostly zeros. */
export function maxRBytes(compressedBytes: number): number {
  return 2 ** 28 + MAX_DEFLATE_RATIO * compressedBytes;
}

/** Bytes that xz data may refer back to: what xz's highest preset uses. */
export const MAX_XZ_DICTIONARY = 2 ** 26;
