/**
 * Arrays of records, numpy's structured arrays, as Zarr stores them: fields one after another without padding, text in
 * a fixed number of UTF-32 code points.
 *
 * The type of format 3 is the one of zarr-python 3.1, which its later versions read as well as their own.
 * @module
 */
import type { RecordField } from "../element-writer.ts";
import { numpyName } from "../number-arrays.ts";
import type { Json } from "./metadata.ts";

/** The type of one record. */
export interface RecordType {
  readonly fields: readonly FieldType[];
  /** Bytes. */
  readonly size: number;
}

interface FieldType {
  readonly name: string;
  /** A numpy name, `bool`, or `str`. */
  readonly dtype: string;
  readonly bytes: number;
}

/** Bytes of all records of an array together; one long text makes all of them long. */
const MAX_BYTES = 1 << 30;

/** True if the records have types of Zarr and are not too many bytes. */
export function recordsFit(fields: readonly RecordField[]): boolean {
  return recordType(fields).size * (fields[0]?.values.length ?? 0) <= MAX_BYTES;
}

/** The records as bytes; all fields have equally many values. */
export function packRecords(fields: readonly RecordField[]): { type: RecordType; bytes: Uint8Array } {
  const type = recordType(fields);
  const nRecords = fields[0]?.values.length ?? 0;
  const bytes = new Uint8Array(nRecords * type.size);
  const view = new DataView(bytes.buffer);
  let offset = 0;
  fields.forEach(({ values }, f) => {
    const width = type.fields[f].bytes;
    if (ArrayBuffer.isView(values)) {
      const from = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
      for (let i = 0; i < nRecords; i++)
        bytes.set(from.subarray(i * width, (i + 1) * width), i * type.size + offset);
    } else
      for (let i = 0; i < nRecords; i++) {
        let at = i * type.size + offset;
        for (const point of values[i]) {
          view.setUint32(at, point.codePointAt(0)!, true);
          at += 4;
        }
      }
    offset += width;
  });
  return { type, bytes };
}

function recordType(fields: readonly RecordField[]): RecordType {
  const types = fields.map(({ name, dtype, values }): FieldType => {
    if (ArrayBuffer.isView(values))
      return { name, dtype: dtype === "bool" ? dtype : numpyName(values), bytes: values.BYTES_PER_ELEMENT };
    // Text of no width is no type.
    const longest = values.reduce((most, text) => Math.max(most, lengthOf(text)), 1);
    return { name, dtype: "str", bytes: 4 * longest };
  });
  return { fields: types, size: types.reduce((sum, { bytes }) => sum + bytes, 0) };
}

/** Code points. */
function lengthOf(text: string): number {
  let n = 0;
  for (const _ of text) n++;
  return n;
}

/** The data type in format 3. */
export function typeV3({ fields }: RecordType): Json {
  const pairs = fields.map(({ name, dtype, bytes }): Json => {
    const type: Json =
      dtype === "str" ? { name: "fixed_length_utf32", configuration: { length_bytes: bytes } } : dtype;
    return [name, type];
  });
  return { name: "structured", configuration: { fields: pairs } };
}

/** The data type in format 2. */
export function typeV2({ fields }: RecordType): Json {
  return fields.map(({ name, dtype, bytes }) => {
    if (dtype === "str") return [name, `<U${bytes / 4}`];
    if (dtype === "bool") return [name, "|b1"];
    return [name, `${bytes === 1 ? "|" : "<"}${dtype[0]}${bytes}`];
  });
}
