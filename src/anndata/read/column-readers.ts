/** Reads one column of obs or var by its encoding. @module */
import { AtlasmtlError } from "../../errors.ts";
import type { ArrayStore, StoredArray } from "../../formats/array-store.ts";
import { toFloat64, toInt32 } from "../../formats/number-arrays.ts";
import type { Column } from "../types.ts";
import { noCategory, readCodes } from "./category-codes.ts";
import { columnStrings } from "./column-values.ts";
import {
  encodingOf,
  openArray,
  openExisting,
  type StoredElement,
  unknownEncoding,
} from "./element-encodings.ts";

type Reader = (store: ArrayStore, element: StoredElement) => Promise<Column>;

/** Every column encoding that is read. Untagged names are those of `encodingOf`. */
const READERS: ReadonlyMap<string, Reader> = new Map<string, Reader>([
  ["array@0.2.0", readPlain],
  ["string-array@0.2.0", readPlain],
  ["categorical@0.2.0", readCategorical],
  ["nullable-integer@0.1.0", readNullable],
  ["nullable-boolean@0.1.0", readNullable],
  ["nullable-string-array@0.1.0", readNullable],
  // anndata 0.7: codes with a reference to their categories; everything else untagged.
  ["(categorical)", readReferringCategorical],
  ["(number array)", readPlain],
  ["(boolean array)", readPlain],
  ["(string array)", readPlain],
]);

/** @throws UNSUPPORTED for another encoding, BAD_DATA for codes out of range, BAD_FORMAT for missing parts. */
export async function readColumn(store: ArrayStore, path: string): Promise<Column> {
  const element = await openExisting(store, path);
  const reader = READERS.get(encodingOf(element)) ?? unknownEncoding(element, "a column");
  return reader(store, element);
}

/** What reads some values of a plain column of text; undefined for another. */
export function plainStrings(
  element: StoredElement,
): ((start: number, end: number) => Promise<readonly string[]>) | undefined {
  const isPlain =
    element.kind === "array" &&
    element.element === "string" &&
    READERS.get(encodingOf(element)) === readPlain;
  return isPlain && element.shape?.length === 1 ? (start, end) => element.readStrings(start, end) : undefined;
}

async function readPlain(_store: ArrayStore, element: StoredElement): Promise<Column> {
  if (element.kind !== "array" || element.shape?.length !== 1) return unknownEncoding(element, "a column");
  switch (element.element) {
    case "string":
      return { kind: "string", values: await element.readStrings() };
    case "boolean":
      return { kind: "boolean", values: (await element.readNumbers()) as Uint8Array, missing: null };
    case "number": {
      const values = toFloat64(await element.readNumbers());
      return { kind: "number", dtype: element.dtype, values, missing: null };
    }
    default:
      return unknownEncoding(element, "a column");
  }
}

async function readCategorical(store: ArrayStore, element: StoredElement): Promise<Column> {
  const codes = await openArray(store, `${element.path}/codes`);
  return categorical(codes, await readCategories(store, `${element.path}/categories`), isOrdered(element));
}

async function readReferringCategorical(store: ArrayStore, element: StoredElement): Promise<Column> {
  const target = element.attribute("categories");
  if (element.kind !== "array" || typeof target !== "object" || !("reference" in target))
    return unknownEncoding(element, "a column");
  const categories = await openArray(store, target.reference);
  return categorical(element, await readCategories(store, target.reference), isOrdered(categories));
}

function isOrdered(element: StoredElement): boolean {
  const ordered = element.attribute("ordered");
  return ordered === true || ordered === 1;
}

async function readCategories(store: ArrayStore, path: string): Promise<string[]> {
  const values = columnStrings(await readColumn(store, path));
  return values.map((value, code) => {
    if (value === null) throw new AtlasmtlError("BAD_DATA", `category ${code} is missing`, { where: path });
    return value;
  });
}

async function categorical(stored: StoredArray, categories: string[], ordered: boolean): Promise<Column> {
  const { codes } = await readCodes(stored, categories.length);
  return { kind: "categorical", codes, categories, ordered };
}

/** @throws BAD_DATA for a code that has no category. */
export function categoricalColumn(
  codes: Int32Array,
  categories: readonly string[],
  ordered: boolean,
  where: string,
): Column {
  const bad = codes.findIndex((code) => code < -1 || code >= categories.length);
  if (bad >= 0) throw noCategory(codes[bad], bad, categories.length, where);
  return { kind: "categorical", codes, categories, ordered };
}

async function readNullable(store: ArrayStore, element: StoredElement): Promise<Column> {
  const column = await readColumn(store, `${element.path}/values`);
  const mask = await openArray(store, `${element.path}/mask`);
  if (mask.element === "string") return unknownEncoding(mask, "a mask");
  const missing = Uint8Array.from(toInt32(await mask.readNumbers()), (bit) => (bit === 0 ? 0 : 1));
  switch (column.kind) {
    case "number":
    case "boolean":
      if (missing.length !== column.values.length)
        throw lengths(element, column.values.length, missing.length);
      return { ...column, missing };
    case "string":
      if (missing.length !== column.values.length)
        throw lengths(element, column.values.length, missing.length);
      return { kind: "string", values: column.values.map((value, i) => (missing[i] ? null : value)) };
    default:
      return unknownEncoding(element, "a column");
  }
}

function lengths(element: StoredElement, values: number, mask: number): AtlasmtlError {
  return new AtlasmtlError("BAD_DATA", `${values} values have a mask of ${mask}`, { where: element.path });
}
