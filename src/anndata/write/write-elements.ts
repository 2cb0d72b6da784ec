/** Writes elements with the encodings that anndata 0.8 and later use. @module */
import { type ConfigMap, type ConfigValue, Float, toPlain } from "../../core/config.ts";
import type { Csr } from "../../core/csr.ts";
import type { DenseMatrix } from "../../core/dense.ts";
import { AtlasmtlError } from "../../errors.ts";
import type { ElementWriter, PlainWriter } from "../../formats/element-writer.ts";
import type { NumberArray } from "../../formats/number-arrays.ts";
import { columnLabels } from "../read/column-values.ts";
import type { Column } from "../types.ts";

/** Writes the encoding of an element. */
export function tag(file: PlainWriter, path: string, type: string, version: string): void {
  file.setAttribute(path, "encoding-type", type);
  file.setAttribute(path, "encoding-version", version);
}

/** Writes an empty dict, such as obsm or uns. */
export function writeDict(file: PlainWriter, path: string): void {
  file.createGroup(path);
  tagDict(file, path);
}

/** Marks an existing group as a dict. */
export function tagDict(file: PlainWriter, path: string): void {
  tag(file, path, "dict", "0.1.0");
}

/** Writes the encoding of the root. */
export function tagRoot(file: ElementWriter): void {
  tag(file, "/", "anndata", "0.1.0");
}

/** Writes an array of numbers, row-major. */
export function writeArray(
  file: PlainWriter,
  path: string,
  values: NumberArray,
  shape: readonly number[],
): void {
  file.writeNumbers(path, values, shape);
  tag(file, path, "array", "0.2.0");
}

/** Writes an array of strings, row-major; of one dimension by default. */
export function writeStringArray(
  file: PlainWriter,
  path: string,
  values: readonly string[],
  shape: readonly number[] = [values.length],
): void {
  file.writeStrings(path, values, shape);
  tag(file, path, "string-array", "0.2.0");
}

/** Writes an array of booleans, true for values other than 0, row-major; of one dimension by default. */
export function writeBooleanArray(
  file: PlainWriter,
  path: string,
  values: Uint8Array,
  shape: readonly number[] = [values.length],
): void {
  file.writeBooleans(
    path,
    Uint8Array.from(values, (value) => (value === 0 ? 0 : 1)),
    shape,
  );
  tag(file, path, "array", "0.2.0");
}

/** A dense matrix as float32. */
export function writeDense(file: ElementWriter, path: string, matrix: DenseMatrix): void {
  writeArray(file, path, matrix.data, [matrix.nRows, matrix.nCols]);
}

/** Marks an existing group as a sparse matrix of rows. */
export function tagSparse(file: ElementWriter, path: string, shape: Pick<Csr, "nRows" | "nCols">): void {
  tag(file, path, "csr_matrix", "0.1.0");
  file.setAttribute(path, "shape", BigInt64Array.of(BigInt(shape.nRows), BigInt(shape.nCols)));
}

/** A sparse matrix as float32 with int32 positions. */
export function writeCsr(file: ElementWriter, path: string, csr: Csr): void {
  file.createGroup(path);
  tagSparse(file, path, csr);
  const nStored = csr.indices.length;
  file.writeNumbers(`${path}/data`, csr.data ?? new Float32Array(nStored).fill(1), [nStored]);
  file.writeNumbers(`${path}/indices`, new Int32Array(csr.indices), [nStored]);
  file.writeNumbers(
    `${path}/indptr`,
    nStored < 2 ** 31 ? new Int32Array(csr.indptr) : BigInt64Array.from(csr.indptr, BigInt),
    [csr.indptr.length],
  );
}

/** Writes one column of obs or var; strings with missing entries become a categorical, as in anndata. */
export function writeColumn(file: ElementWriter, path: string, column: Column): void {
  if (column.kind === "categorical")
    writeCategorical(file, path, column.codes, column.categories, column.ordered);
  else if (column.kind === "boolean") writeBooleanColumn(file, path, column);
  else if (column.kind === "number") writeNumberColumn(file, path, column);
  else if (column.values.every((value) => value !== null))
    writeStringArray(file, path, column.values as readonly string[]);
  else {
    const { codes, categories } = columnLabels(column);
    writeCategorical(file, path, codes, categories, false);
  }
}

type ColumnOf<K extends Column["kind"]> = Extract<Column, { kind: K }>;

function writeBooleanColumn(file: ElementWriter, path: string, column: ColumnOf<"boolean">): void {
  const { values, missing } = column;
  if (missing !== null) writeNullable(file, path, "nullable-boolean", missing);
  writeBooleanArray(file, missing === null ? path : `${path}/values`, values);
}

function writeNumberColumn(file: ElementWriter, path: string, column: ColumnOf<"number">): void {
  const { dtype, values, missing } = column;
  const isFloat = dtype.startsWith("float");
  const isNullable = missing !== null && !isFloat;
  if (isNullable) writeNullable(file, path, "nullable-integer", missing);
  const stored = missing !== null && isFloat ? values.map((x, i) => (missing[i] ? Number.NaN : x)) : values;
  writeArray(file, isNullable ? `${path}/values` : path, typedValues(dtype, stored), [values.length]);
}

