/**
 * Reads the metadata of Zarr groups and arrays, of format 2 and 3, into one form and checks them.
 *
 * Sources: the Zarr specifications, format 2 and 3; the data types that zarr-python 3 adds.
 * @module
 */

import { MAX_ARRAY_DIMENSIONS, MAX_JSON_BYTES, maxInflatedBytes } from "../../core/limits.ts";
import { AtlasmtlError } from "../../errors.ts";
import type { AttributeValue, ElementKind, TypedAttribute } from "../array-store.ts";
import { COMPRESSIONS, EXACT, GUARDED, TEXT, type TextConfig } from "./codecs.ts";

export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type JsonObject = { readonly [key: string]: Json };

/** One field of a compound element. */
export interface FieldLayout {
  readonly name: string;
  /** Bytes from the start of the element; undefined if a field has no fixed size. */
  readonly offset: number;
  readonly type: ElementType;
}

/** The description of an array. */
export interface ArrayMetadata {
  readonly shape: readonly number[];
  /** The shape of a chunk; for a sharded array, of the chunks inside a shard. */
  readonly chunks: readonly number[];
  readonly element: ElementKind;
  readonly dtype: string;
  /** For a compound array. */
  readonly fields: readonly FieldLayout[];
  readonly filters: readonly string[];
  /** Bytes of a decoded chunk; null for strings of any length. */
  readonly chunkBytes: number | null;
  /** Metadata of format 3 with only the parts that zarrita supports; a message if it cannot be read. */
  readonly document: JsonObject | string;
}

export interface NodeMetadata {
  readonly attributes: ReadonlyMap<string, Json>;
  /** Null for a group. */
  readonly array: ArrayMetadata | null;
}

const bad = (message: string): AtlasmtlError => new AtlasmtlError("BAD_FORMAT", message);

/** @throws BAD_FORMAT if it is not a JSON object, LIMIT for a huge file. */
export function parseJsonObject(bytes: Uint8Array, what: string): JsonObject {
  if (bytes.length > MAX_JSON_BYTES) throw new AtlasmtlError("LIMIT", `${what} has ${bytes.length} bytes`);
  let value: unknown;
  try {
    // Python writes NaN and Infinity into attributes and fill values, which are not valid JSON.
    value = JSON.parse(quoteSpecials(new TextDecoder("utf-8", { fatal: true }).decode(bytes)));
  } catch (cause) {
    throw new AtlasmtlError("BAD_FORMAT", `${what} is no JSON`, { cause });
  }
  return object(value as Json) ?? fail(`${what} is no JSON object`);
}

/** Quotes NaN, Infinity and -Infinity outside of strings. An unterminated string is scanned only once. */
function quoteSpecials(text: string): string {
  if (!/NaN|Infinity/.test(text)) return text;
  return text.replace(/"(?:[^"\\]|\\[\s\S])*(?:"|$)|-?\b(?:NaN|Infinity)\b/g, (found) =>
    found.startsWith('"') ? found : `"${found}"`,
  );
}

function fail(message: string): never {
  throw bad(message);
}

export function object(value: Json | undefined): JsonObject | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as JsonObject) : null;
}

const get = (from: JsonObject, key: string): Json | undefined =>
  Object.hasOwn(from, key) ? from[key] : undefined;

function attributesOf(value: Json | undefined): ReadonlyMap<string, Json> {
  return new Map(Object.entries(object(value) ?? {}));
}

/** Converts an attribute to the form of an array store; undefined if it has none. */
export function attributeValue(value: Json | undefined): AttributeValue | undefined {
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  if (!Array.isArray(value)) return undefined;
  if (value.every((item) => typeof item === "string")) return value as string[];
  return value.every((item) => typeof item === "number") ? Float64Array.from(value as number[]) : undefined;
}

