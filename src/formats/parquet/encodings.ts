/**
 * Encodings of Parquet's values. Each function reads a given number of values, which the caller has bounded,
 * and never reads beyond the end.
 *
 * Source: the Parquet format specification, Encodings.md.
 * @module
 */
import { AtlasmtlError } from "../../errors.ts";
import { type Cursor, cursorOf, damaged, readVarint, take } from "./thrift.ts";

/** Types of stored values, by their number in the format. */
export const TYPES = [
  "BOOLEAN",
  "INT32",
  "INT64",
  "INT96",
  "FLOAT",
  "DOUBLE",
  "BYTE_ARRAY",
  "FIXED_LEN_BYTE_ARRAY",
] as const;
export type ParquetType = (typeof TYPES)[number];

/** How the values of a column are decoded. */
export interface ValueType {
  readonly type: ParquetType;
  readonly isUnsigned: boolean;
}

/** Text, or numbers; booleans are 0 and 1. */
export type Values = readonly string[] | Float64Array;

/** Plain encoding: consecutive values. @throws BAD_FORMAT, UNSUPPORTED. */
export function readPlain(cursor: Cursor, { type, isUnsigned }: ValueType, count: number): Values {
  if (type === "BYTE_ARRAY") {
    const texts: string[] = [];
    const decoder = new TextDecoder();
    for (let i = 0; i < count; i++) {
      cursor.at += 4;
      texts.push(decoder.decode(take(cursor, cursor.view.getUint32(cursor.at - 4, true))));
    }
    return texts;
  }
  if (type === "BOOLEAN") {
    const bits = take(cursor, Math.ceil(count / 8));
    return Float64Array.from({ length: count }, (_, i) => (bits[i >> 3] >> (i & 7)) & 1);
  }
  return numbers(cursorOf(take(cursor, count * widthOf(type))), type, isUnsigned, count);
}

const widthOf = (type: ParquetType): number => (type === "INT32" || type === "FLOAT" ? 4 : 8);

function numbers({ view }: Cursor, type: ParquetType, isUnsigned: boolean, count: number): Float64Array {
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++)
    switch (type) {
      case "INT32":
        values[i] = isUnsigned ? view.getUint32(4 * i, true) : view.getInt32(4 * i, true);
        break;
      case "INT64":
        values[i] = exact(isUnsigned ? view.getBigUint64(8 * i, true) : view.getBigInt64(8 * i, true));
        break;
      case "FLOAT":
        values[i] = view.getFloat32(4 * i, true);
        break;
      case "DOUBLE":
        values[i] = view.getFloat64(8 * i, true);
        break;
      default:
        throw unsupported(`values of type ${type}`);
    }
  return values;
}

/** The error for an unsupported feature, with a fix. */
export const unsupported = (
  what: string,
  hint = "leave the column out, or write it as text or plain numbers",
): AtlasmtlError => new AtlasmtlError("UNSUPPORTED", `${what} are not read`, { hint });

function exact(value: bigint): number {
  const number = Number(value);
  if (Number.isSafeInteger(number)) return number;
  throw unsupported("integers beyond 2^53");
}

/** Runs and packed bits of `width` each. @throws BAD_FORMAT. */
export function readRuns(cursor: Cursor, width: number, count: number): Int32Array {
  if (width > 31) throw damaged(`numbers of ${width} bits`);
  const values = new Int32Array(count);
  for (let n = 0; n < count; ) {
    const head = readVarint(cursor);
    if (head % 2 === 0) {
      let value = 0;
      for (let i = 0; i < Math.ceil(width / 8); i++)
        value += cursor.view.getUint8(cursor.at++) * 2 ** (8 * i);
      if (value >= 2 ** width) throw damaged(`${value} as a number of ${width} bits`);
      const end = Math.min(count, n + head / 2);
      values.fill(value, n, end);
      n = end;
      continue;
    }
    const end = Math.min(count, n + ((head - 1) / 2) * 8);
    // The last group may hold more values than needed; some writers omit the rest.
    let bits = 0;
    let held = 0;
    const size = 2 ** width;
    const start = cursor.at;
    for (; n < end; n++) {
      for (; held < width; held += 8) bits += cursor.view.getUint8(cursor.at++) * 2 ** held;
      values[n] = bits % size;
      bits = Math.floor(bits / size);
      held -= width;
    }
    cursor.at = start + ((head - 1) / 2) * width;
  }
  return values;
}

