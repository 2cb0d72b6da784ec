/**
 * Copies stored elements from one container to another as they are: types, ranks, encodings and order stay. Layouts
 * of old anndata versions become the current ones, arrays of records a dict of their fields where the container
 * has none of that kind.
 * @module
 */
import { throwIfAborted } from "../../core/progress.ts";
import { AtlasmtlError, locateOnce } from "../../errors.ts";
import type { ArrayStore, CompoundField, StoredArray, StoredGroup } from "../../formats/array-store.ts";
import type { ElementWriter } from "../../formats/element-writer.ts";
import type { NumberArray } from "../../formats/number-arrays.ts";
import { categoricalParts, readCodes } from "../read/category-codes.ts";
import { readColumn } from "../read/column-readers.ts";
import { openDataFrame } from "../read/dataframe.ts";
import { encodingOf, integers, type StoredElement } from "../read/element-encodings.ts";
import type { Column, DataFrame } from "../types.ts";
import type { Additions } from "./additions.ts";
import type { Existing } from "./append.ts";
import {
  tag,
  tagDict,
  writeArray,
  writeBooleanArray,
  writeCodes,
  writeColumn,
  writeDense,
  writeDict,
  writeSettings,
  writeStringArray,
} from "./write-elements.ts";
import { tableSteps, writeFrame } from "./write-frame.ts";

/** An array that is written piece by piece. */
export interface GrowingElement {
  append(values: NumberArray): Promise<void> | void;
  finish(): Promise<void> | void;
}

/** An element, such as `varp/correlation`, and what became of it: `is left out of the output: …`. */
export interface Remark {
  readonly path: string;
  readonly what: string;
}

/** The target of copies. */
export interface ElementSink extends ElementWriter {
  /** An array of numbers that is written piece by piece, in rows of `rowShape`. */
  grow(path: string, dtype: "int32" | "int64" | "float32", rowShape?: readonly number[]): GrowingElement;
  /** Writes the values of an array, a large one in pieces; its attributes follow. */
  copyArray(array: StoredArray, path: string): Promise<void>;
  /** What was written otherwise than it is stored, or not at all; grows with the copies. */
  readonly remarks: Remark[];
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
  if (element.kind === "array") {
    try {
      await copyArray(element, encoding, sink, to);
    } catch (error) {
      throw locateOnce(error, from);
    }
  } else {
    sink.createGroup(to);
    copyAttributes(element, sink, to);
    tagGroup(element, encoding, sink, to);
    const without = removals.get(from);
    for (const key of element.keys) {
      if (without?.has(key)) continue;
      const isCodes = key === "codes" && encoding === "categorical@0.2.0";
      if (isCodes && (await copyMended(store, from, sink, to))) continue;
      await copyElement(store, `${from}/${key}`, sink, `${to}/${key}`, removals, depth + 1);
    }
  }
  await sink.settle();
}

/** Writes the codes of a categorical that anndata would refuse; false if they are copied as they are. */
async function copyMended(store: ArrayStore, from: string, sink: ElementSink, to: string): Promise<boolean> {
  const parts = await categoricalParts(store, from);
  if (parts === null) return false;
  const { codes, nMended } = await readCodes(parts.codes, parts.nCategories);
  if (nMended > 0) writeCodes(sink, to, codes, parts.nCategories);
  return nMended > 0;
}

