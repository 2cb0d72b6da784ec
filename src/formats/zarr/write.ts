/**
 * Writes Zarr hierarchies of format 3, or of format 2 when adding to one.
 *
 * Elements stay in memory until {@link ZarrWriter.settle}; chunks of growing arrays are written as they fill.
 * Metadata are written last. Chunks are whole rows, compressed with zstd.
 * @module
 */
import { AtlasmtlError } from "../../errors.ts";
import type { TypedAttribute } from "../array-store.ts";
import type { ElementWriter } from "../element-writer.ts";
import { type NumberArray, numpyName } from "../number-arrays.ts";
import { emitVlen, loadZarrita } from "./codecs.ts";
import type { Json } from "./metadata.ts";
import { packRecords, type RecordType, recordsFit, typeV2, typeV3 } from "./records.ts";

/** Approximate number of values per chunk: one or two megabytes. */
const CHUNK_VALUES = 1 << 18;
const CHUNK_STRINGS = 1 << 16;
const ZSTD_LEVEL = 3;

/** Takes one file of a hierarchy. */
export type WriteKey = (key: string, bytes: Uint8Array) => Promise<void>;

/** The element type of an array: a numpy name, `bool`, or `str`. */
export type ZarrType = keyof typeof V2_TYPES | "str";

type ElementType = ZarrType | RecordType;

/** An array whose length is not known in advance. */
export interface GrowingZarrArray {
  /** Whole rows. */
  append(values: NumberArray | readonly string[]): Promise<void>;
  finish(): Promise<void>;
}

export interface ZarrWriter extends ElementWriter {
  /** Rows of `rowShape` (empty for a vector) under `path`. */
  grow(path: string, type: ZarrType, rowShape?: readonly number[]): GrowingZarrArray;
  /** Writes the values in memory; attributes may still change. */
  settle(): Promise<void>;
  /** Writes the rest and the metadata; the writer cannot be used afterwards. */
  finish(): Promise<void>;
}

/** numpy's type codes, which format 2 uses. */
const V2_TYPES = {
  bool: "|b1",
  int8: "|i1",
  uint8: "|u1",
  int16: "<i2",
  uint16: "<u2",
  int32: "<i4",
  uint32: "<u4",
  int64: "<i8",
  uint64: "<u8",
  float32: "<f4",
  float64: "<f8",
  complex64: "<c8",
  complex128: "<c16",
} as const;

/** Values of an array for each of its elements: the two parts of a complex number, the bytes of a record. */
function valuesPerElement(type: ElementType): number {
  if (typeof type === "object") return type.size;
  return type.startsWith("complex") ? 2 : 1;
}

interface PendingArray {
  readonly type: ElementType;
  readonly shape: readonly number[];
  /** Null after they are written. */
  values: NumberArray | readonly string[] | null;
  readonly chunks: readonly number[];
}

interface Node {
  readonly attributes: Map<string, Json>;
  array: PendingArray | null;
}

