/**
 * Reads the arrays of HDF5 files: raw into the library's memory, a piece at a time, then copied out.
 * @module
 */
import { AtlasmtlError } from "../errors.ts";
import type { CompoundField, StoredArray } from "./array-store.ts";
import { callHdf5, type H5Module, hdf5Library, withMemory } from "./hdf5-library.ts";
import { decodeField, decodeNumbers, decodeStrings, describeType, holdsPointers } from "./hdf5-values.ts";
import { MAX_ARRAY_VALUES } from "./limits.ts";
import type { NumberArray } from "./number-arrays.ts";

/** Filters that the library undoes by itself: deflate, shuffle, fletcher32, nbit, scale-offset. */
const BUILT_IN_FILTERS: readonly number[] = [1, 2, 3, 5, 6];

const FILTER_NAMES: ReadonlyMap<number, string> = new Map([
  [1, "gzip"],
  [2, "shuffle"],
  [3, "fletcher32"],
  [4, "szip"],
  [5, "nbit"],
  [6, "scaleoffset"],
  [307, "bzip2"],
  [32000, "lzf"],
  [32001, "blosc"],
  [32004, "lz4"],
  [32008, "bitshuffle"],
  [32013, "zfp"],
  [32015, "zstd"],
  [32026, "blosc2"],
]);

/** Bytes of one piece, and of one compressed chunk at most; the library's limit is 2 GiB. */
const PIECE_BYTES = 1 << 26;
const MAX_PIECE_BYTES = 1 << 30;

/** Strings of one piece: the library holds the text of all of them at once. */
const PIECE_STRINGS = 1 << 20;

/** What an array and a group have in common. */
export type Attributes = Pick<StoredArray, "path" | "attributeNames" | "attribute">;

type ArrayType = ReturnType<H5Module["get_dataset_metadata"]>;

/**
 * The array at the absolute `path` of an open file; `checkOpen` throws once that is closed.
 * @throws BAD_FORMAT when its description is damaged.
 */
export function openArray(
  fileId: bigint,
  path: string,
  attributes: Attributes,
  checkOpen: () => void,
): StoredArray {
  const h5 = hdf5Library();
  const type = callHdf5(`"${path}" cannot be opened`, () => h5.get_dataset_metadata(fileId, path));
  const filters = callHdf5(`the filters of "${path}" cannot be listed`, () =>
    h5.get_dataset_filters(fileId, path),
  );
  const { shape } = type;
  const nRows = shape === null ? 0 : (shape[0] ?? 1);
  const rowBytes = shape === null ? 0 : shape.slice(1).reduce((size, n) => size * n, type.size);

  /** Hands out the bytes of rows `start` to `end` in pieces, with the row that each begins at. */
  const readPieces = (
    start: number,
    end: number,
    take: (bytes: Uint8Array<ArrayBuffer>, from: number) => void,
  ): void => {
    checkOpen();
    refuseFilters(filters, attributes.path);
    if (shape === null)
      throw new AtlasmtlError("UNSUPPORTED", "the array is empty (null)", { where: attributes.path });
    if (((end - start) * rowBytes) / type.size > MAX_ARRAY_VALUES)
      throw new AtlasmtlError("LIMIT", `more than ${MAX_ARRAY_VALUES} values are declared`, {
        where: attributes.path,
      });
    if (rowBytes === 0) return;
    for (let from = start; from < end; ) {
      const at = from;
      const to = Math.min(pieceEnd(type, rowBytes, from), end);
      readPiece(fileId, path, type, from, to, (bytes) => take(bytes, at));
      from = to;
    }
  };

  return {
    kind: "array",
    ...attributes,
    ...describeType(type),
    shape,
    chunks: type.chunks,
    fields: type.compound_type?.members.map(({ name }) => name) ?? [],
    filters: filters.map(({ id, name }) => FILTER_NAMES.get(id) ?? name),
    async readNumbers(start = 0, end = nRows) {
      let result: NumberArray | null = null;
      readPieces(start, end, (bytes, from) => {
        const part = decodeNumbers(bytes, type);
        const rowValues = rowBytes / type.size;
        const total = (end - start) * rowValues;
        if (part.length === total) result = part;
        else {
          result ??= allocateLike(part, total, attributes.path);
          result.set(part as never, (from - start) * rowValues);
        }
      });
      return result ?? decodeNumbers(new Uint8Array(0), type);
    },
    async readStrings(start = 0, end = nRows) {
      const result: string[] = [];
      readPieces(start, end, (bytes) => {
        for (const text of decodeStrings(bytes, type)) result.push(text);
      });
      return result;
    },
    async readField(name) {
      const parts: CompoundField[] = [];
      readPieces(0, nRows, (bytes) => parts.push(decodeField(bytes, type, name)));
      return parts.length === 0 ? decodeField(new Uint8Array(0), type, name) : joinFields(parts);
    },
  };
}