/** As {@link attributeValue}, with its shape; JSON knows whole numbers, which become int64, and others. */
export function typedAttribute(value: Json | undefined): TypedAttribute | undefined {
  const shape: number[] = [];
  let flat: readonly Json[] = [value ?? null];
  for (; flat.length > 0 && flat.every(Array.isArray); flat = flat.flat()) {
    const [{ length }] = flat as readonly (readonly Json[])[];
    if (shape.length === MAX_ARRAY_DIMENSIONS || flat.some((list) => list.length !== length))
      return undefined;
    shape.push(length);
  }
  const isBoolean = flat.length > 0 && flat.every((item) => typeof item === "boolean");
  if (isBoolean) return { values: Uint8Array.from(flat, Number), isBoolean, shape };
  if (flat.length > 0 && flat.every((item) => typeof item === "string"))
    return { values: flat as readonly string[], isBoolean, shape };
  if (!flat.every((item) => typeof item === "number")) return undefined;
  const numbers = flat as readonly number[];
  const isWhole = numbers.length > 0 && numbers.every(Number.isSafeInteger);
  return {
    values: isWhole ? BigInt64Array.from(numbers, BigInt) : Float64Array.from(numbers),
    isBoolean,
    shape,
  };
}

/** Format 2: `.zarray` (or `.zgroup`) and `.zattrs`. @throws BAD_FORMAT. */
export function parseV2(array: JsonObject | null, attributes: JsonObject | null): NodeMetadata {
  const attrs = attributesOf(attributes ?? {});
  if (array === null) return { attributes: attrs, array: null };
  const shape = sizes(get(array, "shape"), "shape");
  const chunks = sizes(get(array, "chunks"), "chunks").map((n) => Math.max(n, 1));
  const type = typeV2(get(array, "dtype"));
  const filters = list(get(array, "filters")).map(codecV2);
  const compressor = get(array, "compressor");
  const compressors = object(compressor) === null ? [] : [codecV2(compressor!)];
  const before: Codec[] =
    get(array, "order") === "F" ? [{ name: "transpose", configuration: { order: "F" } }] : [];
  const isText = filters.some(({ name }) => name === "vlen-utf8");
  const middle = isText ? [] : [{ name: "bytes", configuration: { endian: type.isBig ? "big" : "little" } }];
  const separator = get(array, "dimension_separator") === "/" ? "/" : ".";
  return {
    attributes: attrs,
    array: describe({
      shape,
      chunks,
      type: isText && type.element === "other" ? TEXT_TYPE : type,
      codecs: [
        ...before,
        ...filters.filter(isArrayCodec),
        ...middle,
        ...filters.filter(isByteCodec),
        ...compressors,
      ],
      keys: { name: "v2", configuration: { separator } },
      fill: get(array, "fill_value") ?? null,
    }),
  };
}

const isArrayCodec = ({ name }: Codec): boolean => name !== "shuffle";
const isByteCodec = ({ name }: Codec): boolean => name === "shuffle";

/** Format 3: `zarr.json`. @throws BAD_FORMAT. */
export function parseV3(node: JsonObject): NodeMetadata {
  const attributes = attributesOf(get(node, "attributes"));
  if (get(node, "node_type") === "group") return { attributes, array: null };
  if (get(node, "node_type") !== "array") throw bad("zarr.json describes neither a group nor an array");
  const grid = object(get(node, "chunk_grid")) ?? {};
  if (get(grid, "name") !== "regular") throw bad(`the chunk grid is ${JSON.stringify(get(grid, "name"))}`);
  const keys = object(get(node, "chunk_key_encoding")) ?? {};
  if (!["default", "v2"].includes(String(get(keys, "name"))))
    throw bad(`the chunk key encoding is ${JSON.stringify(get(keys, "name"))}`);
  return {
    attributes,
    array: describe({
      shape: sizes(get(node, "shape"), "shape"),
      chunks: sizes(get(configurationOf(grid), "chunk_shape"), "chunk_shape").map((n) => Math.max(n, 1)),
      type: typeV3(get(node, "data_type")),
      codecs: list(get(node, "codecs")).map(codecV3),
      keys,
      fill: get(node, "fill_value") ?? null,
    }),
  };
}

interface Codec {
  readonly name: string;
  readonly configuration: JsonObject;
}

