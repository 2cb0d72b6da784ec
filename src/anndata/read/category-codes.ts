/**
 * Reads the codes of categorical columns. R packages write the missing values of factors as the integer that stands for
 * none in R, or as -1 in an unsigned type; anndata refuses such codes, here they are -1.
 * @module
 */
import { AtlasmtlError, type Notice } from "../../errors.ts";
import type { ArrayStore, StoredArray } from "../../formats/array-store.ts";
import { toInt32 } from "../../formats/number-arrays.ts";
import type { DataFrame } from "../types.ts";
import { encodingOf, type StoredElement, unknownEncoding } from "./element-encodings.ts";

/** By type of codes, those that stand for a missing value if there is no category of that number. */
const MISSING: ReadonlyMap<string, readonly (number | bigint)[]> = new Map<
  string,
  readonly (number | bigint)[]
>([
  ["int8", [-128]],
  ["int16", [-32768]],
  ["int32", [-2147483648]],
  ["int64", [-2147483648n, -9223372036854775808n]],
  ["uint8", [255]],
  ["uint16", [65535]],
  ["uint32", [4294967295, 2147483648]],
  ["uint64", [18446744073709551615n]],
]);

/** Types in which Python writes codes, so that none of the others has to be looked at. */
const USUAL: readonly string[] = ["int8", "int16"];

export interface CategoryCodes {
  readonly codes: Int32Array;
  /** Codes that stood for a missing value and are -1 now. */
  readonly nMended: number;
}

/** @throws BAD_DATA for a code without a category. */
export async function readCodes(stored: StoredArray, nCategories: number): Promise<CategoryCodes> {
  if (stored.element !== "number" || stored.shape?.length !== 1)
    return unknownEncoding(stored, "category codes");
  const values = await stored.readNumbers();
  const codes = toInt32(values).slice();
  const missing = MISSING.get(stored.dtype) ?? [];
  let nMended = 0;
  for (let row = 0; row < codes.length; row++) {
    if (codes[row] >= -1 && codes[row] < nCategories) continue;
    if (!missing.includes(values[row])) throw noCategory(values[row], row, nCategories, stored.path);
    codes[row] = -1;
    nMended++;
  }
  return { codes, nMended };
}

export function noCategory(
  code: number | bigint,
  row: number,
  nCategories: number,
  where: string,
): AtlasmtlError {
  return new AtlasmtlError(
    "BAD_DATA",
    `code ${code} of row ${row} has no category; there are ${nCategories}`,
    { where },
  );
}

/** The parts of a categorical column, of which `path` is the path; null for another element. */
export async function categoricalParts(
  store: ArrayStore,
  path: string,
): Promise<{ readonly codes: StoredArray; readonly nCategories: number; readonly isGroup: boolean } | null> {
  const element = await store.open(path);
  if (element === null) return null;
  if (encodingOf(element) === "categorical@0.2.0") {
    const codes = await store.open(`${path}/codes`);
    return codes?.kind === "array"
      ? { codes, nCategories: await lengthOf(store, `${path}/categories`), isGroup: true }
      : null;
  }
  const target = element.attribute("categories");
  if (element.kind !== "array" || typeof target !== "object" || !("reference" in target)) return null;
  return { codes: element, nCategories: await lengthOf(store, target.reference), isGroup: false };
}

async function lengthOf(store: ArrayStore, path: string): Promise<number> {
  const element: StoredElement | null = await store.open(path);
  const array = element?.kind === "group" ? await store.open(`${path}/values`) : element;
  return array?.kind === "array" ? (array.shape?.[0] ?? 0) : 0;
}

/** Columns beyond this number are not looked at when a dataset is opened; they are mended all the same. */
const MOST_COLUMNS = 2000;

export interface MendedCodes extends CategoryCodes {
  /** False if the column is the array of its codes, as in anndata 0.7. */
  readonly isGroup: boolean;
}

/** The categorical columns of a frame whose codes have to be mended. */
export async function mendedColumns(
  store: ArrayStore,
  at: string,
  { columns }: Pick<DataFrame, "columns">,
): Promise<ReadonlyMap<string, MendedCodes>> {
  const found = new Map<string, MendedCodes>();
  for (const name of columns.slice(0, MOST_COLUMNS)) {
    try {
      const parts = await categoricalParts(store, `${at}/${name}`);
      if (parts === null || USUAL.includes(parts.codes.dtype)) continue;
      const read = await readCodes(parts.codes, parts.nCategories);
      if (read.nMended > 0) found.set(name, { ...read, isGroup: parts.isGroup });
    } catch (error) {
      // What cannot be read is an error of the column, where it is asked for.
      if (!(error instanceof AtlasmtlError)) throw error;
    }
  }
  return found;
}

/** Says which columns hold such codes; none if there is nothing to say. */
export async function mendedNotices(
  store: ArrayStore,
  frames: Readonly<Record<string, Pick<DataFrame, "columns">>>,
): Promise<Notice[]> {
  const named: string[] = [];
  for (const [at, frame] of Object.entries(frames))
    for (const [name, { nMended }] of await mendedColumns(store, at, frame))
      named.push(`${at} › ${name} (${nMended})`);
  if (named.length === 0) return [];
  const shown = named.slice(0, 5).join(", ");
  const more = named.length > 5 ? ` and ${named.length - 5} more` : "";
  return [
    {
      message: `category codes without a category count as missing, as R packages write missing values: ${shown}${more}`,
      where: store.name,
    },
  ];
}