/** Maximum number of values per block in delta encodings. */
const MAX_BLOCK = 1 << 16;

/** Delta encoding of integers. @throws BAD_FORMAT, UNSUPPORTED beyond 2^53. */
export function readDeltas(cursor: Cursor, { type, isUnsigned }: ValueType, count: number): Float64Array {
  const block = readVarint(cursor);
  const minis = readVarint(cursor);
  const declared = readVarint(cursor);
  const each = block / minis;
  if (!(block > 0 && block <= MAX_BLOCK && Number.isInteger(each / 8)) || declared !== count)
    throw damaged(`${declared} values in blocks of ${block} by ${minis}, where ${count} belong`);
  const bits = type === "INT32" ? 32 : 64;
  const wrap = isUnsigned ? BigInt.asUintN : BigInt.asIntN;
  const values = new Float64Array(count);
  let last = readBigZigzag(cursor);
  for (let n = 0; n < count; ) {
    if (n === 0) values[n++] = exact(wrap(bits, last));
    if (n === count) break;
    const least = readBigZigzag(cursor);
    const widths = take(cursor, minis);
    for (let mini = 0; mini < minis && n < count; mini++) {
      const width = widths[mini];
      if (width > 64) throw damaged(`differences of ${width} bits`);
      const packed = take(cursor, Math.min((each / 8) * width, cursor.view.byteLength - cursor.at));
      const end = Math.min(count, n + each);
      for (let i = 0; n < end; i++, n++) {
        last = wrap(bits, last + least + bitsAt(packed, i * width, width));
        values[n] = exact(last);
      }
    }
  }
  return values;
}

function bitsAt(bytes: Uint8Array, start: number, width: number): bigint {
  if (width === 0) return 0n;
  const end = start + width;
  if (end > bytes.length * 8) throw damaged("the differences end early");
  let value = 0n;
  for (let i = (end - 1) >> 3; i >= start >> 3; i--) value = (value << 8n) | BigInt(bytes[i]);
  return BigInt.asUintN(width, value >> BigInt(start & 7));
}

function readBigZigzag(cursor: Cursor): bigint {
  let value = 0n;
  for (let i = 0; i < 10; i++) {
    const byte = cursor.view.getUint8(cursor.at++);
    value |= BigInt(byte & 0x7f) << BigInt(7 * i);
    if (byte < 0x80) return value & 1n ? -((value + 1n) >> 1n) : value >> 1n;
  }
  throw damaged("a number has more than ten bytes");
}

const LENGTHS: ValueType = { type: "INT32", isUnsigned: false };

/** Delta length encoding: all lengths, then the texts. @throws BAD_FORMAT. */
export function readLengthTexts(cursor: Cursor, count: number): readonly string[] {
  const decoder = new TextDecoder();
  return lengthBytes(cursor, count).map((bytes) => decoder.decode(bytes));
}

const lengthBytes = (cursor: Cursor, count: number): readonly Uint8Array[] =>
  Array.from(readDeltas(cursor, LENGTHS, count), (length) => take(cursor, length));

/** Delta encoding of texts by shared prefixes; `spend` gets the expanded size. @throws BAD_FORMAT. */
export function readDeltaTexts(
  cursor: Cursor,
  count: number,
  spend: (bytes: number) => void,
): readonly string[] {
  const shared = readDeltas(cursor, LENGTHS, count);
  const ends = lengthBytes(cursor, count);
  const decoder = new TextDecoder();
  let last: Uint8Array = new Uint8Array();
  return ends.map((end, i) => {
    const keep = shared[i];
    if (!(keep >= 0 && keep <= last.length))
      throw damaged(`a text shares ${keep} bytes with one of ${last.length}`);
    spend(keep + end.length);
    const bytes = new Uint8Array(keep + end.length);
    bytes.set(last.subarray(0, keep));
    bytes.set(end, keep);
    last = bytes;
    return decoder.decode(bytes);
  });
}

/**
 * Byte stream split: all first bytes of the numbers, then all second bytes, and so on. @throws BAD_FORMAT,
 * UNSUPPORTED.
 */
export function readSplitBytes(cursor: Cursor, { type, isUnsigned }: ValueType, count: number): Float64Array {
  const width = widthOf(type);
  const split = take(cursor, count * width);
  const joined = split.map((_, i) => split[(i % width) * count + Math.floor(i / width)]);
  return numbers(cursorOf(joined), type, isUnsigned, count);
}
