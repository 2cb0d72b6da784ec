/** Reads the arrays of a Zarr hierarchy in ranges of rows. @module */
import type { AsyncReadable, DataType, Array as OpenArray } from "zarrita";
import { MAX_ARRAY_VALUES } from "../../core/limits.ts";
import { AtlasmtlError, changed } from "../../errors.ts";
import type { CompoundField, StoredArray } from "../array-store.ts";
import { halfToFloat32, type NumberArray, STORED_TYPES as TYPES } from "../number-arrays.ts";
import { fixedText, loadZarrita } from "./codecs.ts";
import { checkKeyBytes, type KeyStore } from "./key-store.ts";
import { type ArrayMetadata, type FieldLayout, maxChunkBytes } from "./metadata.ts";

/** Maximum size of a chunk in bytes; a chunk is in memory as a whole. */
const MAX_CHUNK_BYTES = 1 << 30;

/** Maximum number of chunks per read: each is a request or a file. */
const MAX_CHUNKS = 1 << 18;

/** The common part of arrays and groups. */
export type Attributes = Pick<StoredArray, "path" | "attributeNames" | "attribute" | "typedAttribute">;

/** The array whose chunks are in `keys` below its path; `checkOpen` throws once the store is closed. */
export function zarrArray(
  keys: KeyStore,
  attributes: Attributes,
  metadata: ArrayMetadata,
  checkOpen: () => void,
): StoredArray {
  const { path } = attributes;
  const { shape, chunks, element, dtype } = metadata;
  const nRows = shape[0] ?? 1;
  const rowValues = shape.slice(1).reduce((product, n) => product * n, 1);
  let opened: Promise<OpenArray<DataType>> | null = null;

  const read = async (
    wanted: "numbers" | "strings" | "fields",
    start: number,
    end: number,
  ): Promise<unknown> => {
    checkOpen();
    const { document } = metadata;
    if (typeof document === "string")
      throw new AtlasmtlError("UNSUPPORTED", `the array holds ${document}, which is not read`, {
        where: path,
        hint: "store this element in a plain encoding, or leave it out",
      });
    if (wanted !== (element === "string" ? "strings" : element === "compound" ? "fields" : "numbers"))
      throw new AtlasmtlError("UNSUPPORTED", `the array holds ${dtype}, not ${wanted}`, { where: path });
    checkSizes(metadata, end - start, rowValues, path);
    try {
      const zarr = await loadZarrita();
      opened ??= zarr.open.v3(chunkStore(keys, path, metadata, document), { kind: "array" });
      const array = await opened;
      if (shape.length === 0) return (await array.getChunk([])).data;
      if (end <= start || rowValues === 0) return null;
      const result = await zarr.get(array, [zarr.slice(start, end), ...shape.slice(1).map(() => null)]);
      return inRowOrder(result as RawChunk);
    } catch (error) {
      throw asOurs(error, path);
    }
  };

  return {
    kind: "array",
    ...attributes,
    element,
    dtype,
    shape,
    chunks,
    fields: metadata.fields.map(({ name }) => name),
    filters: metadata.filters.length === 0 ? ["bytes"] : metadata.filters,
    async readNumbers(start = 0, end = nRows) {
      const data = await read("numbers", start, end);
      const values = data === null ? new (TYPES.get(dtype) ?? Uint8Array)(0) : (data as NumberArray);
      return dtype === "float16" ? halfToFloat32(values as Uint16Array) : values;
    },
    async readStrings(start = 0, end = nRows) {
      return ((await read("strings", start, end)) ?? []) as string[];
    },
    async readField(name) {
      const field = metadata.fields.find((each) => each.name === name);
      if (field === undefined)
        throw new AtlasmtlError("NOT_FOUND", `there is no field "${name}"`, { where: path });
      const rows = ((await read("fields", 0, nRows)) ?? []) as (Uint8Array | string)[];
      return decodeField(field, rows);
    },
  };
}

