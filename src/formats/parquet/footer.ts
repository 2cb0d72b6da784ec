/**
 * Reads the footer of a Parquet file: its columns, the location of their values, and metadata.
 *
 * Source: the Parquet format specification, parquet.thrift. Field numbers below are the ones of that file.
 * @module
 */
import { AtlasmtlError } from "../../errors.ts";
import { type ParquetType, TYPES, unsupported, type ValueType } from "./encodings.ts";
import {
  cursorOf,
  damaged,
  integerIn,
  readStruct,
  structIn,
  structsIn,
  type ThriftStruct,
  textIn,
} from "./thrift.ts";

/** A column: its name and type. */
export interface ColumnSchema extends ValueType {
  readonly name: string;
  readonly kind: "text" | "number" | "boolean";
  /** The numpy dtype. */
  readonly dtype: string;
  readonly isOptional: boolean;
}

/** The values of one column in one row group: `length` bytes from `start`. */
export interface ColumnChunk {
  readonly codec: number;
  readonly start: number;
  readonly length: number;
}

export interface RowGroup {
  readonly nRows: number;
  readonly chunks: readonly ColumnChunk[];
}

export interface Footer {
  readonly nRows: number;
  readonly columns: readonly ColumnSchema[];
  readonly groups: readonly RowGroup[];
  readonly metadata: ReadonlyMap<string, string>;
}

const MAGIC = "PAR1";
const ENCRYPTED_MAGIC = "PARE";

/** Reads the end of a file. @throws BAD_FORMAT, LIMIT; UNSUPPORTED for encryption and columns that are not flat. */
export function readFooter(bytes: Uint8Array): Footer {
  const textAt = (at: number): string => String.fromCharCode(...bytes.subarray(at, at + 4));
  const last = bytes.length - 4;
  if (last >= 8 && textAt(last) === ENCRYPTED_MAGIC)
    throw unsupported("encrypted files", "write the file without encryption");
  if (last < 8 || textAt(0) !== MAGIC || textAt(last) !== MAGIC)
    throw damaged(`a Parquet file begins and ends with ${MAGIC}; this one does not`);
  const length = new DataView(bytes.buffer, bytes.byteOffset + last - 4, 4).getUint32(0, true);
  const start = last - 4 - length;
  if (start < 4) throw damaged(`${length} bytes of metadata are declared in a file of ${bytes.length}`);
  const file = readStruct(cursorOf(bytes.subarray(start, last - 4)));
  if (file.has(8)) throw unsupported("encrypted files", "write the file without encryption");
  const columns = columnsOf(structsIn(file, 2));
  const groups = structsIn(file, 4).map((group) => groupOf(group, columns, start));
  const nRows = integerIn(file, 3);
  const sum = groups.reduce((total, group) => total + group.nRows, 0);
  if (sum !== nRows) throw damaged(`the row groups hold ${sum} rows; ${nRows} are declared`);
  const metadata = new Map(structsIn(file, 5).map((pair) => [textIn(pair, 1) ?? "", textIn(pair, 2) ?? ""]));
  return { nRows, columns, groups, metadata };
}

function columnsOf([root, ...elements]: readonly ThriftStruct[]): readonly ColumnSchema[] {
  if (root === undefined) throw damaged("the file describes no columns");
  const names = new Set<string>();
  const columns = elements.map((element) => {
    const name = textIn(element, 4) ?? "";
    if (names.size === names.add(name).size)
      throw new AtlasmtlError("BAD_FORMAT", "the column is there twice", { where: name });
    return columnOf(element, name);
  });
  const declared = integerIn(root, 5, 0);
  if (declared !== columns.length) throw damaged(`${columns.length} columns, ${declared} are declared`);
  return columns;
}

/** Logical types by the number of their field. */
const [DECIMAL, INTEGER, NOTHING] = [5, 10, 11] as const;
/** Logical types of text: STRING, ENUM, JSON, UUID as text. */
const TEXTS: readonly number[] = [1, 4, 12];
const REPEATED = 2;

function columnOf(element: ThriftStruct, name: string): ColumnSchema {
  const type: ParquetType | undefined = TYPES[integerIn(element, 1, -1)];
  const repetition = integerIn(element, 3, 0);
  const refuse = (what: string): AtlasmtlError => {
    const { code, message, hint } = unsupported(what);
    return new AtlasmtlError(code, message, { where: name, ...(hint === undefined ? {} : { hint }) });
  };
  if (type === undefined || element.has(5) || repetition === REPEATED)
    throw refuse("columns of lists or parts");
  const converted = integerIn(element, 6, -1);
  const logical = structIn(element, 10);
  const logicalType = logical === null ? -1 : ([...logical.keys()][0] ?? -1);
  const isOptional = repetition !== 0;
  const shape = { name, type, isOptional };
  switch (type) {
    case "BOOLEAN":
      return { ...shape, kind: "boolean", dtype: "bool", isUnsigned: false };
    case "FLOAT":
    case "DOUBLE":
      return {
        ...shape,
        kind: "number",
        dtype: type === "FLOAT" ? "float32" : "float64",
        isUnsigned: false,
      };
    case "BYTE_ARRAY":
      // UTF8, ENUM, JSON; bytes without a type are text.
      if (![-1, 0, 4, 19].includes(converted) || (logicalType !== -1 && !TEXTS.includes(logicalType)))
        throw refuse("bytes that are no text");
      return { ...shape, kind: "text", dtype: "object", isUnsigned: false };
    case "INT32":
    case "INT64": {
      if (logicalType === NOTHING) return { ...shape, kind: "text", dtype: "object", isUnsigned: false };
      if (converted === DECIMAL || logicalType === DECIMAL) throw refuse("decimal numbers");
      // UINT_8 to INT_64.
      if ((converted !== -1 && !(converted >= 11 && converted <= 18)) || ![-1, INTEGER].includes(logicalType))
        throw refuse("dates and times");
      const isUnsigned =
        logicalType === INTEGER
          ? structIn(logical!, INTEGER)?.get(2) === false
          : converted >= 11 && converted <= 14;
      return { ...shape, kind: "number", dtype: type === "INT32" ? "int32" : "int64", isUnsigned };
    }
    default:
      throw refuse(`values of type ${type}`);
  }
}

function groupOf(group: ThriftStruct, columns: readonly ColumnSchema[], end: number): RowGroup {
  const nRows = integerIn(group, 3);
  if (nRows < 0) throw damaged(`a row group of ${nRows} rows`);
  const chunks = structsIn(group, 1);
  if (chunks.length !== columns.length)
    throw damaged(`a row group holds ${chunks.length} columns, expected ${columns.length}`);
  return { nRows, chunks: chunks.map((chunk, c) => chunkOf(chunk, columns[c].name, end)) };
}

function chunkOf(chunk: ThriftStruct, name: string, end: number): ColumnChunk {
  const column = structIn(chunk, 3);
  if (chunk.has(1)) throw unsupported("columns in files of their own", "write the table as one file");
  if (chunk.has(8)) throw unsupported("encrypted columns", "write the file without encryption");
  if (column === null) throw damaged(`a row group lacks the place of column "${name}"`);
  const [data, dictionary] = [integerIn(column, 9), integerIn(column, 11, 0)];
  const start = dictionary > 0 ? Math.min(data, dictionary) : data;
  const length = integerIn(column, 7);
  if (start < 4 || length < 0 || start + length > end)
    throw damaged(`column "${name}" lies at ${start} to ${start + length} of ${end} bytes`);
  return { codec: integerIn(column, 4), start, length };
}