function writeNullable(file: ElementWriter, path: string, type: string, missing: Uint8Array): void {
  file.createGroup(path);
  tag(file, path, type, "0.1.0");
  writeBooleanArray(file, `${path}/mask`, missing);
}

function writeCategorical(
  file: ElementWriter,
  path: string,
  codes: Int32Array,
  categories: readonly string[],
  ordered: boolean,
): void {
  startCategorical(file, path, codes, categories.length, ordered);
  writeStringArray(file, `${path}/categories`, categories);
}

/** Writes a categorical but for its categories. */
export function startCategorical(
  file: ElementWriter,
  path: string,
  codes: Int32Array,
  nCategories: number,
  ordered: boolean,
): void {
  file.createGroup(path);
  tag(file, path, "categorical", "0.2.0");
  file.setAttribute(path, "ordered", ordered);
  writeCodes(file, path, codes, nCategories);
}

/** Writes the codes of the categorical at `path`, as pandas does in the narrowest integers that include -1. */
export function writeCodes(file: ElementWriter, path: string, codes: Int32Array, nCategories: number): void {
  const narrow =
    nCategories <= 127 ? new Int8Array(codes) : nCategories <= 32767 ? new Int16Array(codes) : codes;
  writeArray(file, `${path}/codes`, narrow, [codes.length]);
}

const TYPED: ReadonlyMap<string, (values: Float64Array) => NumberArray> = new Map<
  string,
  (values: Float64Array) => NumberArray
>([
  ["int8", (values) => new Int8Array(values)],
  ["int16", (values) => new Int16Array(values)],
  ["int32", (values) => new Int32Array(values)],
  ["int64", (values) => BigInt64Array.from(values, BigInt)],
  ["uint8", (values) => new Uint8Array(values)],
  ["uint16", (values) => new Uint16Array(values)],
  ["uint32", (values) => new Uint32Array(values)],
  ["uint64", (values) => BigUint64Array.from(values, BigInt)],
  ["float16", (values) => new Float32Array(values)],
  ["float32", (values) => new Float32Array(values)],
  ["float64", (values) => values],
]);

function typedValues(dtype: string, values: Float64Array): NumberArray {
  const convert = TYPED.get(dtype);
  if (convert === undefined) throw new AtlasmtlError("USAGE", `a column of dtype ${dtype} cannot be written`);
  return convert(values);
}

/**
 * Writes settings as nested dicts. Nulls are left out, because anndata before 0.11 cannot store them. A list
 * that is not an array of one type, and a map with a key that HDF5 does not allow, are written as JSON text.
 */
export function writeSettings(file: PlainWriter, path: string, settings: ConfigMap): void {
  writeDict(file, path);
  for (const [key, value] of settings) writeSetting(file, `${path}/${key}`, value);
}

/** Writes one value of {@link writeSettings}. */
export function writeSetting(file: PlainWriter, path: string, value: ConfigValue): void {
  if (value === null) return;
  if (typeof value === "string") writeString(file, path, value);
  else if (typeof value === "boolean" || typeof value === "number" || value instanceof Float)
    writeScalar(file, path, value);
  else if (Array.isArray(value)) writeList(file, path, value);
  else {
    const map: ConfigMap = value instanceof Map ? value : new Map(Object.entries(value));
    if ([...map.keys()].every(isName)) writeSettings(file, path, map);
    else writeString(file, path, JSON.stringify(toPlain(map)));
  }
}

function writeScalar(file: PlainWriter, path: string, value: boolean | number | Float): void {
  if (typeof value === "boolean") file.writeBooleans(path, Uint8Array.of(value ? 1 : 0), []);
  else file.writeNumbers(path, numbersOf([value]), []);
  tag(file, path, "numeric-scalar", "0.2.0");
}

/** What to do about a name that is none in an `.h5ad` file. */
export const UNUSABLE_NAME =
  'rename it: names are not empty, have no slash in them or at an end, and are none of ".", ".." and "_index"';

/** In HDF5 names `/` separates groups, `.` is the group itself, and NUL ends a name. */
export function isName(key: string): boolean {
  return key !== "" && key !== "." && key !== ".." && !/[/\0]/.test(key);
}

function writeString(file: PlainWriter, path: string, value: string): void {
  file.writeStrings(path, [value], []);
  tag(file, path, "string", "0.2.0");
}

function writeList(file: PlainWriter, path: string, list: readonly ConfigValue[]): void {
  if (list.length === 0) writeArray(file, path, new Float64Array(0), [0]);
  else if (list.every((item) => typeof item === "string")) writeStringArray(file, path, list);
  else if (list.every((item) => typeof item === "boolean"))
    writeBooleanArray(
      file,
      path,
      Uint8Array.from(list, (item) => (item ? 1 : 0)),
    );
  else if (list.every((item) => typeof item === "number" || item instanceof Float))
    writeArray(file, path, numbersOf(list), [list.length]);
  else writeString(file, path, JSON.stringify(toPlain(list)));
}

/** int64 if all are Python ints, else float64. */
function numbersOf(list: readonly (number | Float)[]): NumberArray {
  if (list.every((item) => typeof item === "number" && Number.isSafeInteger(item)))
    return BigInt64Array.from(list as readonly number[], BigInt);
  return Float64Array.from(list, (item) => (item instanceof Float ? item.value : item));
}