/** A writer of `format`; nothing is written twice. */
export function zarrWriter(write: WriteKey, format: 2 | 3 = 3): ZarrWriter {
  const nodes = new Map<string, Node>();
  const keyOf = (path: string): string => path.replace(/^\/+/, "");
  const put = (path: string, array: PendingArray | null): void => {
    nodes.set(keyOf(path), { attributes: new Map(), array });
  };
  const putArray = (
    path: string,
    type: ElementType,
    values: NumberArray | readonly string[],
    shape: readonly number[],
  ): void => put(path, { type, shape, values, chunks: chunksOf(shape, type) });

  const writeChunk = async (
    path: string,
    type: ElementType,
    at: readonly number[],
    values: NumberArray | readonly string[],
    size: number,
  ): Promise<void> => write(chunkKey(path, at, format), await encodeChunk(type, values, size));

  const settle = async (): Promise<void> => {
    for (const [path, { array }] of nodes) {
      if (array === null || array.values === null) continue;
      await writeChunks(path, array, array.values, writeChunk);
      array.values = null;
    }
  };

  return {
    createGroup: (path) => put(path, null),
    writeNumbers: (path, values, shape) => putArray(path, numpyName(values) as ZarrType, values, shape),
    writeBooleans: (path, values, shape) => putArray(path, "bool", values, shape),
    writeStrings: (path, values, shape) => putArray(path, "str", values, shape),
    writeComplex: (path, parts, shape) =>
      putArray(path, parts instanceof Float32Array ? "complex64" : "complex128", parts, shape),
    takesRecords: recordsFit,
    writeRecords(path, fields, shape) {
      const { type, bytes } = packRecords(fields);
      putArray(path, type, bytes, shape);
    },
    writeNull(path) {
      put(path, { type: "bool", shape: [], values: Uint8Array.of(0), chunks: [] });
    },
    setAttribute(path, name, value) {
      const node = nodes.get(keyOf(path)) ?? (path === "/" ? newRoot(nodes) : undefined);
      if (node === undefined) throw new AtlasmtlError("BUG", `an attribute of "${path}" before the element`);
      node.attributes.set(name, attributeJson(value));
    },
    grow(path, type, rowShape = []) {
      const width = rowShape.reduce((product, n) => product * n, 1);
      const chunkRows = rowsOfChunk(width, type);
      let rows = 0;
      let held: (NumberArray | readonly string[])[] = [];
      let heldRows = 0;
      const node: Node = { attributes: new Map(), array: null };
      nodes.set(keyOf(path), node);
      const emit = async (isLast: boolean): Promise<void> => {
        // A single chunk is as long as the array.
        const size = isLast && rows === 0 ? heldRows : chunkRows;
        await writeChunk(
          keyOf(path),
          type,
          [rows / chunkRows, ...rowShape.map(() => 0)],
          joined(held),
          size * width,
        );
        rows += heldRows;
        held = [];
        heldRows = 0;
      };
      return {
        async append(values) {
          const n = width === 0 ? 0 : values.length / width;
          for (let at = 0; at < n; ) {
            const take = Math.min(n - at, chunkRows - heldRows);
            held.push(values.slice(at * width, (at + take) * width));
            heldRows += take;
            at += take;
            if (heldRows === chunkRows) await emit(false);
          }
        },
        async finish() {
          const isSingle = rows === 0;
          const single = Math.max(heldRows, 1);
          if (heldRows > 0) await emit(true);
          const shape = [rows, ...rowShape];
          const chunks = [isSingle ? single : chunkRows, ...rowShape.map((n) => Math.max(n, 1))];
          node.array = { type, shape, values: null, chunks };
        },
      };
    },
    settle,
    async finish() {
      await settle();
      for (const [path, { array, attributes }] of nodes)
        for (const [name, document] of documentsOf(array, attributes, format))
          await write(path === "" ? name : `${path}/${name}`, emitJson(document));
    },
  };
}

function attributeJson(value: Parameters<ElementWriter["setAttribute"]>[2]): Json {
  if (ArrayBuffer.isView(value)) return Array.from(value as Int32Array, Number);
  if (typeof value !== "object" || !("isBoolean" in value)) return value;
  const { values, isBoolean, shape } = value as TypedAttribute;
  let nested: readonly Json[] = Array.from(values as ArrayLike<string | number>, (item) =>
    isBoolean ? item !== 0 : typeof item === "bigint" ? Number(item) : item,
  );
  if (shape.length === 0) return nested[0];
  for (const size of shape.slice(1).reverse())
    nested = Array.from({ length: size === 0 ? 0 : nested.length / size }, (_, i) =>
      nested.slice(i * size, (i + 1) * size),
    );
  return nested;
}

function newRoot(nodes: Map<string, Node>): Node {
  const root: Node = { attributes: new Map(), array: null };
  nodes.set("", root);
  return root;
}

/** JSON as bytes. */
export function emitJson(value: Json): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value, null, 2));
}

const rowsOfChunk = (width: number, type: ElementType): number =>
  Math.max(1, Math.floor((type === "str" ? CHUNK_STRINGS : CHUNK_VALUES) / Math.max(width, 1)));

/** Whole rows; an empty dimension has chunks of one. */
function chunksOf(shape: readonly number[], type: ElementType): number[] {
  const width = shape.slice(1).reduce((product, n) => product * n, 1);
  return shape.map((n, axis) => Math.max(1, axis === 0 ? Math.min(n, rowsOfChunk(width, type)) : n));
}

async function writeChunks(
  path: string,
  { type, shape, chunks }: PendingArray,
  values: NumberArray | readonly string[],
  writeChunk: (
    path: string,
    type: ElementType,
    at: readonly number[],
    values: NumberArray | readonly string[],
    size: number,
  ) => Promise<void>,
): Promise<void> {
  const perElement = valuesPerElement(type);
  if (shape.length === 0) return writeChunk(path, type, [], values, perElement);
  if (values.length === 0) return;
  const size = chunks.reduce((product, n) => product * n, perElement);
  for (let at = 0; at * size < values.length; at++)
    await writeChunk(
      path,
      type,
      [at, ...shape.slice(1).map(() => 0)],
      values.slice(at * size, (at + 1) * size),
      size,
    );
}