const configurationOf = (from: JsonObject): JsonObject => object(get(from, "configuration")) ?? {};

function codecV2(value: Json): Codec {
  const { id, ...configuration } = object(value) ?? fail("a codec is no object");
  return { name: String(id).replace(/^numcodecs\./, ""), configuration };
}

function codecV3(value: Json): Codec {
  if (typeof value === "string") return { name: value, configuration: {} };
  const codec = object(value) ?? fail("a codec is no object");
  return {
    name: String(get(codec, "name")).replace(/^numcodecs\./, ""),
    configuration: configurationOf(codec),
  };
}

function list(value: Json | undefined): readonly Json[] {
  return Array.isArray(value) ? value : [];
}

function sizes(value: Json | undefined, what: string): number[] {
  if (!Array.isArray(value)) throw bad(`${what} is no list`);
  if (value.length > MAX_ARRAY_DIMENSIONS) throw bad(`${what} has ${value.length} dimensions`);
  for (const n of value)
    if (!Number.isSafeInteger(n) || (n as number) < 0) throw bad(`${what} holds ${JSON.stringify(n)}`);
  return value as number[];
}

export interface ElementType {
  readonly element: ElementKind;
  readonly dtype: string;
  /** Bytes of one element; null for strings of any length. */
  readonly size: number | null;
  readonly isBig: boolean;
  readonly fields: readonly FieldLayout[];
}

const NUMBER_SIZES: ReadonlyMap<string, number> = new Map([
  ["int8", 1],
  ["uint8", 1],
  ["int16", 2],
  ["uint16", 2],
  ["int32", 4],
  ["uint32", 4],
  ["int64", 8],
  ["uint64", 8],
  ["float16", 2],
  ["float32", 4],
  ["float64", 8],
]);

const V2_KINDS: Readonly<Record<string, string>> = { i: "int", u: "uint", f: "float" };

const TEXT_TYPE: ElementType = { element: "string", dtype: "str", size: null, isBig: false, fields: [] };

const fixedText = (size: number, isBig: boolean): ElementType => ({ ...TEXT_TYPE, size, isBig });

const otherType = (dtype: string): ElementType => ({
  element: "other",
  dtype,
  size: 1,
  isBig: false,
  fields: [],
});

function typeV2(value: Json | undefined): ElementType {
  if (Array.isArray(value)) return compound(value.map((field) => fieldV2(list(field))));
  const match = /^([<>|=])([a-zA-Z])(\d*)(.*)$/.exec(String(value));
  if (match === null) throw bad(`the data type is ${JSON.stringify(value)}`);
  const [, order, kind, digits, rest] = match;
  const size = Number(digits);
  const isBig = order === ">";
  if (kind === "b" && size === 1) return { element: "boolean", dtype: "bool", size: 1, isBig, fields: [] };
  if (kind === "U" && rest === "") return fixedText(4 * size, isBig);
  if (kind === "S" && rest === "") return { ...fixedText(size, isBig), dtype: "bytes" };
  if (kind === "O") return otherType("object");
  if (kind === "c" && (size === 8 || size === 16)) return complex(size, isBig);
  const dtype = `${V2_KINDS[kind] ?? kind}${8 * size}`;
  return NUMBER_SIZES.has(dtype) ? number(dtype, isBig) : otherType(String(value));
}

function typeV3(value: Json | undefined): ElementType {
  const extension = object(value);
  const name = String(extension === null ? value : get(extension, "name"));
  const configuration = extension === null ? {} : configurationOf(extension);
  if (name === "bool") return { element: "boolean", dtype: "bool", size: 1, isBig: false, fields: [] };
  if (name === "string") return TEXT_TYPE;
  if (NUMBER_SIZES.has(name)) return number(name, false);
  if (name === "complex64" || name === "complex128") return complex(name === "complex64" ? 8 : 16, false);
  const length = Number(get(configuration, "length_bytes"));
  if (name === "fixed_length_utf32" && Number.isSafeInteger(length)) return fixedText(length, false);
  if (["null_terminated_bytes", "fixed_length_ascii"].includes(name) && Number.isSafeInteger(length))
    return { ...fixedText(length, false), dtype: "bytes" };
  if (name === "structured" || name === "struct")
    return compound(list(get(configuration, "fields")).map(fieldV3));
  return otherType(name);
}