/** Where the piece that begins at a row ends: whole chunks, so that none is undone twice. */
function pieceEnd(type: ArrayType, rowBytes: number, from: number): number {
  const rows = holdsPointers(type) ? PIECE_STRINGS : Math.max(1, Math.floor(PIECE_BYTES / rowBytes));
  const chunkRows = type.chunks?.[0] ?? 1;
  const whole = Math.floor((from + rows) / chunkRows) * chunkRows;
  if (whole > from) return whole;
  return chunkRows * rowBytes <= MAX_PIECE_BYTES ? whole + chunkRows : from + rows;
}

/** Reads rows `from` to `to` and hands them to `take` while what they point to is still there. */
function readPiece(
  fileId: bigint,
  path: string,
  type: ArrayType,
  from: number,
  to: number,
  take: (bytes: Uint8Array<ArrayBuffer>) => void,
): void {
  const h5 = hdf5Library();
  const shape = type.shape ?? [];
  const count = shape.length === 0 ? null : [to - from, ...shape.slice(1)].map(BigInt);
  const offset = count && shape.map((_, axis) => BigInt(axis === 0 ? from : 0));
  const stride = count && shape.map(() => 1n);
  const size = (count ?? []).reduce((product, n) => product * Number(n), type.size);
  callHdf5(`rows ${from} to ${to} of "${path}" cannot be read`, () =>
    withMemory(size, (address) => {
      const at = BigInt(address);
      const status = h5.get_dataset_data(fileId, path, count, offset, stride, at);
      if (status < 0) throw new Error(`the library returned ${status}`);
      take(h5.HEAPU8.slice(address, address + size));
      if (!holdsPointers(type)) return;
      if (count === null) h5.reclaim_vlen_memory(fileId, path, "", at);
      else h5.reclaim_vlen_memory_count(fileId, path, "", at, count);
    }),
  );
}

function allocateLike(part: NumberArray, length: number, where: string): NumberArray {
  try {
    return new (part.constructor as new (length: number) => NumberArray)(length);
  } catch (error) {
    throw new AtlasmtlError("LIMIT", `${length} values do not fit the memory`, { where, cause: error });
  }
}

function joinFields(parts: readonly CompoundField[]): CompoundField {
  const { dtype, width, values } = parts[0]!;
  if (parts.length === 1) return parts[0]!;
  if (!ArrayBuffer.isView(values))
    return { dtype, width, values: parts.flatMap((part) => part.values as readonly string[]) };
  const total = parts.reduce((sum, part) => sum + part.values.length, 0);
  const joined = allocateLike(values, total, dtype);
  let at = 0;
  for (const part of parts) {
    joined.set(part.values as never, at);
    at += part.values.length;
  }
  return { dtype, width, values: joined };
}

function refuseFilters(filters: readonly { id: number; name: string }[], path: string): void {
  const unknown = filters.find(({ id }) => !BUILT_IN_FILTERS.includes(id));
  if (unknown === undefined) return;
  const name = FILTER_NAMES.get(unknown.id) ?? unknown.name;
  throw new AtlasmtlError("UNSUPPORTED", `the data are compressed with ${name}, which is not built in`, {
    where: path,
    hint: `rewrite the file with gzip, in Python: anndata.read_h5ad(path).write_h5ad(new_path, compression="gzip")`,
  });
}
