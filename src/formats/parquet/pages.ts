/**
 * Reads the pages of Parquet's columns: dictionaries, values, and which values are missing. Source:
 * parquet.thrift. @module
 */
import { AtlasmtlError } from "../../errors.ts";
import { type Decompress, undo } from "./compression.ts";
import {
  readDeltas,
  readDeltaTexts,
  readLengthTexts,
  readPlain,
  readRuns,
  readSplitBytes,
  unsupported,
  type Values,
} from "./encodings.ts";
import type { ColumnChunk, ColumnSchema } from "./footer.ts";
import {
  type Cursor,
  cursorOf,
  damaged,
  integerIn,
  readStruct,
  structIn,
  type ThriftStruct,
  take,
} from "./thrift.ts";

/** One value per row; `missing` is 1 for a missing value. */
export type ParquetColumn =
  | { readonly kind: "text"; readonly name: string; readonly values: (string | null)[] }
  | {
      readonly kind: "number";
      readonly name: string;
      /** The numpy dtype. */
      readonly dtype: string;
      readonly values: Float64Array;
      readonly missing: Uint8Array;
    }
  | {
      readonly kind: "boolean";
      readonly name: string;
      readonly values: Uint8Array;
      readonly missing: Uint8Array;
    };

/** Charges this many bytes against the bound on expanded pages. */
export type Spend = (bytes: number) => void;

/** The rows of a column to fill. */
export interface Target {
  readonly schema: ColumnSchema;
  readonly column: ParquetColumn;
  row: number;
  readonly end: number;
  readonly spend: Spend;
  readonly decompress: Decompress;
}

/** Values or bytes that one page may declare. */
const MAX_COUNT = 2 ** 29;

/** Entries that any dictionary may have; a larger one may have at most as many as there are rows. */
const DICTIONARY_ALLOWANCE = 2 ** 20;

/** Kinds of pages. */
const [DATA, INDEX, DICTIONARY, DATA_2] = [0, 1, 2, 3] as const;

/** Fills the rows of a target from the pages of a column in one row group. @throws BAD_FORMAT, LIMIT, UNSUPPORTED. */
export async function readChunk(bytes: Uint8Array, chunk: ColumnChunk, target: Target): Promise<void> {
  const cursor = cursorOf(bytes.subarray(chunk.start, chunk.start + chunk.length));
  let dictionary: Values | null = null;
  while (target.row < target.end) {
    const header = readStruct(cursor);
    const size = integerIn(header, 2);
    const stored = take(cursor, integerIn(header, 3));
    if (size < 0) throw damaged(`a page of ${size} bytes`);
    target.spend(Math.max(size, stored.length));
    switch (integerIn(header, 1)) {
      case DICTIONARY: {
        const count = countIn(part(header, 7), 1);
        if (count > Math.max(DICTIONARY_ALLOWANCE, target.end))
          throw new AtlasmtlError("LIMIT", `a dictionary of ${count} entries for ${target.end} rows`);
        const content = cursorOf(await undo(chunk.codec, stored, size, target.decompress));
        dictionary = readPlain(content, target.schema, count);
        break;
      }
      case DATA:
        fillPage(
          await undo(chunk.codec, stored, size, target.decompress),
          firstPage(part(header, 5), target),
          dictionary,
          target,
        );
        break;
      case DATA_2: {
        const page = part(header, 8);
        const levels = countIn(page, 5) + countIn(page, 6);
        if (levels > stored.length || levels > size) throw damaged("the levels of a page are longer than it");
        const codec = page.get(7) === false ? 0 : chunk.codec;
        const packed = stored.subarray(levels);
        const content =
          packed.length === 0 ? packed : await undo(codec, packed, size - levels, target.decompress);
        const shape = {
          count: rowsIn(page, target),
          encoding: integerIn(page, 4),
          levels: stored.subarray(countIn(page, 6), levels),
        };
        fillPage(content, shape, dictionary, target);
        break;
      }
      case INDEX:
        break;
      default:
        throw damaged("a page of an unknown kind");
    }
  }
}

function part(header: ThriftStruct, id: number): ThriftStruct {
  const found = structIn(header, id);
  if (found === null) throw damaged("a page does not describe itself");
  return found;
}

