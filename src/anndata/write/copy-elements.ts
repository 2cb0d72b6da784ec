/**
 * Copies stored elements from one container to another as they are: types, encodings and order stay. Layouts
 * of old anndata versions become the current ones, arrays of records a dict of their fields where the container
 * has none.
 * @module
 */
import { throwIfAborted } from "../../core/progress.ts";
import { AtlasmtlError } from "../../errors.ts";
import type {
  ArrayStore,
  AttributeValue,
  CompoundField,
  StoredArray,
  StoredGroup,
} from "../../formats/array-store.ts";
import type { ElementWriter } from "../../formats/element-writer.ts";
import type { RecordField } from "../../formats/hdf5/records.ts";
import type { NumberArray } from "../../formats/number-arrays.ts";
import { readColumn } from "../read/column-readers.ts";
import { openDataFrame } from "../read/dataframe.ts";
import { encodingOf, integers, type StoredElement } from "../read/element-encodings.ts";
import type { Column, DataFrame } from "../types.ts";
import type { Additions } from "./additions.ts";
import type { Existing } from "./append.ts";
import { tagDict, writeColumn, writeDense, writeDict, writeSettings } from "./write-elements.ts";
import { writeFrame } from "./write-h5ad.ts";

/** An array that is written piece by piece. */
export interface GrowingElement {
  append(values: NumberArray): Promise<void> | void;
  finish(): Promise<void> | void;
}

/** The target of copies. */
export interface ElementSink extends ElementWriter {
  /** An array of numbers that is written piece by piece, in rows of `rowShape`. */
  grow(path: string, dtype: "int32" | "int64" | "float32", rowShape?: readonly number[]): GrowingElement;
  /** Writes the values of an array, a large one in pieces; its attributes follow. */
  copyArray(array: StoredArray, path: string): Promise<void>;
  /** An array of records, in a container that has them. */
  writeRecords?(path: string, fields: readonly RecordField[]): void;
  /** Writes a null of anndata; a container that cannot store it returns false. */
  writeNull(path: string): boolean;
  /** Releases resources. */
  settle(): Promise<void>;
}

/** Values copied at a time. */
const PIECE_VALUES = 1 << 20;
const PIECE_STRINGS = 1 << 16;

/** Maximum nesting of groups; a file can contain cycles. */
export const MAX_DEPTH = 32;

/** Attributes of old layouts that the current ones do not have. */
const OLD_ATTRIBUTES: readonly string[] = ["h5sparse_format", "h5sparse_shape", "categories"];

/**
 * Copies the element at `from` to `to`, with all of its members except those in `removals` (group path →
 * names).
 * @throws UNSUPPORTED for unsupported values, LIMIT for groups nested too deeply.
 */
export async function copyElement(
  store: ArrayStore,
  from: string,
  sink: ElementSink,
  to: string,
  removals: Existing["removals"] = new Map(),
  depth = 0,
): Promise<void> {
  if (depth > MAX_DEPTH)
    throw new AtlasmtlError("LIMIT", `groups are nested more than ${MAX_DEPTH} deep`, { where: from });
  const element = await store.open(from);
  if (element === null) return;
  const encoding = encodingOf(element);
  if (encoding === "dataframe@0.1.0") return copyFrame(await openDataFrame(store, from), sink, to);
  if (encoding === "(categorical)") return writeColumn(sink, to, await readColumn(store, from));
  if (encoding === "null@0.1.0") {
    if (!sink.writeNull(to)) return;
    copyAttributes(element, sink, to);
  } else if (element.kind === "array") await copyArray(element, encoding, sink, to);
  else {
    sink.createGroup(to);
    copyAttributes(element, sink, to);
    tagGroup(element, encoding, sink, to);
    const without = removals.get(from);
    for (const key of element.keys)
      if (!without?.has(key))
        await copyElement(store, `${from}/${key}`, sink, `${to}/${key}`, removals, depth + 1);
  }
  await sink.settle();
}

async function copyArray(array: StoredArray, encoding: string, sink: ElementSink, to: string): Promise<void> {
  if (array.element === "compound") return copyRecords(array, sink, to);
  if (array.element === "other" || array.shape === null)
    throw new AtlasmtlError("UNSUPPORTED", `values of type ${array.dtype} are not read`, {
      where: array.path,
    });
  const isTagged = encoding.includes("@");
  // anndata before 0.7 stored a text as an array of one, and still reads it as a text.
  const isOldText = array.isFixedText === true && !isTagged && array.shape.join() === "1";
  if (isOldText) sink.writeStrings(to, await array.readStrings(), []);
  else await sink.copyArray(array, to);
  copyAttributes(array, sink, to);
  if (isTagged) return;
  const isText = array.element === "string";
  const isScalar = isOldText || array.shape.length === 0;
  const type = isScalar ? (isText ? "string" : "numeric-scalar") : isText ? "string-array" : "array";
  sink.setAttribute(to, "encoding-type", type);
  sink.setAttribute(to, "encoding-version", "0.2.0");
}

/**
 * The values of an array of at least one dimension, in pieces of whole chunks. @throws ABORTED by the signal.
 */
export async function* pieces(
  array: StoredArray,
  signal?: AbortSignal,
): AsyncGenerator<NumberArray | readonly string[]> {
  const [nRows = 0, ...rowShape] = array.shape ?? [];
  const isText = array.element === "string";
  const width = rowShape.reduce((product, n) => product * n, 1);
  const chunkRows = array.chunks?.[0] ?? 1;
  const rows = (isText ? PIECE_STRINGS : PIECE_VALUES) / Math.max(width, 1);
  const step = chunkRows * Math.max(1, Math.floor(rows / chunkRows));
  for (let row = 0; row < nRows; row += step) {
    throwIfAborted(signal);
    const end = Math.min(row + step, nRows);
    yield isText ? await array.readStrings(row, end) : await array.readNumbers(row, end);
  }
}