const number = (dtype: string, isBig: boolean): ElementType => ({
  element: "number",
  dtype,
  size: NUMBER_SIZES.get(dtype)!,
  isBig,
  fields: [],
});

/** Complex numbers as records of their two parts. */
function complex(size: 8 | 16, isBig: boolean): ElementType {
  const part = number(`float${4 * size}`, isBig);
  return { ...compound(["r", "i"].map((name) => [name, part])), dtype: `complex${8 * size}` };
}

type NamedType = readonly [name: string, type: ElementType];

/** A field that is an array has a third member, its shape. */
const fieldV2 = ([name, type, shape]: readonly Json[]): NamedType => [
  String(name),
  shape === undefined ? typeV2(type) : otherType("array"),
];

/** zarr-python 3.1 writes pairs, later versions objects. */
function fieldV3(field: Json): NamedType {
  const pair = list(field);
  const named = object(field) ?? {};
  return pair.length === 2
    ? [String(pair[0]), typeV3(pair[1])]
    : [String(get(named, "name")), typeV3(get(named, "data_type"))];
}

/** Consecutive fields without padding; no size if one of them is unsupported. */
function compound(members: readonly NamedType[]): ElementType {
  let offset = 0;
  const fields = members.map(([name, type]): FieldLayout => {
    const at = offset;
    offset += type.size ?? 0;
    return { name, offset: at, type };
  });
  const isRead = members.every(
    ([, { element, size }]) =>
      size !== null && (element === "number" || element === "boolean" || element === "string"),
  );
  return { element: "compound", dtype: "compound", size: isRead ? offset : null, isBig: false, fields };
}

interface Parts {
  readonly shape: readonly number[];
  readonly chunks: readonly number[];
  readonly type: ElementType;
  readonly codecs: readonly Codec[];
  readonly keys: JsonObject;
  readonly fill: Json;
}

function describe({ shape, chunks, type, codecs, keys, fill }: Parts): ArrayMetadata {
  if (chunks.length !== shape.length)
    throw bad(`the array has ${shape.length} dimensions and its chunks ${chunks.length}`);
  const shards = codecs.length === 1 && codecs[0].name === "sharding_indexed" ? codecs[0] : null;
  const inner =
    shards === null
      ? chunks
      : sizes(get(shards.configuration, "chunk_shape"), "chunk_shape").map((n) => Math.max(n, 1));
  if (inner.length !== shape.length || inner.some((n, i) => chunks[i] % n !== 0))
    throw bad(`shards of [${chunks.join(", ")}] cannot hold chunks of [${inner.join(", ")}]`);
  const innerCodecs = shards === null ? codecs : list(get(shards.configuration, "codecs")).map(codecV3);
  const size = type.size;
  const chunkBytes = size === null ? null : inner.reduce((product, n) => product * n, size);
  const common = { shape, chunks: inner, element: type.element, fields: type.fields, chunkBytes };
  const dtype = type.element === "string" ? "str" : type.dtype;
  const names = innerCodecs.map(({ name }) => name);
  const read = (): JsonObject | string => {
    if (type.element === "compound" && type.size === null)
      return `a compound data type with ${type.fields.map((field) => `${field.name}: ${field.type.dtype}`).join(", ")}`;
    if (type.element === "other")
      return `data type ${type.dtype}${type.dtype === "object" ? " (pickled objects)" : ""}`;
    if (type.dtype === "float16" && typeof fill === "number" && fill !== 0)
      return `a fill value of ${fill} in float16`;
    const pipeline = guardCodecs(innerCodecs, type, chunkBytes);
    if (typeof pipeline === "string") return pipeline;
    if (shards !== null && get(shards.configuration, "index_location") === "start")
      return "a shard index at the start";
    return {
      zarr_format: 3,
      node_type: "array",
      shape,
      data_type: isText(type) ? "string" : storedType(type),
      chunk_grid: { name: "regular", configuration: { chunk_shape: chunks } },
      chunk_key_encoding: keys,
      codecs:
        shards === null
          ? pipeline
          : [
              {
                name: "sharding_indexed",
                configuration: {
                  chunk_shape: inner,
                  codecs: pipeline,
                  index_codecs: get(shards.configuration, "index_codecs") ?? [],
                },
              },
            ],
      fill_value: fillOf(type, fill),
      attributes: {},
    };
  };
  return { ...common, dtype, filters: shards === null ? names : ["sharding", ...names], document: read() };
}

