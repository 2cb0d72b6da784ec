/** Reads a table of cells from a Parquet file. @module */
import type { Column } from "../anndata/types.ts";
import { AtlasmtlError, locate } from "../errors.ts";
import type { Decompress } from "../formats/parquet/compression.ts";
import { type ParquetColumn, readParquet } from "../formats/parquet/read.ts";
import { INDEX_COLUMN } from "../schema/columns.ts";
import type { CellColumns } from "./cell-columns.ts";

/** pandas' name for an index without a name. */
const PANDAS_INDEX = "__index_level_0__";
/** The key of pandas' metadata. */
const PANDAS_KEY = "pandas";

/**
 * Reads text, numbers and booleans. The column `obs_name`, else the index of pandas, else the first column,
 * has the names of the cells. `where` is the file.
 * @throws BAD_FORMAT if it is not a Parquet table, or for cells without a name; LIMIT for a file that expands
 * too much; UNSUPPORTED for columns of another type and unsupported compressions.
 */
export async function readParquetCells(
  bytes: Uint8Array,
  where: string,
  decompress: Decompress,
): Promise<CellColumns> {
  try {
    const { columns, metadata } = await readParquet(bytes, decompress);
    if (columns.length < 2) throw bad("the table has no columns");
    const names = columns.map(({ name }) => name);
    const wanted = [INDEX_COLUMN, ...pandasIndex(metadata.get(PANDAS_KEY)), PANDAS_INDEX];
    const index = columns[names.indexOf(wanted.find((name) => names.includes(name)) ?? names[0])];
    return {
      obsNames: namesOf(index),
      columns: new Map(
        columns.flatMap((column) => (column === index ? [] : [[column.name, columnOf(column)] as const])),
      ),
    };
  } catch (error) {
    throw locate(error, where);
  }
}

/**
 * The column that pandas' metadata name as the index; none if it is not a column, or the metadata are not in
 * pandas' form.
 */
function pandasIndex(text: string | undefined): readonly string[] {
  if (text === undefined) return [];
  try {
    const about: unknown = JSON.parse(text);
    const index = about instanceof Object && "index_columns" in about ? about.index_columns : [];
    return Array.isArray(index) && index.length === 1 && typeof index[0] === "string" ? [index[0]] : [];
  } catch {
    return [];
  }
}

function namesOf(column: ParquetColumn): readonly string[] {
  const missing = column.kind === "text" ? column.values.indexOf(null) : column.missing.indexOf(1);
  if (missing >= 0) throw bad(`row ${missing} holds no name of a cell`, column.name);
  if (column.kind === "boolean") throw bad("the names of the cells are booleans", column.name);
  return Array.from(column.values, String);
}

function columnOf(column: ParquetColumn): Column {
  if (column.kind === "text") return { kind: "string", values: column.values };
  const missing = column.missing.includes(1) ? column.missing : null;
  return column.kind === "boolean"
    ? { kind: "boolean", values: column.values, missing }
    : { kind: "number", dtype: column.dtype, values: column.values, missing };
}

const bad = (message: string, where?: string): AtlasmtlError =>
  new AtlasmtlError("BAD_FORMAT", message, {
    ...(where === undefined ? {} : { where }),
    hint: `one column, ${INDEX_COLUMN}, the index of pandas or the first, names the cells`,
  });