function chunkKey(path: string, at: readonly number[], format: 2 | 3): string {
  const name = format === 3 ? ["c", ...at].join("/") : at.length === 0 ? "0" : at.join(".");
  return `${path}/${name}`;
}

function joined(parts: readonly (NumberArray | readonly string[])[]): NumberArray | readonly string[] {
  if (parts.length === 1) return parts[0];
  const [first] = parts;
  if (!ArrayBuffer.isView(first)) return parts.flatMap((part) => [...(part as readonly string[])]);
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const result = new (first.constructor as new (length: number) => NumberArray)(length);
  let at = 0;
  for (const part of parts) {
    result.set(part as never, at);
    at += part.length;
  }
  return result;
}

/** The last chunk is padded to the size of the others. */
async function encodeChunk(
  type: ElementType,
  values: NumberArray | readonly string[],
  size: number,
): Promise<Uint8Array> {
  if (type === "str") {
    const strings = values as readonly string[];
    return compress(emitVlen([...strings, ...new Array<string>(size - strings.length).fill("")]));
  }
  const numbers = values as NumberArray;
  const bytes = new Uint8Array(size * numbers.BYTES_PER_ELEMENT);
  bytes.set(new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength));
  return compress(bytes);
}

async function compress(bytes: Uint8Array): Promise<Uint8Array> {
  const { registry } = await loadZarrita();
  const entry = await registry.get("zstd")?.();
  if (entry === undefined) throw new AtlasmtlError("BUG", "there is no codec zstd");
  const codec = entry.fromConfig({ level: ZSTD_LEVEL }, UNUSED) as unknown as {
    encode(bytes: Uint8Array): Promise<Uint8Array>;
  };
  return codec.encode(bytes);
}

const UNUSED = { dataType: "uint8" as const, shape: [], codecs: [], fillValue: 0 };

function fillOf(type: ElementType): Json {
  if (typeof type === "object") return btoa("\0".repeat(type.size));
  if (type.startsWith("complex")) return [0, 0];
  return type === "str" ? "" : type === "bool" ? false : 0;
}

function documentsOf(
  array: PendingArray | null,
  attributes: ReadonlyMap<string, Json>,
  format: 2 | 3,
): [name: string, document: Json][] {
  const attrs = Object.fromEntries(attributes);
  if (format === 2) {
    const node: [string, Json] =
      array === null ? [".zgroup", { zarr_format: 2 }] : [".zarray", documentV2(array)];
    return attributes.size === 0 ? [node] : [node, [".zattrs", attrs]];
  }
  if (array === null) return [["zarr.json", { attributes: attrs, zarr_format: 3, node_type: "group" }]];
  const { type, shape, chunks } = array;
  const isByte = typeof type === "string" && ["bool", "int8", "uint8"].includes(type);
  const first: Json =
    type === "str"
      ? { name: "vlen-utf8", configuration: {} }
      : { name: "bytes", ...(isByte ? {} : { configuration: { endian: "little" } }) };
  const document = {
    shape,
    data_type: typeof type === "object" ? typeV3(type) : type === "str" ? "string" : type,
    chunk_grid: { name: "regular", configuration: { chunk_shape: chunks } },
    chunk_key_encoding: { name: "default", configuration: { separator: "/" } },
    fill_value: fillOf(type),
    codecs: [first, { name: "zstd", configuration: { level: ZSTD_LEVEL, checksum: false } }],
    attributes: attrs,
    zarr_format: 3,
    node_type: "array",
    storage_transformers: [],
  };
  return [["zarr.json", document]];
}

function documentV2({ type, shape, chunks }: PendingArray): Json {
  return {
    zarr_format: 2,
    shape,
    chunks,
    dtype: typeof type === "object" ? typeV2(type) : type === "str" ? "|O" : V2_TYPES[type],
    compressor: { id: "zstd", level: ZSTD_LEVEL },
    // numpy's zero, where JSON has no form for it that every reader takes.
    fill_value: valuesPerElement(type) === 1 ? fillOf(type) : null,
    order: "C",
    filters: type === "str" ? [{ id: "vlen-utf8" }] : null,
  };
}