function countIn(from: ThriftStruct, id: number): number {
  const count = integerIn(from, id);
  if (count < 0 || count > MAX_COUNT) throw damaged(`${count} values or bytes in a page`);
  return count;
}

function rowsIn(page: ThriftStruct, { row, end }: Target): number {
  const count = countIn(page, 1);
  if (count > end - row) throw damaged(`a page of ${count} rows where ${end - row} are left`);
  return count;
}

/** How the values of a page are stored. */
interface PageShape {
  readonly count: number;
  readonly encoding: number;
  /** Which values are present; null if this is stored before the values. */
  readonly levels: Uint8Array | null;
}

/** Encodings by their number. */
const [PLAIN, PLAIN_DICTIONARY, RUNS, DELTAS, LENGTH_TEXTS, DELTA_TEXTS, RUN_DICTIONARY, SPLIT] = [
  0, 2, 3, 5, 6, 7, 8, 9,
] as const;

function firstPage(page: ThriftStruct, target: Target): PageShape {
  if (target.schema.isOptional && integerIn(page, 3) !== RUNS)
    throw unsupported("packed levels", "write the file with a newer library");
  return { count: rowsIn(page, target), encoding: integerIn(page, 2), levels: null };
}

function fillPage(
  content: Uint8Array,
  { count, encoding, levels }: PageShape,
  dictionary: Values | null,
  target: Target,
): void {
  const { schema } = target;
  const cursor = cursorOf(content);
  let present: Int32Array | null = null;
  if (schema.isOptional) present = readRuns(cursorOf(levels ?? takeSized(cursor)), 1, count);
  let nPresent = count;
  if (present !== null) for (const level of present) nPresent -= 1 - level;
  const values = nPresent === 0 ? [] : readValues(cursor, encoding, nPresent, dictionary, target);
  put(values, present, count, target);
}

/** Reads a length and that many bytes. */
const takeSized = (cursor: Cursor): Uint8Array => {
  cursor.at += 4;
  return take(cursor, cursor.view.getUint32(cursor.at - 4, true));
};

function readValues(
  cursor: Cursor,
  encoding: number,
  count: number,
  dictionary: Values | null,
  { schema, spend }: Target,
): Values {
  const isText = schema.type === "BYTE_ARRAY";
  const isInteger = schema.type === "INT32" || schema.type === "INT64";
  if (encoding === PLAIN) return readPlain(cursor, schema, count);
  if (encoding === PLAIN_DICTIONARY || encoding === RUN_DICTIONARY) {
    const codes = readRuns(cursor, cursor.view.getUint8(cursor.at++), count);
    return lookUp(codes, dictionary);
  }
  if (encoding === RUNS && schema.type === "BOOLEAN")
    return Float64Array.from(readRuns(cursorOf(takeSized(cursor)), 1, count));
  if (encoding === DELTAS && isInteger) return readDeltas(cursor, schema, count);
  if (encoding === LENGTH_TEXTS && isText) return readLengthTexts(cursor, count);
  if (encoding === DELTA_TEXTS && isText) return readDeltaTexts(cursor, count, spend);
  if (encoding === SPLIT && !isText) return readSplitBytes(cursor, schema, count);
  throw unsupported(`${schema.type} values in encoding ${encoding}`);
}

function lookUp(codes: Int32Array, dictionary: Values | null): Values {
  if (dictionary === null) throw damaged("a page refers to a dictionary that is not there");
  const wrong = codes.find((code) => code < 0 || code >= dictionary.length);
  if (wrong !== undefined) throw damaged(`a page refers to entry ${wrong} of ${dictionary.length}`);
  return dictionary instanceof Float64Array
    ? Float64Array.from(codes, (code) => dictionary[code])
    : Array.from(codes, (code) => dictionary[code]);
}

function put(values: Values, present: Int32Array | null, count: number, target: Target): void {
  const { column } = target;
  for (let i = 0, v = 0; i < count; i++, target.row++) {
    if (present?.[i] === 0) {
      if (column.kind !== "text") column.missing[target.row] = 1;
      continue;
    }
    const value = values[v++];
    if (column.kind === "text") column.values[target.row] = String(value);
    else column.values[target.row] = Number(value);
  }
}
