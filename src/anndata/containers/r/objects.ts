/** Looks into R objects: their classes, slots, names and sizes. @module */
import { AtlasmtlError } from "../../../errors.ts";
import type { RFile } from "../../../formats/rds/open.ts";
import type { RAttributes, RList, RValue, RVector } from "../../../formats/rds/types.ts";
import { SLOT } from "../../../schema/r-objects.ts";

const NONE: RAttributes = new Map();

export const attributesOf = (value: RValue): RAttributes =>
  value !== null && "attributes" in value ? value.attributes : NONE;

/** A slot or an attribute; null if there is none. */
export const slot = (value: RValue, name: string): RValue => attributesOf(value).get(name) ?? null;

export const isText = (value: RValue): value is RVector =>
  value?.kind === "vector" && value.type === "string";

/** The texts of a vector; null for another value. An NA stays null. */
export async function textsOf(file: RFile, value: RValue): Promise<(string | null)[] | null> {
  return isText(value) ? file.strings(value) : null;
}

/** The names of a list, of rows or of columns; an NA is `NA`. Null where there are none. */
export async function namesOf(file: RFile, value: RValue): Promise<string[] | null> {
  return (await textsOf(file, value))?.map((name) => name ?? "NA") ?? null;
}

export interface RClass {
  /** The class, such as `dgCMatrix`; of several the first. */
  readonly name: string;
  readonly names: readonly string[];
  /** The package that defines it. */
  readonly from: string;
}

export async function classOf(file: RFile, value: RValue): Promise<RClass> {
  const attribute = slot(value, "class");
  const names = (await namesOf(file, attribute)) ?? [];
  const from = (await namesOf(file, slot(attribute, "package")))?.[0] ?? "";
  return { name: names[0] ?? "", names, from };
}

/** What a value is, for messages. */
export async function described(file: RFile, value: RValue): Promise<string> {
  const { name, from } = await classOf(file, value);
  if (name !== "") return from === "" || from === ".GlobalEnv" ? name : `${name} of ${from}`;
  if (value === null) return "NULL";
  if (value.kind === "vector") return slot(value, "dim") === null ? `${value.type} values` : "an array";
  if (value.kind === "skipped") return value.what;
  return value.kind === "environment" ? "an environment" : `a ${value.kind}`;
}

/** The items of a named list, or of a Bioconductor list, by name; items without a name are left out. */
export async function itemsOf(file: RFile, value: RValue): Promise<Map<string, RValue>> {
  const list = listIn(value);
  const names = list === null ? null : await namesOf(file, slot(list, "names"));
  const found = new Map<string, RValue>();
  names?.forEach((name, i) => {
    if (i < list!.items.length && !found.has(name)) found.set(name, list!.items[i]);
  });
  return found;
}

export function listIn(value: RValue): RList | null {
  if (value?.kind === "list") return value;
  const inner = slot(value, SLOT.items);
  return inner?.kind === "list" ? inner : null;
}

/** A few whole numbers, such as a size; null for another value. */
export async function integersOf(file: RFile, value: RValue): Promise<readonly number[] | null> {
  if (value?.kind !== "vector" || (value.type !== "integer" && value.type !== "real")) return null;
  return value.length > 16 ? null : Array.from(await file.numbers(value));
}

/** Rows and columns of an R matrix in memory or of the Matrix package. */
export async function shapeOf(file: RFile, value: RValue): Promise<readonly [number, number] | null> {
  const dims = await integersOf(file, slot(value, SLOT.shape) ?? slot(value, "dim"));
  if (dims?.length !== 2 || !dims.every((n) => Number.isInteger(n) && n >= 0)) return null;
  return [dims[0], dims[1]];
}

/** The names of the rows (0) or columns (1) of a matrix; null where there are none. */
export async function dimNames(file: RFile, value: RValue, axis: 0 | 1): Promise<string[] | null> {
  const names = slot(value, SLOT.names) ?? slot(value, "dimnames");
  return names?.kind === "list" ? namesOf(file, names.items[axis] ?? null) : null;
}

/** What a reference object's field holds; null without such an object or field. */
export function fieldOf(value: RValue, name: string): RValue {
  const fields = value?.kind === "environment" ? value : slot(value, SLOT.fields);
  if (fields?.kind !== "environment") return null;
  for (const chain of fields.bindings)
    if (chain?.kind === "pairlist") {
      const found = chain.items.find(({ tag }) => tag === name);
      if (found !== undefined) return found.value;
    }
  return null;
}

export const badObject = (message: string, hint: string): AtlasmtlError =>
  new AtlasmtlError("BAD_DATA", message, { hint });