/** An array of records as one, where the sink has them and each field is one number or text; else as a dict. */
async function copyRecords(array: StoredArray, sink: ElementSink, to: string): Promise<void> {
  const fields: (CompoundField & { readonly name: string })[] = [];
  for (const name of array.fields) fields.push({ name, ...(await array.readField(name)) });
  const isPlain =
    array.shape?.length === 1 && fields.every(({ width, dtype }) => width === 1 && dtype !== "bool");
  if (sink.writeRecords === undefined || !isPlain) return copyFields(array, sink, to);
  sink.writeRecords(to, fields);
  copyAttributes(array, sink, to);
  sink.setAttribute(to, "encoding-type", "rec-array");
  sink.setAttribute(to, "encoding-version", "0.2.0");
}

/** A compound table as a dict of its columns, except those in `without`. */
export async function copyFields(
  array: StoredArray,
  sink: ElementSink,
  to: string,
  without: ReadonlySet<string> = new Set(),
): Promise<void> {
  writeDict(sink, to);
  for (const name of array.fields.filter((field) => !without.has(field))) {
    const { values, width, dtype } = await array.readField(name);
    const path = `${to}/${name.replaceAll("/", "_")}`;
    if (!ArrayBuffer.isView(values)) {
      sink.writeStrings(path, values as readonly string[], [values.length]);
      sink.setAttribute(path, "encoding-type", "string-array");
    } else {
      const numbers = values as NumberArray;
      const shape = width === 1 ? [numbers.length] : [numbers.length / width, width];
      if (dtype === "bool") sink.writeBooleans(path, numbers as Uint8Array, shape);
      else sink.writeNumbers(path, numbers, shape);
      sink.setAttribute(path, "encoding-type", "array");
    }
    sink.setAttribute(path, "encoding-version", "0.2.0");
  }
}

function tagGroup(group: StoredGroup, encoding: string, sink: ElementSink, to: string): void {
  const format = /^\(h5sparse (csr|csc)\)$/.exec(encoding)?.[1];
  if (format !== undefined) {
    sink.setAttribute(to, "encoding-type", `${format}_matrix`);
    sink.setAttribute(to, "encoding-version", "0.1.0");
    const shape = integers(group.attribute("h5sparse_shape")) ?? [];
    sink.setAttribute(to, "shape", BigInt64Array.from(shape, BigInt));
  } else if (encoding === "(group)") tagDict(sink, to);
}

function copyAttributes(element: StoredElement, sink: ElementSink, to: string): void {
  for (const name of element.attributeNames) {
    const value = OLD_ATTRIBUTES.includes(name) ? undefined : writable(element.attribute(name));
    if (value !== undefined) sink.setAttribute(to, name, value);
  }
  // An empty list of names is stored as an empty array of numbers in HDF5.
  const order = element.attribute("column-order");
  if (ArrayBuffer.isView(order)) sink.setAttribute(to, "column-order", []);
}

function writable(
  value: AttributeValue | undefined,
): string | readonly string[] | boolean | NumberArray | undefined {
  if (typeof value === "number")
    return Number.isInteger(value) ? BigInt64Array.of(BigInt(value)) : Float64Array.of(value);
  if (typeof value === "bigint") return BigInt64Array.of(value);
  if (value === undefined || (typeof value === "object" && "reference" in value)) return undefined;
  return value;
}

async function copyFrame(frame: DataFrame, sink: ElementSink, to: string): Promise<void> {
  writeFrame(sink, to, { index: frame.index, columns: await columnsOf(frame, () => true) });
  await sink.settle();
}

async function columnsOf(
  frame: DataFrame,
  isWanted: (name: string) => boolean,
): Promise<Map<string, Column>> {
  const columns = new Map<string, Column>();
  for (const name of frame.columns) if (isWanted(name)) columns.set(name, await frame.column(name));
  return columns;
}

/**
 * Copies obs or var in the current layout, with `added` columns at the end. `store` is null if only the view
 * is available.
 */
export async function copyAnnotation(
  frame: DataFrame,
  store: ArrayStore | null,
  from: string,
  sink: ElementSink,
  to: string,
  added: ReadonlyMap<string, Column> = new Map(),
  existing: Existing | null = null,
): Promise<void> {
  const element = (await store?.open(from)) ?? null;
  const kept = existing?.columns ?? frame.columns;
  if (store !== null && element?.kind === "group" && encodingOf(element) === "dataframe@0.2.0") {
    await copyElement(store, from, sink, to, existing?.removals);
    const made = new Set<string>();
    for (const [name, column] of added) {
      const steps = name.split("/");
      for (let i = 1; i < steps.length; i++) {
        const parent = steps.slice(0, i).join("/");
        if (!made.has(parent) && (await store.open(`${from}/${parent}`)) === null)
          sink.createGroup(`${to}/${parent}`);
        made.add(parent);
      }
      writeColumn(sink, `${to}/${name}`, column);
    }
    sink.setAttribute(to, "column-order", [...kept, ...added.keys()]);
  } else {
    const columns = await columnsOf(frame, (name) => kept.includes(name));
    writeFrame(sink, to, { index: frame.index, columns: new Map([...columns, ...added]) });
  }
  await sink.settle();
}

/** Writes results other than obs columns into existing groups. */
export function writeAdditions(sink: ElementSink, { obsm, uns }: Additions): void {
  for (const [key, matrix] of obsm ?? []) writeDense(sink, `/obsm/${key}`, matrix);
  for (const [key, settings] of uns ?? []) writeSettings(sink, `/uns/${key}`, settings);
}
