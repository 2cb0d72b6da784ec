/**
 * Tables in Parquet files: flat columns of text, numbers and booleans.
 *
 * Written for files that nobody vouches for: what they declare is bounded by what they hold before anything is
 * allocated. Source: the Parquet format specification.
 * @module
 */
import { AtlasmtlError, locate } from "../../errors.ts";
import { gunzip } from "../gzip.ts";
import { maxInflatedBytes } from "../limits.ts";
import { decompress } from "../zarr-codecs.ts";
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
import { type ColumnChunk, type ColumnSchema, type Footer, readFooter } from "./footer.ts";
import { unsnappy } from "./snappy.ts";
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

/** One value per row; `missing` is 1 where there is none. */
export type ParquetColumn =
  | { readonly kind: "text"; readonly name: string; readonly values: (string | null)[] }
  | {
      readonly kind: "number";
      readonly name: string;
      /** In numpy spelling. */
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

export interface ParquetTable {
  readonly columns: readonly ParquetColumn[];
  /** The file's key-value metadata. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** Values of all columns together. */
const MAX_VALUES = 2 ** 27;
/** Values that any file may have, and how many more for each of its bytes; columns of one value take none. */
const VALUE_ALLOWANCE = 2 ** 20;
const VALUES_PER_BYTE = 64;

/** Bytes of all pages together once they are decompressed. */
const MAX_PAGE_BYTES = 2 ** 29;

/** Takes so many bytes from what the pages may expand to. */
type Spend = (bytes: number) => void;

function budgetOf(nBytes: number): Spend {
  const most = Math.min(MAX_PAGE_BYTES, maxInflatedBytes(nBytes));
  let left = most;
  return (bytes) => {
    left -= bytes;
    if (left < 0)
      throw new AtlasmtlError("LIMIT", `${nBytes} bytes expand beyond the ${most} that are read`, {
        hint: "write fewer columns",
      });
  };
}

/**
 * Reads a whole file.
 * @throws BAD_FORMAT for damaged files, LIMIT for what expands beyond all measure, UNSUPPORTED for nested or
 * repeated columns, dates, encryption and compressions other than Snappy, gzip, Zstandard and LZ4.
 */
export async function readParquet(bytes: Uint8Array): Promise<ParquetTable> {
  try {
    const footer = readFooter(bytes);
    checkSize(footer, bytes.length);
    const spend = budgetOf(bytes.length);
    const columns: ParquetColumn[] = [];
    for (const [c, schema] of footer.columns.entries())
      columns.push(await readColumn(bytes, footer, c, spend).catch((error) => throwAt(error, schema.name)));
    return { columns, metadata: footer.metadata };
  } catch (error) {
    // A DataView was asked for bytes beyond its end.
    if (error instanceof RangeError) throw damaged("a part of the file ends early");
    throw error;
  }
}

function throwAt(error: unknown, name: string): never {
  throw locate(error instanceof RangeError ? damaged("its values end early") : error, name);
}

function checkSize({ nRows, columns }: Footer, nBytes: number): void {
  const most = Math.min(MAX_VALUES, VALUE_ALLOWANCE + VALUES_PER_BYTE * nBytes);
  if (nRows * columns.length > most)
    throw new AtlasmtlError(
      "LIMIT",
      `${nRows} rows of ${columns.length} columns are declared in ${nBytes} bytes; at most ${most} values are read`,
      { hint: "write fewer columns" },
    );
}

async function readColumn(
  bytes: Uint8Array,
  { nRows, columns, groups }: Footer,
  c: number,
  spend: Spend,
): Promise<ParquetColumn> {
  const schema = columns[c]!;
  const column = emptyColumn(schema, nRows);
  let row = 0;
  for (const group of groups) {
    await readChunk(bytes, group.chunks[c]!, { schema, column, row, end: row + group.nRows, spend });
    row += group.nRows;
  }
  return column;
}

function emptyColumn({ name, kind, dtype }: ColumnSchema, nRows: number): ParquetColumn {
  switch (kind) {
    case "text":
      return { kind, name, values: new Array<string | null>(nRows).fill(null) };
    case "number":
      return {
        kind,
        name,
        dtype,
        values: new Float64Array(nRows).fill(Number.NaN),
        missing: new Uint8Array(nRows),
      };
    case "boolean":
      return { kind, name, values: new Uint8Array(nRows), missing: new Uint8Array(nRows) };
  }
}

/** Rows of a column that are to be filled. */
interface Target {
  readonly schema: ColumnSchema;
  readonly column: ParquetColumn;
  row: number;
  readonly end: number;
  readonly spend: Spend;
}

/** Kinds of pages. */
const [DATA, INDEX, DICTIONARY, DATA_2] = [0, 1, 2, 3] as const;

async function readChunk(bytes: Uint8Array, chunk: ColumnChunk, target: Target): Promise<void> {
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
        const content = cursorOf(await undo(chunk.codec, stored, size));
        dictionary = readPlain(content, target.schema, countIn(part(header, 7), 1));
        break;
      }
      case DATA:
        fillPage(
          await undo(chunk.codec, stored, size),
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
        const content = packed.length === 0 ? packed : await undo(codec, packed, size - levels);
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
  if (count < 0 || count > MAX_VALUES) throw damaged(`${count} values or bytes in a page`);
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
  /** Which values are there; null when that stands before the values. */
  readonly levels: Uint8Array | null;
}

/** Encodings by their number. */
const [PLAIN, PLAIN_DICTIONARY, RUNS, DELTAS, LENGTH_TEXTS, DELTA_TEXTS, RUN_DICTIONARY, SPLIT] = [
  0, 2, 3, 5, 6, 7, 8, 9,
] as const;

function firstPage(page: ThriftStruct, target: Target): PageShape {
  if (target.schema.isOptional && integerIn(page, 3) !== RUNS) throw unsupported("levels without runs");
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

/** Bytes after their length. */
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
    ? Float64Array.from(codes, (code) => dictionary[code]!)
    : Array.from(codes, (code) => dictionary[code]!);
}

function put(values: Values, present: Int32Array | null, count: number, target: Target): void {
  const { column } = target;
  for (let i = 0, v = 0; i < count; i++, target.row++) {
    if (present?.[i] === 0) {
      if (column.kind !== "text") column.missing[target.row] = 1;
      continue;
    }
    const value = values[v++]!;
    if (column.kind === "text") column.values[target.row] = String(value);
    else column.values[target.row] = Number(value);
  }
}

/** Compressions by their number. */
const CODECS = ["none", "Snappy", "gzip", "LZO", "Brotli", "LZ4 (Hadoop)", "Zstandard", "LZ4"] as const;
/** LZ4 cannot expand a byte to more. */
const MAX_LZ4_RATIO = 255;

/** The content of a page, of exactly `size` bytes. */
async function undo(codec: number, bytes: Uint8Array, size: number): Promise<Uint8Array> {
  const content = await decompressed(codec, bytes, size);
  if (content.length !== size) throw damaged(`a page holds ${content.length} bytes where ${size} belong`);
  return content;
}

async function decompressed(codec: number, bytes: Uint8Array, size: number): Promise<Uint8Array> {
  switch (CODECS[codec]) {
    case "none":
      return bytes;
    case "Snappy":
      return unsnappy(bytes, size);
    case "gzip":
      return gunzip(bytes, { maxBytes: size });
    case "Zstandard":
      return decompress(bytes, { name: "zstd", configuration: {}, maxBytes: size });
    case "LZ4": {
      if (size > MAX_LZ4_RATIO * bytes.length) throw damaged(`${bytes.length} bytes of LZ4 for ${size}`);
      // The decoder wants the size before the data.
      const sized = new Uint8Array(4 + bytes.length);
      new DataView(sized.buffer).setUint32(0, size, true);
      sized.set(bytes, 4);
      return decompress(sized, { name: "lz4", configuration: {}, maxBytes: size });
    }
    default:
      throw new AtlasmtlError("UNSUPPORTED", `the compression ${CODECS[codec] ?? codec} is not read`, {
        hint: "write the file with Snappy, gzip or Zstandard",
      });
  }
}
