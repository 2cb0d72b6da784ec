/** Describes a pickle of a bundle. It is parsed as data and never executed. @module */
import { Float } from "../core/config.ts";
import { MAX_BUNDLE_FILE_BYTES } from "../core/limits.ts";
import { readInput } from "../core/read-input.ts";
import { locate } from "../errors.ts";
import { plainBytes } from "../formats/compression/gzip.ts";
import { parsePickle } from "../formats/pickle/parse.ts";
import { describeValue, NdArray, type PickleValue } from "../formats/pickle/values.ts";
import { METADATA_KEYS, REFERENCE_KEYS } from "../schema/bundle.ts";

/** A short description of one value of a pickle. */
export type PickleItem =
  | { readonly kind: "array"; readonly dtype: string; readonly shape: readonly number[] }
  /** `arrays` holds the items if all of them are arrays; else it is empty. */
  | {
      readonly kind: "dict";
      readonly keys: readonly string[];
      readonly arrays: readonly (readonly [key: string, array: PickleItem])[];
    }
  /** `first` holds the first items only. */
  | { readonly kind: "list"; readonly length: number; readonly first: readonly PickleItem[] }
  | { readonly kind: "value"; readonly text: string };

export interface PickleInspection {
  /** The part of a bundle that has these keys; null for another pickle. */
  readonly part: "metadata" | "reference" | null;
  /** The items of a dict by their keys; for another value, the value alone under the key "". */
  readonly items: readonly (readonly [key: string, item: PickleItem])[];
}

/** The number of items described of a list. */
const MAX_ITEMS = 7;

/**
 * Describes the pickle in a file.
 * @throws NOT_FOUND for a path that is no file, IO, LIMIT for a file that is too large, and as {@link inspectPickle}.
 */
export async function inspectPickleFile(path: string): Promise<PickleInspection> {
  try {
    return inspectPickle((await readInput(path, MAX_BUNDLE_FILE_BYTES)).bytes);
  } catch (error) {
    throw locate(error, path, "artifact");
  }
}

/** @throws BAD_FORMAT, UNSUPPORTED or LIMIT for a pickle that is not plain data. */
export function inspectPickle(bytes: Uint8Array): PickleInspection {
  const value = parsePickle(plainBytes(bytes));
  if (!(value instanceof Map)) return { part: null, items: [["", itemOf(value)]] };
  const has = (key: string): boolean => value.has(key);
  return {
    part: has(METADATA_KEYS.trainGenes)
      ? "metadata"
      : has(REFERENCE_KEYS.coords) && has(REFERENCE_KEYS.labels)
        ? "reference"
        : null,
    items: [...value].map(([key, item]) => [String(key), itemOf(item)]),
  };
}

function itemOf(value: PickleValue): PickleItem {
  if (value instanceof NdArray) return { kind: "array", dtype: value.dtype, shape: value.shape };
  if (value instanceof Map) {
    const items = [...value].map(([key, item]) => [String(key), item] as const);
    const isOfArrays = items.every(([, item]) => item instanceof NdArray);
    return {
      kind: "dict",
      keys: items.map(([key]) => key),
      arrays: isOfArrays ? items.map(([key, item]) => [key, itemOf(item)] as const) : [],
    };
  }
  if (Array.isArray(value))
    return { kind: "list", length: value.length, first: value.slice(0, MAX_ITEMS).map(listItemOf) };
  return { kind: "value", text: textOf(value) };
}

/** Lists inside a list are described without their items. */
function listItemOf(value: PickleValue): PickleItem {
  return Array.isArray(value) ? { kind: "value", text: describeValue(value) } : itemOf(value);
}

function textOf(value: PickleValue): string {
  if (value instanceof Float) return String(value.value);
  if (value === null || ["string", "number", "boolean", "bigint"].includes(typeof value))
    return String(value);
  return describeValue(value);
}
