/** Decodes HDF5 datatypes and raw values. @module */
import type { Metadata } from "#h5wasm";
import { AtlasmtlError } from "../../errors.ts";
import type { AttributeValue, CompoundField, ElementKind, TypedAttribute } from "../array-store.ts";
import { halfToFloat32, type NumberArray } from "../number-arrays.ts";
import { hdf5Library } from "./library.ts";

/** HDF5's numbers of datatype classes. */
const INTEGER = 0;
const FLOAT = 1;
const STRING = 3;
const COMPOUND = 6;
const REFERENCE = 7;
const ENUM = 8;
const SEQUENCE = 9;
const ARRAY = 10;

const CLASS_NAMES: readonly string[] = [
  "integer",
  "float",
  "time",
  "string",
  "bitfield",
  "opaque",
  "compound",
  "reference",
  "enum",
  "variable-length sequence",
  "array",
];

/** The element kind of a datatype, and its numpy name. */
export function describeType(type: Metadata): { element: ElementKind; dtype: string } {
  const number = numberName(type);
  if (number !== null) return { element: "number", dtype: number };
  if (isBoolean(type)) return { element: "boolean", dtype: "bool" };
  if (type.type === STRING) return { element: "string", dtype: "str" };
  if (type.type === COMPOUND) return { element: "compound", dtype: complexName(type) ?? "compound" };
  const name = CLASS_NAMES[type.type] ?? "unknown";
  return {
    element: "other",
    dtype: type.type === FLOAT || type.type === INTEGER ? `${name}${type.size * 8}` : name,
  };
}

function numberName(type: Metadata): string | null {
  if (type.type === INTEGER && [1, 2, 4, 8].includes(type.size))
    return `${type.signed ? "int" : "uint"}${type.size * 8}`;
  return type.type === FLOAT && [2, 4, 8].includes(type.size) ? `float${type.size * 8}` : null;
}

/** h5py's complex numbers: two floats of one size named r and i. */
function complexName(type: Metadata): string | null {
  const members = type.compound_type?.members ?? [];
  if (members.map(({ name }) => name).join() !== "r,i") return null;
  const [real, imaginary] = members.map(numberName);
  if (real !== imaginary || (real !== "float32" && real !== "float64")) return null;
  return real === "float32" ? "complex64" : "complex128";
}

/** h5py's booleans: an enum of one byte with FALSE = 0 and TRUE = 1. */
function isBoolean(type: Metadata): boolean {
  const members = type.enum_type?.members;
  return (
    type.type === ENUM &&
    type.size === 1 &&
    members !== undefined &&
    Object.keys(members).length === 2 &&
    members.FALSE === 0 &&
    members.TRUE === 1
  );
}

/** True if raw values point into memory that the library must free. */
export function holdsPointers(type: Metadata): boolean {
  if (type.vlen || type.type === SEQUENCE) return true;
  if (type.array_type !== undefined) return holdsPointers(type.array_type);
  return type.compound_type?.members.some(holdsPointers) ?? false;
}

/** Numbers or booleans from little-endian bytes that start at the beginning of their buffer. */
export function decodeNumbers(bytes: Uint8Array<ArrayBuffer>, type: Metadata): NumberArray {
  const { buffer } = bytes;
  const n = bytes.length / type.size;
  if (type.type === ENUM) return type.size === 1 ? bytes : refuse(type);
  switch (numberName(type)) {
    case "int8":
      return new Int8Array(buffer, 0, n);
    case "uint8":
      return bytes;
    case "int16":
      return new Int16Array(buffer, 0, n);
    case "uint16":
      return new Uint16Array(buffer, 0, n);
    case "int32":
      return new Int32Array(buffer, 0, n);
    case "uint32":
      return new Uint32Array(buffer, 0, n);
    case "int64":
      return new BigInt64Array(buffer, 0, n);
    case "uint64":
      return new BigUint64Array(buffer, 0, n);
    case "float16":
      return halfToFloat32(new Uint16Array(buffer, 0, n));
    case "float32":
      return new Float32Array(buffer, 0, n);
    case "float64":
      return new Float64Array(buffer, 0, n);
    default:
      return refuse(type);
  }
}

