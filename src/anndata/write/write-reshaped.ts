/** Copies obsm, obsp, varm and varp to a dataset with other cells or genes. @module */
import { AtlasmtlError } from "../../errors.ts";
import type { ArrayStore, StoredArray, StoredGroup } from "../../formats/array-store.ts";
import type { NumberArray } from "../../formats/number-arrays.ts";
import { openDataFrame } from "../read/dataframe.ts";
import { encodingName, encodingOf, integers, text } from "../read/element-encodings.ts";
import { isMatrixEncoding, openMatrix } from "../read/matrix.ts";
import type { Column, Matrix, MatrixName } from "../types.ts";
import { pickColumn } from "../views/select-cells.ts";
import { type ElementSink, pieces } from "./copy-elements.ts";
import { writeArray, writeBooleanArray, writeCsr, writeStringArray } from "./write-elements.ts";
import { writeFrame } from "./write-frame.ts";

/** Maximum number of values of one matrix in memory. */
const MAX_VALUES = 1 << 26;

/** The rows (cells or genes) of an output. */
export interface NewRows {
  /** For each the stored row; -1 for none. */
  readonly from: Int32Array;
  /** Number of stored rows. */
  readonly nStored: number;
  readonly names: readonly string[];
}

/**
 * Writes the members of a group, such as `varm`, with other rows into an existing group; those of `obsp` and
 * `varp` change in both dimensions. Rows without stored values become NaN, zero, empty or missing. Sparse
 * matrices become CSR of float32. Members of another form, with more than 2^26 values, or with invalid values
 * are left out.
 * @param without members to leave out.
 */
export async function writeReshaped(
  store: ArrayStore,
  group: "obsm" | "obsp" | "varm" | "varp",
  rows: NewRows,
  sink: ElementSink,
  without: ReadonlySet<string> = new Set(),
): Promise<void> {
  const element = await store.open(group);
  if (element === null) return;
  const leaveOut = (path: string, why: string): void => {
    sink.remarks.push({ path, what: `is left out of the output: ${why}` });
  };
  if (element.kind === "array" && element.fields.length === 0)
    leaveOut(group, otherForm(encodingName(element)).message);
  for (const key of element.kind === "group" ? element.keys : element.fields) {
    if (without.has(key)) continue;
    const path = `${group}/${key}`;
    try {
      if (element.kind === "array") await writeField(element, key, path, rows, sink);
      else if (group.endsWith("p")) await writeBoth(store, path, rows, sink);
      else await writeRows(store, path, rows, sink);
    } catch (error) {
      if (!(error instanceof AtlasmtlError) || !LEAVE_OUT.has(error.code)) throw error;
      leaveOut(path, error.message);
    }
    await sink.settle();
  }
}

/** Members that cannot be copied must not prevent the others. */
const LEAVE_OUT: ReadonlySet<string> = new Set(["UNSUPPORTED", "BAD_DATA", "BAD_FORMAT", "LIMIT"]);

async function writeRows(store: ArrayStore, path: string, rows: NewRows, sink: ElementSink): Promise<void> {
  const element = await store.open(path);
  if (element === null) return;
  if (element.kind === "group" && text(element.attribute("_index")) !== undefined) {
    const frame = await openDataFrame(store, path);
    checkRows(rows, frame.length);
    const columns = new Map<string, Column>();
    for (const name of frame.columns) columns.set(name, pickColumn(await frame.column(name), rows.from));
    return writeFrame(sink, `/${path}`, { index: rows.names, columns });
  }
  if (element.kind === "group" && isMatrixEncoding(encodingOf(element)))
    return writeSparse(await openSparse(store, element), rows, false, sink);
  if (
    element.kind !== "array" ||
    !["number", "boolean", "string"].includes(element.element) ||
    (element.shape ?? []).length === 0
  )
    throw otherForm(encodingName(element));
  const values = element.element === "string" ? await element.readStrings() : await element.readNumbers();
  writePicked(sink, `/${path}`, values, {
    rows,
    element: element.element,
    shape: element.shape ?? [],
  });
}

