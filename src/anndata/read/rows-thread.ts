/**
 * The code of a thread that makes rows of the chunks of a CSR matrix. scripts/build-kernels.mjs makes a text of it, with all that it
 * imports, which `threaded-rows.ts` starts.
 * @module
 */
import type { FileReader } from "../../core/threads.ts";
import type { StoredChunks } from "../../formats/array-store.ts";
import { decodeChunk } from "../../formats/hdf5/decode-chunk.ts";
import {
  halfToFloat32,
  type NumberArray,
  STORED_TYPES,
  toFloat32,
  toInt32,
} from "../../formats/number-arrays.ts";
import { canonicalCsr } from "./canonical-csr.ts";

/** Values `from` to `to` of a vector, with the chunks that hold them. */
export interface VectorPart extends StoredChunks {
  readonly from: number;
  readonly to: number;
  /** The number of the first of the chunks. */
  readonly firstChunk: number;
}

/** Rows to make. */
export interface RowsTask {
  readonly id: number;
  readonly nCols: number;
  /** Where each row begins and the last one ends, from 0 on. */
  readonly starts: Float64Array;
  readonly columns: VectorPart;
  readonly values: VectorPart;
  /** Memory of rows that nobody uses any more. */
  readonly memory: readonly ArrayBuffer[];
}

/** Rows as `Csr` has them. */
export interface MadeRows {
  readonly indptr: Uint32Array<ArrayBuffer>;
  readonly indices: Uint16Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;
  readonly data: Float32Array<ArrayBuffer>;
}

type Reply = (message: unknown, transfer: readonly ArrayBuffer[]) => void;

/** Makes the rows of a task and replies; a failure is told without its reason. */
export function makeRows(task: RowsTask, reply: Reply, files: FileReader): void {
  let made: MadeRows;
  try {
    made = rowsOf(task, files);
  } catch {
    reply({ id: task.id, result: null }, []);
    return;
  }
  reply({ id: task.id, result: made }, [made.indptr.buffer, made.indices.buffer, made.data.buffer]);
}

/** The stored columns of the last task, whose memory the next one uses. */
let scratch = new ArrayBuffer(0);

function rowsOf({ nCols, starts, columns, values, memory }: RowsTask, files: FileReader): MadeRows {
  const nRows = starts.length - 1;
  const free = [...memory];
  const room = (bytes: number): ArrayBuffer => {
    const at = free.findIndex((buffer) => buffer.byteLength >= bytes);
    return at < 0 ? new ArrayBuffer(bytes + (bytes >> 3)) : free.splice(at, 1)[0];
  };
  const columnBytes = (columns.to - columns.from) * columns.form.elementBytes;
  if (scratch.byteLength < columnBytes) scratch = new ArrayBuffer(columnBytes + (columnBytes >> 3));
  const rowColumns = toInt32(readVector(columns, scratch, files));
  const valueBytes = (values.to - values.from) * values.form.elementBytes;
  const rowValues = toFloat32(readVector(values, room(valueBytes), files));
  const refuse = (): never => {
    throw new Error("an entry cannot be used");
  };
  const csr = canonicalCsr(nRows, nCols, starts, rowColumns, rowValues, refuse, room);
  return { indptr: csr.indptr, indices: csr.indices, data: csr.data } as MadeRows;
}

/** The values of a part, in `memory`. */
function readVector(part: VectorPart, memory: ArrayBuffer, files: FileReader): NumberArray {
  const { path, dtype, chunkLength, form, from, to, firstChunk, at, bytes, skipped } = part;
  const width = form.elementBytes;
  const result = new Uint8Array(memory, 0, (to - from) * width);
  for (let i = 0; i < at.length; i++) {
    const start = (firstChunk + i) * chunkLength;
    const [first, end] = [Math.max(from, start), Math.min(to, start + chunkLength)];
    const chunk = decodeChunk(files.read(path, at[i], bytes[i]), skipped[i], form, files.inflate);
    if (chunk.length !== form.size) throw new Error("a chunk of another size");
    result.set(chunk.subarray((first - start) * width, (end - start) * width), (first - from) * width);
  }
  if (dtype === "bool") return result;
  const Type = STORED_TYPES.get(dtype) as new (b: ArrayBuffer, at: number, n: number) => NumberArray;
  const values = new Type(memory, 0, to - from);
  return dtype === "float16" ? halfToFloat32(values as Uint16Array) : values;
}