/** zarrita does not treat strings, and elements that are returned as bytes, as numbers. */
const isText = ({ element }: ElementType): boolean => element === "string" || element === "compound";

/** Booleans are read as bytes, float16 as its bits. */
const storedType = ({ dtype }: ElementType): string =>
  dtype === "bool" ? "uint8" : dtype === "float16" ? "uint16" : dtype;

/** Replaces the compressing codecs by guarded ones; a message that names an unknown codec. */
function guardCodecs(
  codecs: readonly Codec[],
  type: ElementType,
  chunkBytes: number | null,
): JsonObject[] | string {
  const before: JsonObject[] = [];
  const after: JsonObject[] = [];
  let middle: JsonObject | null = null;
  const asText = isText(type);
  for (const { name, configuration } of codecs) {
    if (name === "transpose") before.push({ name, configuration });
    else if (name === "delta" && !asText) before.push({ name: "numcodecs.delta", configuration });
    else if (name === "vlen-utf8" && asText) middle = text({ storage: "vlen", width: 0 });
    else if (name === "bytes") {
      const isBig = type.isBig || configuration.endian === "big";
      middle = asText ? fixed(type, isBig) : { name, configuration: { endian: isBig ? "big" : "little" } };
    } else if (name === "crc32c") after.push({ name, configuration });
    else if (name === "shuffle") after.push({ name: "numcodecs.shuffle", configuration });
    else if (COMPRESSIONS.includes(name))
      after.push({
        name: GUARDED,
        configuration: { name, configuration, maxBytes: maxChunkBytes(chunkBytes) },
      });
    else return `codec "${name}"`;
  }
  if (middle === null)
    return asText ? "strings that are stored in another way than vlen-utf8" : "no bytes codec";
  // Codecs are decoded from last to first, so this one gets the decoded chunk.
  const check = chunkBytes === null ? [] : [{ name: EXACT, configuration: { bytes: chunkBytes } }];
  return [...before, middle, ...check, ...after];
}

const text = (configuration: TextConfig): JsonObject => ({ name: TEXT, configuration: { ...configuration } });

function fixed(type: ElementType, isBig: boolean): JsonObject {
  const width = type.size ?? 0;
  if (type.element === "compound") return text({ storage: "rows", width });
  return text({ storage: type.dtype === "bytes" ? "bytes" : isBig ? "utf32be" : "utf32le", width });
}

/** Allowance for the headers of nested compressions; strings have no known size. */
export function maxChunkBytes(chunkBytes: number | null): number {
  return chunkBytes === null ? maxInflatedBytes(0) : 2 * chunkBytes + (1 << 18);
}

/** The value of elements without a chunk. */
function fillOf(type: ElementType, fill: Json): Json {
  if (isText(type)) return typeof fill === "string" && type.size === null ? fill : "";
  if (type.dtype === "bool") return fill === true || fill === 1 ? 1 : 0;
  if (type.dtype === "float16") return halfBits(fill);
  if (typeof fill === "number") return fill;
  return typeof fill === "string" && /^(NaN|-?Infinity)$/.test(fill) ? fill : 0;
}

function halfBits(fill: Json): number {
  if (fill === "NaN") return 0x7e00;
  if (fill === "Infinity") return 0x7c00;
  if (fill === "-Infinity") return 0xfc00;
  return 0; // other values have been refused before
}