/** A column of a compound table, as obsm and varm in old files. */
async function writeField(
  table: StoredArray,
  name: string,
  path: string,
  rows: NewRows,
  sink: ElementSink,
): Promise<void> {
  const { values, width, dtype } = await table.readField(name);
  const element = dtype === "bool" ? "boolean" : ArrayBuffer.isView(values) ? "number" : "string";
  const nRows = values.length / width;
  writePicked(sink, `/${path}`, values, {
    rows,
    element,
    shape: width === 1 ? [nRows] : [nRows, width],
  });
}

interface Picked {
  readonly rows: NewRows;
  readonly element: StoredArray["element"];
  /** Of what is stored. */
  readonly shape: readonly number[];
}

function writePicked(
  sink: ElementSink,
  path: string,
  stored: NumberArray | readonly string[],
  { rows, element, shape: [nStored = 0, ...rowShape] }: Picked,
): void {
  const { from } = rows;
  const width = rowShape.reduce((product, n) => product * n, 1);
  const shape = [from.length, ...rowShape];
  checkRows(rows, nStored);
  if (!ArrayBuffer.isView(stored)) {
    const texts = stored as readonly string[];
    const values = Array.from({ length: from.length * width }, (_, at) => {
      const row = from[Math.floor(at / width)];
      return row < 0 ? "" : texts[row * width + (at % width)];
    });
    writeStringArray(sink, path, values, shape);
    return;
  }
  const numbers = stored as NumberArray;
  const values = emptyLike(numbers, from.length * width);
  from.forEach((at, row) => {
    if (at >= 0) values.set(numbers.subarray(at * width, (at + 1) * width) as never, row * width);
    else fillMissing(values, row * width, (row + 1) * width);
  });
  if (element === "boolean") writeBooleanArray(sink, path, values as Uint8Array, shape);
  else writeArray(sink, path, values, shape);
}

/** A square matrix, such as cells by cells. */
async function writeBoth(store: ArrayStore, path: string, rows: NewRows, sink: ElementSink): Promise<void> {
  const element = await store.open(path);
  if (element === null) return;
  if (element.kind === "group") {
    if (!isMatrixEncoding(encodingOf(element))) throw otherForm(encodingName(element));
    return writeSparse(await openSparse(store, element), rows, true, sink);
  }
  const isBoolean = element.element === "boolean";
  if ((element.element !== "number" && !isBoolean) || element.shape?.length !== 2)
    throw otherForm(encodingName(element));
  for (const length of element.shape) checkRows(rows, length);
  const n = rows.from.length;
  checkSize(n * n);
  const values = await pickBoth(element, rows);
  const shape = [n, n];
  if (isBoolean) writeBooleanArray(sink, `/${path}`, values as Uint8Array, shape);
  else writeArray(sink, `/${path}`, values, shape);
}

async function pickBoth(array: StoredArray, rows: NewRows): Promise<NumberArray> {
  const { from, nStored } = rows;
  const n = from.length;
  const placeOf = placesOf(rows);
  let picked: NumberArray | null = null;
  let first = 0;
  for await (const piece of pieces(array)) {
    const values = piece as NumberArray;
    if (picked === null) {
      picked = emptyLike(values, n * n);
      fillMissing(picked, 0, n * n);
    }
    const end = first + values.length / Math.max(nStored, 1);
    for (let row = first; row < end; row++) {
      const to = placeOf[row];
      if (to < 0) continue;
      for (let column = 0; column < n; column++)
        if (from[column] >= 0) picked[to * n + column] = values[(row - first) * nStored + from[column]];
    }
    first = end;
  }
  return picked ?? new Float32Array(n * n);
}

