/** Opens X, layers and raw.X: finds the storage and checks that its parts belong together. @module */
import { AtlasmtlError, locate, option, phrase } from "../../errors.ts";
import type { ArrayStore, StoredArray } from "../../formats/array-store.ts";
import { toFloat64 } from "../../formats/number-arrays.ts";
import type { Matrix, MatrixName } from "../types.ts";
import type { EntryProblem } from "./canonical-csr.ts";
import {
  encodingOf,
  integers,
  openArray,
  openExisting,
  type StoredElement,
  unknownEncoding,
} from "./element-encodings.ts";
import { type MatrixArrays, streamRows } from "./rows.ts";
import { storedSource } from "./sequential-array.ts";

/** Every matrix encoding that is read. Untagged names are those of `encodingOf`. */
const STORAGES: ReadonlyMap<string, Matrix["storage"]> = new Map([
  ["csr_matrix@0.1.0", "csr"],
  ["csc_matrix@0.1.0", "csc"],
  ["array@0.2.0", "dense"],
  ["(number array)", "dense"],
  ["(boolean array)", "dense"],
  ["(h5sparse csr)", "csr"],
  ["(h5sparse csc)", "csc"],
]);

/** True for an element that {@link openMatrix} can open. */
export const isMatrixEncoding = (encoding: string): boolean => STORAGES.has(encoding);

/** The expected size of a matrix, and the names of its rows and columns for messages. */
export interface MatrixFrame {
  readonly nRows: number;
  readonly nCols: number;
  readonly rowNames: () => Promise<readonly string[]>;
  readonly columnNames: () => Promise<readonly string[]>;
}

/**
 * Opens the matrix stored at `path`.
 * @throws NOT_FOUND if it is missing, UNSUPPORTED for another encoding, BAD_DATA for inconsistent parts.
 */
export async function openMatrix(
  store: ArrayStore,
  path: string,
  name: MatrixName,
  frame: MatrixFrame,
): Promise<Matrix> {
  const where = `${store.name} › ${name}`;
  try {
    return matrixOf({ name, where, ...(await openStorage(store, path, frame)), frame });
  } catch (error) {
    throw locate(error, where);
  }
}

/** How a matrix of the size of `frame` is stored. @throws like {@link openMatrix}. */
export async function openStorage(
  store: ArrayStore,
  path: string,
  frame: Pick<MatrixFrame, "nRows" | "nCols">,
): Promise<Pick<MatrixParts, "dtype" | "nStored" | "arrays">> {
  const element = await openExisting(store, path);
  const storage = STORAGES.get(encodingOf(element)) ?? unknownEncoding(element, "a matrix");
  const [nRows, nCols] = shapeOf(element);
  if (nRows !== frame.nRows || nCols !== frame.nCols) throw otherShape([nRows, nCols], frame);
  if (element.kind === "array") {
    if (element.element !== "number" && element.element !== "boolean")
      return unknownEncoding(element, "a matrix");
    const arrays: MatrixArrays = { storage: "dense", values: storedSource(element) };
    return { dtype: element.dtype, nStored: null, arrays };
  }
  const data = await openVector(store, `${path}/data`);
  const indices = await openVector(store, `${path}/indices`);
  const nStored = lengthOf(data);
  if (lengthOf(indices) !== nStored)
    throw new AtlasmtlError("BAD_DATA", `data holds ${nStored} values and indices ${lengthOf(indices)}`);
  const indptr = await openVector(store, `${path}/indptr`);
  const [n, other] = storage === "csr" ? [nRows, nCols] : [nCols, nRows];
  if (lengthOf(indptr) === other + 1 && n !== other) throw otherStorage(storage, n, other);
  const starts = await readStarts(indptr, n, nStored);
  const arrays: MatrixArrays = {
    storage: storage === "csc" ? "csc" : "csr",
    starts,
    data: storedSource(data),
    indices: storedSource(indices),
  };
  return { dtype: data.dtype, nStored, arrays };
}

const lengthOf = (array: StoredArray): number => array.shape?.[0] ?? 0;

function shapeOf(element: StoredElement): readonly [number, number] {
  const shape =
    element.kind === "array"
      ? element.shape
      : integers(element.attribute("shape") ?? element.attribute("h5sparse_shape"));
  if (shape?.length === 2) return [shape[0], shape[1]];
  throw new AtlasmtlError(
    "BAD_FORMAT",
    `a matrix has two dimensions; this one has ${shape?.length ?? "no shape"}`,
  );
}

async function openVector(store: ArrayStore, path: string): Promise<StoredArray> {
  const array = await openArray(store, path);
  if (array.shape?.length === 1 && (array.element === "number" || array.element === "boolean")) return array;
  return unknownEncoding(array, "part of a sparse matrix");
}

function otherShape([nRows, nCols]: readonly [number, number], frame: Pick<MatrixFrame, "nRows" | "nCols">) {
  const isSwapped = nRows === frame.nCols && nCols === frame.nRows;
  return new AtlasmtlError(
    "BAD_DATA",
    `the matrix is ${nRows} × ${nCols}; obs and var ask for ${frame.nRows} × ${frame.nCols}${isSwapped ? ": most likely it is transposed, genes by cells" : ""}`,
    isSwapped
      ? { hint: "store its transpose, in Python: adata = anndata.AnnData(X.T, obs=obs, var=var)" }
      : {},
  );
}

