/**
 * Reads tables from Parquet files: flat columns of text, numbers and booleans.
 *
 * Files may be untrusted: declared sizes are checked against the size of the file before memory is allocated.
 * Source: the Parquet format specification.
 * @module
 */

import { maxInflatedBytes } from "../../core/limits.ts";
import { AtlasmtlError, locate } from "../../errors.ts";
import type { Decompress } from "./compression.ts";
import { type ColumnSchema, type Footer, readFooter } from "./footer.ts";
import { type ParquetColumn, readChunk, type Spend, type Target } from "./pages.ts";
import { damaged } from "./thrift.ts";

export type { ParquetColumn } from "./pages.ts";

export interface ParquetTable {
  readonly columns: readonly ParquetColumn[];
  /** The file's key-value metadata. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** Values of all columns together. */
const MAX_VALUES = 2 ** 27;
/**
 * Values that any file may have, and additional ones per byte of the file; columns of one repeated value take
 * no bytes.
 */
const VALUE_ALLOWANCE = 2 ** 20;
const VALUES_PER_BYTE = 64;

/** Bytes of all pages together once they are decompressed. */
const MAX_PAGE_BYTES = 2 ** 29;

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
 * Reads a whole file, its pages by `decompress`.
 * @throws BAD_FORMAT for damaged files, LIMIT for files that expand too much, UNSUPPORTED for nested or
 * repeated columns, dates, encryption and compressions other than Snappy, gzip, Zstandard and LZ4.
 */
export async function readParquet(bytes: Uint8Array, decompress: Decompress): Promise<ParquetTable> {
  try {
    const footer = readFooter(bytes);
    checkSize(footer, bytes.length);
    const spend = budgetOf(bytes.length);
    const columns: ParquetColumn[] = [];
    for (const [c, schema] of footer.columns.entries())
      columns.push(
        await readColumn(bytes, footer, c, { spend, decompress }).catch((error) =>
          throwAt(error, schema.name),
        ),
      );
    return { columns, metadata: footer.metadata };
  } catch (error) {
    // The DataView threw for bytes beyond its end.
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
  means: Pick<Target, "spend" | "decompress">,
): Promise<ParquetColumn> {
  const schema = columns[c];
  const column = emptyColumn(schema, nRows);
  let row = 0;
  for (const group of groups) {
    await readChunk(bytes, group.chunks[c], { schema, column, row, end: row + group.nRows, ...means });
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
