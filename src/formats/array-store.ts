/**
 * The interface of containers: named arrays with attributes, in groups. HDF5 and Zarr implement it;
 * `anndata/` reads through it.
 * @module
 */
import type { ScratchBuffer } from "../core/scratch-buffer.ts";
import type { ChunkForm } from "./hdf5/decode-chunk.ts";
import type { NumberArray } from "./number-arrays.ts";

/** An attribute; a reference points to another element by path. */
export type AttributeValue =
  | string
  | number
  | bigint
  | boolean
  | readonly string[]
  | NumberArray
  | { readonly reference: string };

/** An attribute with its type and shape, to be copied as it is. */
export interface TypedAttribute {
  /** Booleans are bytes of 0 and 1. */
  readonly values: NumberArray | readonly string[];
  readonly isBoolean: boolean;
  /** Empty for a scalar. */
  readonly shape: readonly number[];
}

interface StoredElement {
  readonly path: string;
  readonly attributeNames: readonly string[];
  /** Undefined if absent or of an unsupported type. */
  attribute(name: string): AttributeValue | undefined;
  /** As {@link attribute}, also undefined for a reference. */
  typedAttribute(name: string): TypedAttribute | undefined;
}

export interface StoredGroup extends StoredElement {
  readonly kind: "group";
  readonly keys: readonly string[];
}

/** The kind of elements of an array. */
export type ElementKind = "number" | "boolean" | "string" | "compound" | "other";

export interface StoredArray extends StoredElement {
  readonly kind: "array";
  readonly element: ElementKind;
  /**
   * The numpy dtype: `float32`, `int64`, `bool`; `str` for strings; a description otherwise. `complex64` and
   * `complex128` are compound arrays with the fields `r` and `i`.
   */
  readonly dtype: string;
  /** Text of a fixed number of bytes, as anndata before 0.7 stored it. */
  readonly isFixedText?: boolean;
  /** Empty for a scalar; null for an HDF5 null dataspace, which has no value. */
  readonly shape: readonly number[] | null;
  readonly chunks: readonly number[] | null;
  /** Field names of a compound array, in order. */
  readonly fields: readonly string[];
  /** Compression and other filters, by name, for reports. */
  readonly filters: readonly string[];
  /**
   * Numbers or booleans of rows `start` to `end` (along the first axis, all by default), row-major. They may
   * be stored in `room`, if it is given.
   * @throws UNSUPPORTED for another element kind or an unknown filter, BAD_FORMAT if it cannot be read.
   */
  readNumbers(start?: number, end?: number, scratch?: ScratchBuffer): Promise<NumberArray>;
  /** Strings of rows `start` to `end`. @throws like {@link readNumbers}. */
  readStrings(start?: number, end?: number): Promise<string[]>;
  /** Where the chunks of a vector of numbers lie in a file, for threads that decode them; null or absent where that is not known. */
  storedChunks?(): StoredChunks | null;
  /** One field of a one-dimensional compound array. @throws like {@link readNumbers}. */
  readField(name: string): Promise<CompoundField>;
}

/** The places of a vector's chunks, in order; there is one for every `chunkLength` values. */
export interface StoredChunks {
  /** Of the file on disk. */
  readonly path: string;
  readonly dtype: string;
  readonly chunkLength: number;
  readonly form: ChunkForm;
  /** First byte in the file, stored bytes, and a bit for each filter that was not applied. */
  readonly at: Float64Array;
  readonly bytes: Uint32Array;
  readonly skipped: Uint32Array;
}

export interface CompoundField {
  /** The numpy dtype; `str` if `values` are strings. */
  readonly dtype: string;
  /** Values per row: 1, or the size of an array-valued field. */
  readonly width: number;
  readonly values: NumberArray | readonly string[];
}

export interface ArrayStore {
  /** The name used in messages. */
  readonly name: string;
  /** The element at `path` (`""` is the root), or null. */
  open(path: string): Promise<StoredGroup | StoredArray | null>;
  close(): Promise<void>;
}