function refuse(type: Metadata): never {
  throw new AtlasmtlError("UNSUPPORTED", `values of HDF5 type ${describeType(type).dtype} are not read`, {
    hint: "store them as integers, float16/32/64, booleans or strings",
  });
}

/** Strings from raw bytes: pointers into the library's memory, or fixed-length text. */
export function decodeStrings(bytes: Uint8Array<ArrayBuffer>, type: Metadata): string[] {
  const { UTF8ToString } = hdf5Library();
  if (type.type !== STRING) return refuse(type);
  if (type.vlen) return Array.from(new Uint32Array(bytes.buffer), (pointer) => UTF8ToString(pointer));
  const decoder = new TextDecoder();
  const result: string[] = [];
  for (let at = 0; at + type.size <= bytes.length; at += type.size) {
    const field = bytes.subarray(at, at + type.size);
    const zero = field.indexOf(0);
    const text = decoder.decode(zero < 0 ? field : field.subarray(0, zero));
    result.push(type.strpad === 2 ? text.replace(/ +$/, "") : text);
  }
  return result;
}

/** Bytes of a stored variable-length value: length, heap address, index. */
export const POINTER_BYTES = 16;

/**
 * A datatype as stored in the file. The library describes it as in memory, where a variable-length value is a
 * pointer and the following members have other offsets.
 */
export function storedType(type: Metadata): Metadata {
  if (type.vlen) return { ...type, size: POINTER_BYTES };
  if (type.compound_type === undefined) return type;
  let grown = 0;
  const members = type.compound_type.members
    .toSorted((a, b) => a.offset - b.offset)
    .map((member) => {
      const stored = { ...member, ...storedType(member), offset: member.offset + grown };
      grown += stored.size - member.size;
      return stored;
    });
  return { ...type, size: type.size + grown, compound_type: { ...type.compound_type, members } };
}

/** One member of compound values; `readTexts` decodes strings. */
export function decodeField(
  bytes: Uint8Array,
  type: Metadata,
  name: string,
  readTexts: (bytes: Uint8Array<ArrayBuffer>, type: Metadata) => string[] = decodeStrings,
): CompoundField {
  const member = type.compound_type?.members.find((candidate) => candidate.name === name);
  if (member === undefined) throw new AtlasmtlError("NOT_FOUND", `there is no field "${name}"`);
  const isArray = member.type === ARRAY && member.array_type !== undefined;
  const inner = isArray ? member.array_type! : member;
  const n = Math.floor(bytes.length / type.size);
  const column = new Uint8Array(n * member.size);
  for (let i = 0; i < n; i++) {
    const from = i * type.size + member.offset;
    column.set(bytes.subarray(from, from + member.size), i * member.size);
  }
  const { element, dtype } = describeType(inner);
  const values = element === "string" ? readTexts(column, inner) : decodeNumbers(column, inner);
  return { dtype, width: isArray ? member.size / inner.size : 1, values };
}

/** An attribute's value; undefined for an unsupported type. */
export function decodeAttribute(
  bytes: Uint8Array<ArrayBuffer>,
  type: Metadata,
  fileId: bigint,
): AttributeValue | undefined {
  const isScalar = type.shape?.length === 0;
  if (type.type === REFERENCE && type.ref_type === "object" && isScalar) {
    const path: unknown = hdf5Library().get_referenced_name(fileId, bytes, true);
    return typeof path === "string" ? { reference: path } : undefined;
  }
  const typed = decodeTypedAttribute(bytes, type);
  if (typed === undefined || !isScalar) return typed?.values;
  const [value] = typed.values;
  return typed.isBoolean ? value !== 0 : value;
}

/** As {@link decodeAttribute}, with its type and shape; also undefined for a reference. */
export function decodeTypedAttribute(
  bytes: Uint8Array<ArrayBuffer>,
  type: Metadata,
): TypedAttribute | undefined {
  const { element } = describeType(type);
  const isBoolean = element === "boolean";
  const shape = type.shape ?? [];
  if (element === "string") return { values: decodeStrings(bytes, type), isBoolean, shape };
  if (element !== "number" && !isBoolean) return undefined;
  return { values: decodeNumbers(bytes, type), isBoolean, shape };
}
