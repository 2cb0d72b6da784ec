/**
 * Reads the arrays of HDF5 files: raw bytes are read into the library's memory, piece by piece, and copied
 * out.
 * @module
 */

import { ARRAY_ALLOWANCE, MAX_ARRAY_VALUES, maxArrayBytes } from "../../core/limits.ts";
import type { ScratchBuffer } from "../../core/scratch-buffer.ts";
import { AtlasmtlError } from "../../errors.ts";
import type { CompoundField, StoredArray } from "../array-store.ts";
import type { NumberArray } from "../number-arrays.ts";
import { type ChunkedArray, locateChunks, openChunked } from "./chunks.ts";
import { LZF } from "./decode-chunk.ts";
import { filterName, prepareFilters, refusedFilter } from "./filters.ts";
import { asDamaged } from "./layout.ts";
import { callHdf5, fileSystem, type H5Module, hdf5Library, headerAddress, withMemory } from "./library.ts";
import {
  decodeField,
  decodeNumbers,
  decodeStrings,
  describeType,
  holdsPointers,
  storedType,
} from "./values.ts";

/** Maximum size of a piece and of a compressed chunk; the library's limit is 2 GiB. */
const PIECE_BYTES = 1 << 25;
const MAX_PIECE_BYTES = 1 << 30;

/** Strings of one piece; the library holds the text of all of them at once. */
const PIECE_STRINGS = 1 << 17;

/** The common part of arrays and groups. */
export type Attributes = Pick<StoredArray, "path" | "attributeNames" | "attribute" | "typedAttribute">;

type ArrayType = ReturnType<H5Module["get_dataset_metadata"]>;

/**
 * The array at the absolute `path` of an open file, which the library knows as `filePath`; `checkOpen` throws
 * once the file is closed.
 * @throws BAD_FORMAT if its description is damaged.
 */
export function openArray(
  fileId: bigint,
  filePath: string,
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

  /** Passes on the bytes of rows `start` to `end` in pieces, with the first row of each. */
  const readPieces = (
    start: number,
    end: number,
    take: (bytes: Uint8Array<ArrayBuffer>, from: number) => void,
    scratch?: ScratchBuffer,
  ): void => {
    checkOpen();
    if (shape === null)
      throw new AtlasmtlError("UNSUPPORTED", "the array is empty (null)", { where: attributes.path });
    if (((end - start) * rowBytes) / type.size > MAX_ARRAY_VALUES)
      throw new AtlasmtlError("LIMIT", `more than ${MAX_ARRAY_VALUES} values are declared`, {
        where: attributes.path,
      });
    if (rowBytes === 0) return;
    const chunkBytes = (type.chunks ?? []).reduce(
      (size, n) => size * n,
      type.chunks === null ? 0 : type.size,
    );
    checkArrayBytes(Math.max((end - start) * rowBytes, chunkBytes), filePath, attributes.path);
    const chunked = ownReader();
    if (chunked === null) prepareFilters(filters, attributes.path);
    for (let from = start; from < end; ) {
      const at = from;
      const to = Math.min(pieceEnd(type, rowBytes, from), end);
      try {
        if (chunked !== null) take(chunked.readRows(at, to), at);
        else readPiece(fileId, path, type, from, to, scratch, (bytes) => take(bytes, at));
      } catch (error) {
        throw asDamaged(error, `rows ${at} to ${to} of "${path}" cannot be read`);
      }
      from = to;
    }
  };

  const partsOf = (of: readonly number[]) => ({
    path: filePath,
    header: callHdf5(`"${path}" cannot be found`, () => headerAddress(fileId, path)),
    shape: of,
    elementBytes: storedType(type).size,
    filters: filters.map(({ id }) => id),
  });
  let found: ChunkedArray | null | undefined;
  /** The reader of an lzf array, which does not use the library; null for other arrays. */
  const ownReader = (): ChunkedArray | null => {
    if (found === undefined) {
      const lzf = filters.find(({ id }) => id === LZF);
      found = null;
      if (lzf !== undefined && shape !== null && isPlain(type)) found = openChunked(partsOf(shape));
      if (found === null && lzf !== undefined && holdsPointers(type))
        throw refusedFilter(lzf, "which is read for text only in HDF5's oldest layout", attributes.path);
    }
    return found;
  };

  /** Decodes the strings of {@link readPieces}; a hostile file may refer to one long text a million times. */
  const textReader = (): ((bytes: Uint8Array<ArrayBuffer>, stored: ArrayType) => string[]) => {
    let total = 0;
    return (bytes, stored) => {
      const own = stored.vlen && shape !== null ? ownReader() : null;
      const texts = own === null ? decodeStrings(bytes, stored) : own.readStrings(bytes);
      total += texts.reduce((sum, { length }) => sum + length, 0);
      // Memory overhead of a string.
      checkArrayBytes(2 * total, filePath, attributes.path);
      return texts;
    };
  };

  const described = describeType(type);
  return {
    kind: "array",
    ...attributes,
    ...described,
    isFixedText: described.element === "string" && !type.vlen,
    shape,
    chunks: type.chunks,
    fields: type.compound_type?.members.map(({ name }) => name) ?? [],
    filters: filters.map(filterName),
    async readNumbers(start = 0, end = nRows, scratch) {
      let result: NumberArray | null = null;
      readPieces(
        start,
        end,
        (bytes, from) => {
          const part = decodeNumbers(bytes, type);
          const rowValues = rowBytes / type.size;
          const total = (end - start) * rowValues;
          if (part.length === total) result = part;
          else {
            result ??= allocateLike(part, total, attributes.path);
            result.set(part as never, (from - start) * rowValues);
          }
        },
        scratch,
      );
      return result ?? decodeNumbers(new Uint8Array(0), type);
    },
    async readStrings(start = 0, end = nRows) {
      const result: string[] = [];
      const texts = textReader();
      readPieces(start, end, (bytes) => {
        for (const text of texts(bytes, type)) result.push(text);
      });
      return result;
    },
    storedChunks() {
      checkOpen();
      const isNumber = described.element === "number" || described.element === "boolean";
      if (!isNumber || !type.littleEndian || type.chunks === null || shape === null) return null;
      return locateChunks(partsOf(shape), described.dtype);
    },
    async readField(name) {
      const parts: CompoundField[] = [];
      const texts = textReader();
      const layout = shape !== null && ownReader() !== null ? storedType(type) : type;
      readPieces(0, nRows, (bytes) => parts.push(decodeField(bytes, layout, name, texts)));
      return parts.length === 0 ? decodeField(new Uint8Array(0), layout, name) : joinFields(parts);
    },
  };
}

