/**
 * Reads Thrift's compact protocol, the part that Parquet uses.
 *
 * Source: the Thrift compact protocol specification. Before memory of a declared length is allocated, the
 * bytes for it must exist.
 * @module
 */
import { AtlasmtlError } from "../../errors.ts";

export type ThriftValue = boolean | number | Uint8Array | readonly ThriftValue[] | ThriftStruct;
/** Values by the number of their field. */
export type ThriftStruct = ReadonlyMap<number, ThriftValue>;

/**
 * Maximum number of fields and elements of one structure; Parquet's metadata have a dozen per column of a row
 * group.
 */
const MAX_VALUES = 1 << 19;
/** Maximum nesting of structures; Parquet has six levels. */
const MAX_DEPTH = 16;

/** Bytes that are read in order; DataView throws beyond their end. */
export interface Cursor {
  readonly view: DataView;
  at: number;
}

/** A cursor at the start of `bytes`. */
export const cursorOf = (bytes: Uint8Array): Cursor => ({
  view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
  at: 0,
});

/** The next `length` bytes, not copied. @throws BAD_FORMAT if fewer are left. */
export function take(cursor: Cursor, length: number): Uint8Array {
  const { view, at } = cursor;
  if (!(length >= 0 && length <= view.byteLength - at))
    throw damaged(`${length} bytes are declared where ${view.byteLength - at} are left`);
  cursor.at = at + length;
  return new Uint8Array(view.buffer, view.byteOffset + at, length);
}

/** The error for bytes that do not follow the format. */
export const damaged = (message: string): AtlasmtlError =>
  new AtlasmtlError("BAD_FORMAT", message, { hint: "the file is damaged; write or copy it again" });

/** An unsigned number of 7 bits a byte, the lowest first; exact up to 2^53. @throws BAD_FORMAT beyond ten bytes. */
export function readVarint(cursor: Cursor): number {
  let value = 0;
  for (let scale = 1, bytes = 0; bytes < 10; bytes++, scale *= 128) {
    const byte = cursor.view.getUint8(cursor.at++);
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
  }
  throw damaged("a number has more than ten bytes");
}

/** Like {@link readVarint}, with the sign in the lowest bit. */
const readZigzag = (cursor: Cursor): number => {
  const value = readVarint(cursor);
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
};

/** Reads one structure and moves the cursor to its end. @throws BAD_FORMAT, LIMIT. */
export function readStruct(cursor: Cursor): ThriftStruct {
  let left = MAX_VALUES;
  const count = (n: number): void => {
    left -= n;
    if (left < 0) throw new AtlasmtlError("LIMIT", `the metadata have more than ${MAX_VALUES} values`);
  };
  return struct(cursor, 0, count);
}

function struct(cursor: Cursor, depth: number, count: (n: number) => void): ThriftStruct {
  if (depth > MAX_DEPTH) throw damaged(`the metadata are nested more than ${MAX_DEPTH} deep`);
  const fields = new Map<number, ThriftValue>();
  let id = 0;
  for (;;) {
    const head = cursor.view.getUint8(cursor.at++);
    if ((head & 15) === 0) return fields;
    count(1);
    id = head >> 4 === 0 ? readZigzag(cursor) : id + (head >> 4);
    fields.set(id, value(cursor, head & 15, depth, count));
  }
}

function value(cursor: Cursor, kind: number, depth: number, count: (n: number) => void): ThriftValue {
  switch (kind) {
    case 1:
      return true;
    case 2:
      return false;
    case 3:
      return cursor.view.getInt8(cursor.at++);
    case 4:
    case 5:
    case 6:
      return readZigzag(cursor);
    case 7:
      cursor.at += 8;
      return cursor.view.getFloat64(cursor.at - 8, true);
    case 8:
      return take(cursor, readVarint(cursor));
    case 9:
    case 10: {
      const head = cursor.view.getUint8(cursor.at++);
      const length = head >> 4 === 15 ? readVarint(cursor) : head >> 4;
      count(length);
      // In lists a boolean takes one byte.
      const kindOf = (head & 15) === 2 ? 1 : head & 15;
      const values: ThriftValue[] = [];
      for (let i = 0; i < length; i++)
        values.push(
          kindOf === 1 ? cursor.view.getUint8(cursor.at++) === 1 : value(cursor, kindOf, depth + 1, count),
        );
      return values;
    }
    case 12:
      return struct(cursor, depth + 1, count);
    default:
      throw damaged(`the metadata hold a value of kind ${kind}`);
  }
}

/** The structure in a field; null if absent. @throws BAD_FORMAT for another type. */
export function structIn(from: ThriftStruct, id: number): ThriftStruct | null {
  const found = from.get(id);
  if (found === undefined || found instanceof Map) return found ?? null;
  throw damaged(`field ${id} of the metadata is no structure`);
}

/** The integer in a field; `otherwise` if absent. @throws BAD_FORMAT for another type. */
export function integerIn(from: ThriftStruct, id: number, otherwise?: number): number {
  const found = from.get(id) ?? otherwise;
  if (typeof found === "number" && Number.isSafeInteger(found)) return found;
  throw damaged(`field ${id} of the metadata is no integer`);
}

/** The text in a field; null if absent. @throws BAD_FORMAT for another type. */
export function textIn(from: ThriftStruct, id: number): string | null {
  const found = from.get(id);
  if (found === undefined) return null;
  if (found instanceof Uint8Array) return new TextDecoder().decode(found);
  throw damaged(`field ${id} of the metadata is no text`);
}

/** The list of structures in a field. @throws BAD_FORMAT for another type. */
export function structsIn(from: ThriftStruct, id: number): readonly ThriftStruct[] {
  const found = from.get(id) ?? [];
  if (!Array.isArray(found)) throw damaged(`field ${id} of the metadata is no list`);
  return found.map((each: ThriftValue) => {
    if (each instanceof Map) return each;
    throw damaged(`field ${id} of the metadata lists something else than structures`);
  });
}
