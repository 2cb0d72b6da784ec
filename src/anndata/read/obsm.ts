/** Reads coordinates (obsm): arrays, tables and sparse matrices become dense float32. @module */
import type { DenseMatrix } from "../../core/dense.ts";
import { maxArrayBytes } from "../../core/limits.ts";
import { AtlasmtlError } from "../../errors.ts";
import type { ArrayStore, StoredArray, StoredGroup } from "../../formats/array-store.ts";
import { type NumberArray, toFloat32 } from "../../formats/number-arrays.ts";
import type { EntryProblem } from "./canonical-csr.ts";
import { openDataFrame } from "./dataframe.ts";
import { encodingName, encodingOf, integers } from "./element-encodings.ts";
import { isMatrixEncoding, openStorage } from "./matrix.ts";
import { streamRows } from "./rows.ts";

/** Bytes of a stored entry of a sparse matrix: its column and its value. */
const ENTRY_BYTES = 8;

/**
 * The coordinates at `obsm/key` for `nObs` cells. Of a table, the numeric columns are used, in order, with
 * NaN for missing values.
 * @throws BAD_DATA for another number of rows, or if it is not numeric and two-dimensional, LIMIT for a
 * sparse matrix that is too large for memory when dense.
 */
export async function readObsm(store: ArrayStore, key: string, nObs: number): Promise<DenseMatrix> {
  const table = await store.open("obsm");
  const found =
    table?.kind === "array" ? await readOldTable(table, key) : await readElement(store, `obsm/${key}`);
  if (found.nRows !== nObs)
    throw new AtlasmtlError("BAD_DATA", `it has ${found.nRows} rows; there are ${nObs} cells`);
  return found;
}

/** A field of the compound table that holds obsm before anndata 0.7. */
async function readOldTable(table: StoredArray, key: string): Promise<DenseMatrix> {
  const { values, width, dtype } = await table.readField(key);
  if (!ArrayBuffer.isView(values)) throw noNumbers(`${dtype} values`);
  return { nRows: table.shape?.[0] ?? 0, nCols: width, data: toFloat32(values as NumberArray) };
}

async function readElement(store: ArrayStore, path: string): Promise<DenseMatrix> {
  const element = await store.open(path);
  if (element?.kind === "array") return readArray(element);
  if (element === null) throw noNumbers("nothing");
  const encoding = encodingOf(element);
  if (encoding.startsWith("dataframe@")) return readTable(store, path);
  if (isMatrixEncoding(encoding)) return readSparse(store, path, element);
  throw noNumbers(encodingName(element));
}

async function readArray(array: StoredArray): Promise<DenseMatrix> {
  const { shape, dtype } = array;
  if (shape?.length !== 2 || array.element !== "number")
    throw noNumbers(`${dtype} of ${shape === null ? "no shape" : `shape [${shape.join(", ")}]`}`);
  return { nRows: shape[0], nCols: shape[1], data: toFloat32(await array.readNumbers()) };
}

async function readTable(store: ArrayStore, path: string): Promise<DenseMatrix> {
  const frame = await openDataFrame(store, path);
  const columns: Float64Array[] = [];
  for (const name of frame.columns) {
    const column = await frame.column(name);
    if (column.kind !== "number") continue;
    const { values, missing } = column;
    columns.push(missing === null ? values : values.map((value, i) => (missing[i] ? Number.NaN : value)));
  }
  if (columns.length === 0) throw noNumbers("a table without columns of numbers");
  const [nRows, nCols] = [frame.length, columns.length];
  const data = new Float32Array(nRows * nCols);
  for (const [c, values] of columns.entries())
    for (let row = 0; row < nRows; row++) data[row * nCols + c] = values[row];
  return { nRows, nCols, data };
}

async function readSparse(store: ArrayStore, path: string, group: StoredGroup): Promise<DenseMatrix> {
  const [nRows = 0, nCols = 0] = integers(group.attribute("shape")) ?? [];
  const { nStored, arrays } = await openStorage(store, path, { nRows, nCols });
  const bytes = 4 * nRows * nCols;
  if (bytes > maxArrayBytes(ENTRY_BYTES * (nStored ?? 0)))
    throw new AtlasmtlError(
      "LIMIT",
      `it is sparse, ${nRows} × ${nCols} with ${nStored} entries, and would take ${bytes} bytes when dense`,
    );
  const data = new Float32Array(nRows * nCols);
  for await (const { firstRow, csr } of streamRows({ nRows, nCols, arrays, report: refuseEntry }))
    for (let row = 0; row < csr.nRows; row++)
      for (let e = csr.indptr[row]; e < csr.indptr[row + 1]; e++)
        data[(firstRow + row) * nCols + csr.indices[e]] = csr.data?.[e] ?? 1;
  return { nRows, nCols, data };
}

function refuseEntry({ kind, row, column }: EntryProblem): never {
  const what = kind === "value" ? "is no finite float32" : "lies outside the matrix";
  throw new AtlasmtlError("BAD_DATA", `the entry at row ${row}, column ${column} ${what}`);
}

const noNumbers = (got: string): AtlasmtlError =>
  new AtlasmtlError("BAD_DATA", `an array of numbers in two dimensions is expected; got ${got}`, {
    hint: "store it as a dense array, a sparse matrix or a table with columns of numbers",
  });