/** @throws LIMIT for a read of too many bytes or chunks. */
function checkSizes(metadata: ArrayMetadata, rows: number, rowValues: number, where: string): void {
  const { chunks, chunkBytes, shape } = metadata;
  if (rows * rowValues > MAX_ARRAY_VALUES)
    throw new AtlasmtlError("LIMIT", `more than ${MAX_ARRAY_VALUES} values are declared`, { where });
  const size = chunkBytes ?? chunks.reduce((product, n) => product * n, 4);
  if (size > MAX_CHUNK_BYTES)
    throw new AtlasmtlError(
      "LIMIT",
      `a chunk of [${chunks.join(", ")}] has ${size} bytes; at most ${MAX_CHUNK_BYTES}`,
      {
        where,
        hint: "write the array in smaller chunks",
      },
    );
  const touched = shape.reduce(
    (product, n, axis) => product * Math.ceil((axis === 0 ? rows : n) / chunks[axis]),
    1,
  );
  if (touched > MAX_CHUNKS)
    throw new AtlasmtlError(
      "LIMIT",
      `${touched} chunks would have to be read at once; at most ${MAX_CHUNKS}`,
      {
        where,
        hint: "write the array in larger chunks",
      },
    );
}

/** The store for zarrita: the checked metadata, and chunks. */
function chunkStore(
  keys: KeyStore,
  path: string,
  { chunkBytes }: ArrayMetadata,
  document: object,
): AsyncReadable {
  // Data that are compressed twice may have grown twice.
  const mostBytes = 2 * maxChunkBytes(chunkBytes);
  const description = new TextEncoder().encode(JSON.stringify(document));
  const full = (key: string): string => (path === "" ? key.slice(1) : `${path}${key}`);
  return {
    get: async (key) => (key === "/zarr.json" ? description : keys.get(full(key), mostBytes)),
    getRange(key, range) {
      if ("suffixLength" in range) return keys.getRange(full(key), { suffix: range.suffixLength });
      checkKeyBytes(full(key), range.length, mostBytes);
      return keys.getRange(full(key), { start: range.offset, end: range.offset + range.length });
    },
  };
}

interface RawChunk {
  readonly data: NumberArray | string[];
  readonly shape: readonly number[];
  readonly stride: readonly number[];
}

/** Transposes chunks that are stored column-major. */
function inRowOrder({ data, shape, stride }: RawChunk): NumberArray | string[] {
  const rowMajor = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, n) => product * n, 1));
  if (rowMajor.every((step, axis) => step === stride[axis] || shape[axis] === 1)) return data;
  const total = shape.reduce((product, n) => product * n, 1);
  const result = Array.isArray(data) ? new Array<string>(total) : data.slice();
  for (let i = 0; i < total; i++) {
    let from = 0;
    for (let axis = 0; axis < shape.length; axis++)
      from += (Math.floor(i / rowMajor[axis]) % shape[axis]) * stride[axis];
    (result as unknown[])[i] = data[from];
  }
  return result;
}

/** Adds the array's path to an error of zarrita, or of ours inside it. */
function asOurs(error: unknown, where: string): unknown {
  for (let at: unknown = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++)
    if (at instanceof AtlasmtlError) {
      return at.where === undefined ? changed(at, { where }) : at;
    }
  return new AtlasmtlError("BAD_FORMAT", `the array cannot be read: ${(error as Error).message}`, {
    where,
    hint: "the data are damaged; copy them again",
    cause: error,
  });
}

/** One field of elements given as bytes; an element without a chunk is an empty string or zero. */
function decodeField({ offset, type }: FieldLayout, rows: readonly (Uint8Array | string)[]): CompoundField {
  const size = type.size ?? 0;
  const part = (row: Uint8Array | string): Uint8Array =>
    typeof row === "string" ? new Uint8Array(size) : row.subarray(offset, offset + size);
  if (type.element === "string") {
    const storage = type.dtype === "bytes" ? "bytes" : type.isBig ? "utf32be" : "utf32le";
    return { dtype: "str", width: 1, values: rows.map((row) => fixedText(part(row), storage)) };
  }
  const bytes = new Uint8Array(rows.length * size);
  for (const [i, row] of rows.entries())
    bytes.set(type.isBig ? part(row).slice().reverse() : part(row), i * size);
  const stored = type.dtype === "bool" ? "uint8" : type.dtype;
  const values = new (TYPES.get(stored) ?? Uint8Array)(bytes.buffer);
  return {
    dtype: type.dtype,
    width: 1,
    values: type.dtype === "float16" ? halfToFloat32(values as Uint16Array) : values,
  };
}