async function copyArray(array: StoredArray, encoding: string, sink: ElementSink, to: string): Promise<void> {
  const isTagged = encoding.includes("@");
  if (encoding === "null@0.1.0" || array.shape === null) {
    sink.writeNull(to);
    copyAttributes(array, sink, to);
    if (!isTagged) tag(sink, to, "null", "0.1.0");
    return;
  }
  if (array.element === "compound") return copyRecords(array, encoding, sink, to);
  if (array.element === "other")
    throw new AtlasmtlError("UNSUPPORTED", `values of type ${array.dtype} are not read`);
  // anndata before 0.7 stored a text as an array of one, and still reads it as a text.
  const isOldText = array.isFixedText === true && !isTagged && array.shape.join() === "1";
  if (isOldText) sink.writeStrings(to, await array.readStrings(), []);
  else await sink.copyArray(array, to);
  copyAttributes(array, sink, to);
  if (isTagged) return;
  const isText = array.element === "string";
  const isScalar = isOldText || array.shape.length === 0;
  const type = isScalar ? (isText ? "string" : "numeric-scalar") : isText ? "string-array" : "array";
  tag(sink, to, type, "0.2.0");
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

/** Complex numbers, and arrays of records where the sink has them; other records become a dict of their fields. */
async function copyRecords(
  array: StoredArray,
  encoding: string,
  sink: ElementSink,
  to: string,
): Promise<void> {
  const fields: (CompoundField & { readonly name: string })[] = [];
  for (const name of array.fields) fields.push({ name, ...(await array.readField(name)) });
  const isComplex = array.dtype.startsWith("complex");
  if (isComplex) sink.writeComplex(to, complexOf(fields), array.shape ?? []);
  else {
    const isPlain = fields.every(({ width }) => width === 1) && sink.takesRecords(fields);
    if (!isPlain) {
      sink.remarks.push({
        path: array.path,
        what: "becomes a dict of its fields in the output, which has no records of such fields",
      });
      return copyFields(array, sink, to);
    }
    sink.writeRecords(to, fields, array.shape ?? []);
  }
  copyAttributes(array, sink, to);
  if (encoding.includes("@")) return;
  if (!isComplex) tag(sink, to, "rec-array", "0.2.0");
  else tag(sink, to, array.shape?.length === 0 ? "numeric-scalar" : "array", "0.2.0");
}

/** Real and imaginary parts in turns. */
function complexOf([real, imaginary]: readonly CompoundField[]): Float32Array | Float64Array {
  const r = real.values as Float32Array | Float64Array;
  const i = imaginary.values as Float32Array | Float64Array;
  const parts = new (r instanceof Float32Array ? Float32Array : Float64Array)(2 * r.length);
  for (let at = 0; at < r.length; at++) {
    parts[2 * at] = r[at];
    parts[2 * at + 1] = i[at];
  }
  return parts;
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
      writeStringArray(sink, path, values as readonly string[]);
    } else {
      const numbers = values as NumberArray;
      const shape = width === 1 ? [numbers.length] : [numbers.length / width, width];
      if (dtype === "bool") writeBooleanArray(sink, path, numbers as Uint8Array, shape);
      else writeArray(sink, path, numbers, shape);
    }
  }
}

function tagGroup(group: StoredGroup, encoding: string, sink: ElementSink, to: string): void {
  const format = /^\(h5sparse (csr|csc)\)$/.exec(encoding)?.[1];
  if (format !== undefined) {
    tag(sink, to, `${format}_matrix`, "0.1.0");
    const shape = integers(group.attribute("h5sparse_shape")) ?? [];
    sink.setAttribute(to, "shape", BigInt64Array.from(shape, BigInt));
  } else if (encoding === "(group)") tagDict(sink, to);
}

/** Copies attributes but those of old layouts. */
export function copyAttributes(element: StoredElement, sink: ElementSink, to: string): void {
  for (const name of element.attributeNames) {
    if (OLD_ATTRIBUTES.includes(name)) continue;
    const value = element.typedAttribute(name);
    if (value !== undefined) sink.setAttribute(to, name, value);
    else
      sink.remarks.push({
        path: element.path,
        what: `loses its attribute "${name}" in the output: values of its type are not read`,
      });
  }
  // An empty list of names is stored as an empty array of numbers in HDF5.
  const order = element.attribute("column-order");
  if (ArrayBuffer.isView(order)) sink.setAttribute(to, "column-order", []);
}

async function copyFrame(frame: DataFrame, sink: ElementSink, to: string): Promise<void> {
  const columns = new Map<string, Column>();
  for (const name of frame.columns) columns.set(name, await frame.column(name));
  writeFrame(sink, to, { index: frame.index, columns });
  await sink.settle();
}

/** Writes results other than obs columns into existing groups. */
export async function writeAdditions(sink: ElementSink, { obsm, obsmTables, uns }: Additions): Promise<void> {
  for (const [key, matrix] of obsm ?? []) writeDense(sink, `/obsm/${key}`, matrix);
  for (const [key, table] of obsmTables ?? [])
    for (const write of tableSteps(sink, `/obsm/${key}`, table)) {
      write();
      await sink.settle();
    }
  for (const [key, settings] of uns ?? []) writeSettings(sink, `/uns/${key}`, settings);
}