/**
 * A sparse matrix of its declared size. @throws LIMIT for more columns than positions of a CSR can address.
 */
async function openSparse(store: ArrayStore, group: StoredGroup): Promise<Matrix> {
  const [nRows = 0, nCols = 0] =
    integers(group.attribute("shape") ?? group.attribute("h5sparse_shape")) ?? [];
  if (nCols >= 2 ** 31)
    throw new AtlasmtlError("LIMIT", `it has ${nCols} columns; fewer than 2^31 are written`);
  const names = async (): Promise<readonly string[]> => [];
  const frame = { nRows, nCols, rowNames: names, columnNames: names };
  return openMatrix(store, group.path, group.path as MatrixName, frame);
}

/**
 * Selects rows, and with `isBoth` also columns, in two passes: the first counts the entries, the second
 * places them.
 */
async function writeSparse(matrix: Matrix, rows: NewRows, isBoth: boolean, sink: ElementSink): Promise<void> {
  const { from } = rows;
  checkRows(rows, matrix.nRows);
  if (isBoth) checkRows(rows, matrix.nCols);
  const rowOf = placesOf(rows);
  const columnAt = (column: number): number => (isBoth ? rowOf[column] : column);
  const indptr = new Uint32Array(from.length + 1);
  for await (const { firstRow, csr } of matrix.rows())
    for (let r = 0; r < csr.nRows; r++) {
      const to = rowOf[firstRow + r];
      if (to < 0) continue;
      for (let e = csr.indptr[r]; e < csr.indptr[r + 1]; e++)
        if (columnAt(csr.indices[e]) >= 0) indptr[to + 1]++;
    }
  const nKept = indptr.reduce((sum, n) => sum + n, 0);
  checkSize(nKept);
  for (let row = 0; row < from.length; row++) indptr[row + 1] += indptr[row];
  const indices = new Uint32Array(nKept);
  const data = new Float32Array(nKept);
  for await (const { firstRow, csr } of matrix.rows())
    for (let r = 0; r < csr.nRows; r++) {
      const to = rowOf[firstRow + r];
      if (to < 0) continue;
      const entries: [column: number, value: number][] = [];
      for (let e = csr.indptr[r]; e < csr.indptr[r + 1]; e++) {
        const column = columnAt(csr.indices[e]);
        if (column >= 0) entries.push([column, csr.data?.[e] ?? 1]);
      }
      entries.sort(([a], [b]) => a - b);
      entries.forEach(([column, value], i) => {
        indices[indptr[to] + i] = column;
        data[indptr[to] + i] = value;
      });
    }
  const nCols = isBoth ? from.length : matrix.nCols;
  writeCsr(sink, `/${matrix.name}`, { nRows: from.length, nCols, indptr, indices, data });
}

/** For each stored row its row in the output; -1 for none. */
function placesOf({ from, nStored }: NewRows): Int32Array {
  const places = new Int32Array(nStored).fill(-1);
  from.forEach((at, to) => {
    if (at >= 0) places[at] = to;
  });
  return places;
}

function emptyLike(values: NumberArray, length: number): NumberArray {
  return new (values.constructor as new (length: number) => NumberArray)(length);
}

function fillMissing(values: NumberArray, start: number, end: number): void {
  if (values instanceof Float32Array || values instanceof Float64Array) values.fill(Number.NaN, start, end);
}

function checkRows({ nStored }: NewRows, found: number): void {
  if (found !== nStored)
    throw new AtlasmtlError("BAD_DATA", `it has ${found} rows or columns; the dataset has ${nStored}`);
}

function checkSize(nValues: number): void {
  if (nValues > MAX_VALUES)
    throw new AtlasmtlError("LIMIT", `it has ${nValues} values; at most ${MAX_VALUES} are held`);
}

function otherForm(encoding: string): AtlasmtlError {
  return new AtlasmtlError("UNSUPPORTED", `it is stored as ${encoding}`);
}