function otherStorage(storage: Matrix["storage"], n: number, other: number): AtlasmtlError {
  const is = storage === "csr" ? "csc" : "csr";
  return new AtlasmtlError(
    "BAD_DATA",
    `indptr has ${other + 1} entries, expected ${n + 1}: most likely the matrix is ${is.toUpperCase()} and was written as ${storage.toUpperCase()}`,
    {
      hint: `write it as what it is, in Python: adata.X = scipy.sparse.${is}_matrix((data, indices, indptr), shape=shape)`,
    },
  );
}

function overflowed(i: number, at: number, dtype: string): AtlasmtlError {
  return new AtlasmtlError(
    "BAD_DATA",
    `indptr is ${at} at entry ${i}: most likely a number beyond 2^31 - 1 overflowed in ${dtype}`,
    { hint: "write the matrix again from its source with an indptr of int64" },
  );
}

/** @throws BAD_DATA if indptr does not ascend from 0 to the number of stored entries. */
export async function readStarts(array: StoredArray, n: number, nStored: number): Promise<Float64Array> {
  if (lengthOf(array) !== n + 1)
    throw new AtlasmtlError("BAD_DATA", `indptr has ${lengthOf(array)} entries, expected ${n + 1}`);
  return checkStarts(toFloat64(await array.readNumbers()), n, nStored, array.dtype);
}

/** @throws as {@link readStarts}. */
export function checkStarts(starts: Float64Array, n: number, nStored: number, dtype: string): Float64Array {
  if (starts.length !== n + 1)
    throw new AtlasmtlError("BAD_DATA", `indptr has ${starts.length} entries, expected ${n + 1}`);
  for (let i = 0; i <= n; i++) {
    const at = starts[i];
    if (at < 0) throw overflowed(i, at, dtype);
    if (i === 0 ? at !== 0 : !(at >= starts[i - 1]))
      throw new AtlasmtlError("BAD_DATA", `indptr does not rise: entry ${i} is ${at}`);
  }
  if (starts[n] !== nStored)
    throw new AtlasmtlError("BAD_DATA", `indptr ends at ${starts[n]}; ${nStored} values are stored`);
  return starts;
}

export interface MatrixParts {
  readonly name: MatrixName;
  readonly where: string;
  readonly dtype: string;
  readonly nStored: number | null;
  readonly arrays: MatrixArrays;
  readonly frame: MatrixFrame;
  /** True if reading any rows means reading all before them; matrices of ranges always are so. */
  readonly isSequential?: boolean;
}

/** A matrix from its parts; every storage gives equal rows. */
export function matrixOf(parts: MatrixParts): Matrix {
  const { name, where, arrays, frame } = parts;
  const { nRows, nCols } = frame;
  const entryName = async (row: number, column: number): Promise<string> => {
    // Unreadable names must not hide the original message.
    const [cells, genes] = await Promise.all([
      frame.rowNames().catch(() => []),
      frame.columnNames().catch(() => []),
    ]);
    const gene = genes[column] === undefined ? `column ${column}` : `gene "${genes[column]}"`;
    return `${gene} of ${cells[row] === undefined ? `row ${row}` : `cell "${cells[row]}"`}`;
  };
  return {
    name,
    nRows,
    nCols,
    storage: arrays.storage,
    dtype: parts.dtype,
    nStored: parts.nStored,
    ...("ranges" in arrays || parts.isSequential === true
      ? { isSequential: true }
      : { nearestChunk: (row) => nearestChunk(arrays, row) }),
    entryName,
    async *rows(options) {
      const problems: EntryProblem[] = [];
      const report = (problem: EntryProblem): never => {
        problems.push(problem);
        throw new AtlasmtlError("BAD_DATA", "an entry cannot be used");
      };
      try {
        yield* streamRows({ nRows, nCols, arrays, report }, options);
      } catch (error) {
        const problem = problems[0];
        if (problem === undefined) throw locate(error, where);
        const entry = await entryName(problem.row, problem.column);
        throw new AtlasmtlError("BAD_DATA", describeProblem(problem, entry, frame, arrays.storage), {
          where,
          hint:
            problem.kind === "value"
              ? phrase`replace missing and infinite values before mapping, or choose another ${option("layer")}`
              : "the file is damaged; write it again from its source",
        });
      }
    },
  };
}

/** Of sparse rows the one whose first entry is next to the beginning of a chunk of entries. */
function nearestChunk(arrays: Exclude<MatrixArrays, { ranges: unknown }>, row: number): number {
  if (arrays.storage === "csc") return row;
  const { chunkRows, nRows } = arrays.storage === "dense" ? arrays.values : arrays.data;
  if (chunkRows === null) return row;
  const nearest = (at: number): number => Math.min(Math.round(at / chunkRows) * chunkRows, nRows);
  if (arrays.storage === "dense") return nearest(row);
  const { starts } = arrays;
  const entry = nearest(starts[row]);
  let [low, high] = [0, starts.length - 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (starts[middle] < entry) low = middle + 1;
    else high = middle;
  }
  return low > 0 && entry - starts[low - 1] < starts[low] - entry ? low - 1 : low;
}

function describeProblem(
  problem: EntryProblem,
  entry: string,
  frame: MatrixFrame,
  storage: Matrix["storage"],
): string {
  if (problem.kind === "value")
    return `${entry} is ${problem.value} (NaN, infinite or beyond float32); finite values are expected`;
  return storage === "csc"
    ? `column ${problem.column} has a row number outside 0 to ${frame.nRows - 1}`
    : `row ${problem.row} has a column number outside 0 to ${frame.nCols - 1}`;
}
