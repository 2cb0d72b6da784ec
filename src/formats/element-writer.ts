/** The interface for writing containers, which the encodings of anndata use. @module */
import type { TypedAttribute } from "./array-store.ts";
import type { NumberArray } from "./number-arrays.ts";

/** One field of an array of records: a value for each record. */
export interface RecordField {
  readonly name: string;
  /** `bool` for bytes of 0 and 1; otherwise the type of `values` says it. */
  readonly dtype: string;
  readonly values: NumberArray | readonly string[];
}

/** What settings are written with. Paths begin with a slash; the root is `/`. */
export interface PlainWriter {
  createGroup(path: string): void;
  /** Writes an array of `shape`, row-major; a scalar if `shape` is empty. */
  writeNumbers(path: string, values: NumberArray, shape: readonly number[]): void;
  /** Bytes of 0 and 1. */
  writeBooleans(path: string, values: Uint8Array, shape: readonly number[]): void;
  /** UTF-8 of any length. */
  writeStrings(path: string, values: readonly string[], shape: readonly number[]): void;
  /** Sets or replaces an attribute of an element; numbers without a shape are a list. */
  setAttribute(path: string, name: string, value: AttributeValue): void;
}

/** Writes whatever a container holds. */
export interface ElementWriter extends PlainWriter {
  /** Complex numbers, each as its real and its imaginary part. */
  writeComplex(path: string, parts: Float32Array | Float64Array, shape: readonly number[]): void;
  /** An array of records, each with one value of every field, which the container `takesRecords`. */
  writeRecords(path: string, fields: readonly RecordField[], shape: readonly number[]): void;
  /** True if the container has arrays of such records. */
  takesRecords(fields: readonly RecordField[]): boolean;
  /** Writes an element without a value, as anndata's null has it. */
  writeNull(path: string): void;
}

export type AttributeValue = string | readonly string[] | boolean | NumberArray | TypedAttribute;

/** The value with its shape: a text or a truth is a scalar, a list has one dimension. */
export function typedAttribute(value: AttributeValue): TypedAttribute {
  if (typeof value === "boolean") return { values: Uint8Array.of(value ? 1 : 0), isBoolean: true, shape: [] };
  if (typeof value === "string") return { values: [value], isBoolean: false, shape: [] };
  return "isBoolean" in value ? value : { values: value, isBoolean: false, shape: [value.length] };
}
