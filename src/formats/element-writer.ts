/** The interface for writing containers, which the encodings of anndata use. @module */
import type { NumberArray } from "./number-arrays.ts";

/** Paths begin with a slash; the root is `/`. */
export interface ElementWriter {
  createGroup(path: string): void;
  /** Writes an array of `shape`, row-major; a scalar if `shape` is empty. */
  writeNumbers(path: string, values: NumberArray, shape: readonly number[]): void;
  /** Bytes of 0 and 1. */
  writeBooleans(path: string, values: Uint8Array, shape: readonly number[]): void;
  /** UTF-8 of any length. */
  writeStrings(path: string, values: readonly string[], shape: readonly number[]): void;
  /** Sets or replaces an attribute of an element. */
  setAttribute(path: string, name: string, value: string | readonly string[] | boolean | NumberArray): void;
}