/** A file can declare an array of any size, so the size of one read is bounded by the size of the file. */
function checkArrayBytes(bytes: number, filePath: string, where: string): void {
  if (bytes <= ARRAY_ALLOWANCE) return;
  const { size } = fileSystem().stat(filePath);
  if (bytes > maxArrayBytes(size))
    throw new AtlasmtlError("LIMIT", `${bytes} bytes of values are declared in a file of ${size} bytes`, {
      where,
    });
}

/**
 * True for values with the same form in the file and in the library's memory, for strings, and for tables of
 * them.
 */
function isPlain(type: ArrayType): boolean {
  const { element } = describeType(type);
  if (type.compound_type !== undefined) return type.compound_type.members.every(isPlain);
  return element === "string" || ((element === "number" || element === "boolean") && type.littleEndian);
}

/** The end of the piece that begins at a row: pieces are whole chunks, so that none is decompressed twice. */
function pieceEnd(type: ArrayType, rowBytes: number, from: number): number {
  const isText = holdsPointers(type);
  const rows = isText ? PIECE_STRINGS : Math.max(1, Math.floor(PIECE_BYTES / rowBytes));
  const chunkRows = type.chunks?.[0] ?? 1;
  const whole = Math.floor((from + rows) / chunkRows) * chunkRows;
  if (whole > from) return whole;
  const fits = isText ? chunkRows <= PIECE_STRINGS : chunkRows * rowBytes <= MAX_PIECE_BYTES;
  return fits ? whole + chunkRows : from + rows;
}

/** Reads rows `from` to `to` and passes them to `take` while the memory that they point to is valid. */
function readPiece(
  fileId: bigint,
  path: string,
  type: ArrayType,
  from: number,
  to: number,
  scratch: ScratchBuffer | undefined,
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
      const bytes = h5.HEAPU8.subarray(address, address + size);
      if (scratch === undefined) take(bytes.slice());
      else {
        const copy = new Uint8Array(scratch(size), 0, size);
        copy.set(bytes);
        take(copy);
      }
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
  const { dtype, width, values } = parts[0];
  if (parts.length === 1) return parts[0];
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
