/** Reads a table of cells from an Arrow IPC file, also called Feather 2. @module */
import { type Table, tableFromIPC } from "@uwdata/flechette";
import type { Column } from "../anndata/types.ts";
import { AtlasmtlError } from "../errors.ts";
import { INDEX_COLUMN } from "../schema/columns.ts";
import type { CellColumns } from "./cell-columns.ts";

/**
 * Reads text, numbers and booleans. The column `obs_name`, else the first column, has the names of the cells.
 * `where` is the file.
 * @throws BAD_FORMAT if it is not an Arrow table, or has compressed buffers, cells without a name or columns
 * of different lengths; UNSUPPORTED for a column of another type.
 */
export function readArrowCells(bytes: Uint8Array, where: string): CellColumns {
  const table = parse(bytes, where);
  const names = table.names.map(String);
  const at = Math.max(0, names.indexOf(INDEX_COLUMN));
  const values = table.children.map((column, c) => {
    const list = valuesOf(column, `${where} › ${names[c]}`);
    if (list.length === table.children[at].length) return list;
    throw bad(`got ${list.length} values, expected ${table.children[at].length}`, `${where} › ${names[c]}`);
  });
  if (values.length < 2) throw bad("the table has no columns", where);
  const obsNames = values[at].map((name, row) => {
    if (typeof name === "string" || typeof name === "number") return String(name);
    throw bad(`row ${row} holds no name of a cell`, `${where} › ${names[at]}`);
  });
  const columns = new Map<string, Column>();
  for (const [c, name] of names.entries())
    if (c !== at) columns.set(name, columnOf(values[c], `${where} › ${name}`));
  return { obsNames, columns };
}

/** The first and last bytes of the file format; streams do not have them. */
const MAGIC = "ARROW1";

function parse(bytes: Uint8Array, where: string): Table {
  const isMagic = (part: Uint8Array): boolean => String.fromCharCode(...part) === MAGIC;
  if (!isMagic(bytes.subarray(0, MAGIC.length))) throw unreadable(`it does not start with ${MAGIC}`, where);
  // The footer, which locates everything else, is followed by its length and the last bytes.
  const end = bytes.length - MAGIC.length - 4;
  const footer =
    end < MAGIC.length ? -1 : new DataView(bytes.buffer, bytes.byteOffset + end, 4).getInt32(0, true);
  if (!isMagic(bytes.subarray(-MAGIC.length)) || footer <= 0 || footer > end - MAGIC.length)
    throw unreadable("its end is missing or damaged", where);
  try {
    return tableFromIPC(bytes);
  } catch (error) {
    throw unreadable(error, where);
  }
}

/** Buffers are decoded while they are read. */
function valuesOf(column: Iterable<unknown>, where: string): readonly unknown[] {
  try {
    return Array.from(column, (value) => (typeof value === "bigint" ? Number(value) : (value ?? null)));
  } catch (error) {
    throw unreadable(error, where);
  }
}

function columnOf(values: readonly unknown[], where: string): Column {
  const first = values.find((value) => value !== null);
  const kind = first === undefined ? "string" : typeof first;
  const row = values.findIndex((value) => value !== null && typeof value !== kind);
  if (!["string", "number", "boolean"].includes(kind) || row >= 0)
    throw new AtlasmtlError("UNSUPPORTED", "the column holds neither text, numbers nor booleans", {
      where,
      hint: "leave the column out, or write it as text",
    });
  if (kind === "string")
    return { kind: "string", values: values.map((value) => (value === null ? null : String(value))) };
  const missing = values.includes(null) ? Uint8Array.from(values, (value) => (value === null ? 1 : 0)) : null;
  return kind === "boolean"
    ? { kind: "boolean", values: Uint8Array.from(values, (value) => (value === true ? 1 : 0)), missing }
    : {
        kind: "number",
        dtype: "float64",
        values: Float64Array.from(values, (value) => (value === null ? Number.NaN : Number(value))),
        missing,
      };
}

function unreadable(cause: unknown, where: string): AtlasmtlError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new AtlasmtlError("BAD_FORMAT", `the Arrow table cannot be read: ${reason}`, {
    where,
    hint: "write it as an uncompressed Arrow IPC file (Feather 2), or as .csv",
    cause,
  });
}

const bad = (message: string, where: string): AtlasmtlError =>
  new AtlasmtlError("BAD_FORMAT", message, {
    where,
    hint: `one column, ${INDEX_COLUMN} or the first, names the cells`,
  });
