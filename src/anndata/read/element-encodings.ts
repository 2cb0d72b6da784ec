/**
 * The encodings of stored elements, by `encoding-type` and `encoding-version`; untagged elements of old files
 * are recognised by their form. Source: anndata's documentation, "on-disk format".
 * @module
 */

import { AtlasmtlError } from "../../errors.ts";
import type { ArrayStore, AttributeValue, StoredArray, StoredGroup } from "../../formats/array-store.ts";
import type { NumberArray } from "../../formats/number-arrays.ts";

export type StoredElement = StoredArray | StoredGroup;

/** `type@version`, or a name in brackets for the form of an untagged element. */
export function encodingOf(element: StoredElement): string {
  const type = text(element.attribute("encoding-type"));
  if (type !== undefined && type !== "")
    return `${type}@${text(element.attribute("encoding-version")) ?? ""}`;
  if (element.kind === "group") {
    const sparse = text(element.attribute("h5sparse_format"));
    return sparse === undefined ? "(group)" : `(h5sparse ${sparse})`;
  }
  if (element.attribute("categories") !== undefined) return "(categorical)";
  return element.shape?.length === 0 ? "(scalar)" : `(${element.element} array)`;
}

/** The encoding for messages, without version and brackets. */
export function encodingName(element: StoredElement): string {
  return encodingOf(element)
    .replace(/@.*$/, "")
    .replace(/^\((.*)\)$/, "$1");
}

/** @throws UNSUPPORTED that names the encoding. */
export function unknownEncoding(element: StoredElement, as: string): never {
  throw new AtlasmtlError("UNSUPPORTED", `encoding ${encodingOf(element)} cannot be read as ${as}`, {
    where: element.path,
    hint: "the file may come from a newer anndata; if it opens in Python, store this element in a plain encoding",
  });
}

/** Opens a required element. @throws NOT_FOUND. */
export async function openExisting(store: ArrayStore, path: string): Promise<StoredElement> {
  const element = await store.open(path);
  if (element === null) throw new AtlasmtlError("NOT_FOUND", `there is no "${path}"`);
  return element;
}

/** Opens a required array. @throws BAD_FORMAT if it is missing or a group. */
export async function openArray(store: ArrayStore, path: string): Promise<StoredArray> {
  const element = await store.open(path);
  if (element?.kind === "array") return element;
  throw new AtlasmtlError(
    "BAD_FORMAT",
    element === null ? "the array is missing" : "a group is where an array belongs",
    {
      where: path,
    },
  );
}

export const text = (value: AttributeValue | undefined): string | undefined =>
  typeof value === "string"
    ? value
    : Array.isArray(value) && value.length === 1
      ? String(value[0])
      : undefined;

/** A list of strings; h5py stores an empty one as an empty float array. */
export function texts(value: AttributeValue | undefined): readonly string[] | undefined {
  if (typeof value === "string") return [value];
  if (Array.isArray(value)) return value;
  return ArrayBuffer.isView(value) && (value as NumberArray).length === 0 ? [] : undefined;
}

/** A list of non-negative integers, such as a shape. */
export function integers(value: AttributeValue | undefined): readonly number[] | undefined {
  if (!ArrayBuffer.isView(value)) return undefined;
  const numbers = Array.from(value as Int32Array, Number);
  return numbers.every((n) => Number.isSafeInteger(n) && n >= 0) ? numbers : undefined;
}
