/** Tables of R (`data.frame` and Bioconductor's `DFrame`) as tables of cells or genes. @module */
import { AtlasmtlError, locate, type Notice } from "../../../errors.ts";
import { NA_INTEGER } from "../../../formats/rds/numbers.ts";
import type { RFile } from "../../../formats/rds/open.ts";
import type { RValue, RVector } from "../../../formats/rds/types.ts";
import { SLOT } from "../../../schema/r-objects.ts";
import { frame } from "../../read/dataframe.ts";
import type { Column, DataFrame } from "../../types.ts";
import { classOf, integersOf, itemsOf, namesOf, slot, textsOf } from "./objects.ts";

/** The columns of a table, and the names of its rows where it has any. */
export interface RTable {
  readonly columns: ReadonlyMap<string, RValue>;
  readonly rowNames: readonly string[] | null;
}

export async function tableOf(file: RFile, value: RValue): Promise<RTable> {
  const rowNames = await namesOf(file, slot(value, "row.names") ?? slot(value, SLOT.rowNames));
  return { columns: await itemsOf(file, value), rowNames };
}

/** Rows of a table that a frame consists of; null for all of them in order. */
export type Rows = Int32Array | null;

/** The rows named `wanted` of a table with rows `names`. @throws BAD_DATA for a name that is not there. */
export function rowsNamed(names: readonly string[] | null, wanted: readonly string[], where: string): Rows {
  if (names === null || (names.length === wanted.length && names.every((name, i) => name === wanted[i])))
    return null;
  const rowOf = new Map(names.map((name, row) => [name, row]));
  return Int32Array.from(wanted, (name) => {
    const row = rowOf.get(name);
    if (row !== undefined) return row;
    throw new AtlasmtlError("BAD_DATA", `there is no row "${name}"`, {
      where,
      hint: "in R, check the object: validObject(x)",
    });
  });
}

/** A frame with these row names; columns of a kind that no table of AnnData has are left out, with a notice. */
export async function frameOf(
  file: RFile,
  where: string,
  index: readonly string[],
  columns: ReadonlyMap<string, RValue>,
  rows: Rows,
): Promise<{ readonly frame: DataFrame; readonly notices: readonly Notice[] }> {
  const kept = new Map<string, RValue>();
  const left: string[] = [];
  for (const [name, value] of columns) {
    if (name !== "" && (await isColumn(file, value))) kept.set(name, value);
    else left.push(name);
  }
  const notices: Notice[] =
    left.length === 0
      ? []
      : [
          {
            message: `left out columns of a kind that no table has here: ${left.slice(0, 5).join(", ")}`,
            where,
          },
        ];
  const made = await frame({
    where,
    length: index.length,
    columns: [...kept.keys()],
    readIndex: async () => index,
    readColumn: async (name) => picked(await columnOf(file, kept.get(name)!), rows),
  });
  return { frame: made, notices };
}

async function isColumn(file: RFile, value: RValue): Promise<boolean> {
  if (value?.kind === "s4")
    return isColumnVector(slot(value, SLOT.values)) && slot(value, SLOT.lengths) !== null;
  if (!isColumnVector(value)) return false;
  const shape = await integersOf(file, slot(value, "dim"));
  if (shape?.slice(1).some((n) => n !== 1)) return false;
  return !(await classOf(file, value)).names.includes("integer64");
}

const isColumnVector = (value: RValue): value is RVector =>
  value?.kind === "vector" && ["logical", "integer", "real", "string"].includes(value.type);

/** A vector or factor, also one that is stored by runs (`Rle`). */
async function columnOf(file: RFile, value: RValue): Promise<Column> {
  if (value?.kind === "vector") return vectorColumn(file, value);
  const values = slot(value, SLOT.values);
  const lengths = slot(value, SLOT.lengths);
  if (values?.kind !== "vector" || lengths?.kind !== "vector")
    throw new AtlasmtlError("BAD_FORMAT", "the column has no values");
  const runs = Float64Array.from(await file.numbers(lengths));
  const total = runs.reduce((sum, n) => sum + n, 0);
  if (runs.length !== values.length || !runs.every((n) => n >= 0) || total > MAX_RUN_ROWS)
    throw new AtlasmtlError("BAD_DATA", `${runs.length} runs of ${values.length} values are ${total} rows`);
  const rows = new Int32Array(total);
  let at = 0;
  runs.forEach((n, run) => {
    rows.fill(run, at, at + n);
    at += n;
  });
  return picked(await vectorColumn(file, values), rows);
}

/** Rows of a column that is stored by runs. */
const MAX_RUN_ROWS = 1 << 26;

async function vectorColumn(file: RFile, vector: RVector): Promise<Column> {
  if (vector.type === "string") return { kind: "string", values: await file.strings(vector) };
  const values = await file.numbers(vector);
  const { names } = await classOf(file, vector);
  const levels = await textsOf(file, slot(vector, "levels"));
  if (levels !== null && names.includes("factor"))
    return {
      kind: "categorical",
      codes: Int32Array.from(values, (code) => factorCode(code, levels.length)),
      categories: levels.map((level) => level ?? "NA"),
      ordered: names.includes("ordered"),
    };
  const missing = values instanceof Int32Array ? missingOf(values) : null;
  if (vector.type === "logical")
    return { kind: "boolean", values: Uint8Array.from(values, (value) => (value === 1 ? 1 : 0)), missing };
  return {
    kind: "number",
    dtype: values instanceof Int32Array ? "int32" : "float64",
    values: Float64Array.from(values),
    missing,
  };
}

/** R counts levels from 1. */
function factorCode(code: number, nLevels: number): number {
  if (code === NA_INTEGER) return -1;
  if (code >= 1 && code <= nLevels) return code - 1;
  throw new AtlasmtlError("BAD_DATA", `a factor of ${nLevels} levels has the code ${code}`);
}

function missingOf(values: Int32Array): Uint8Array | null {
  return values.includes(NA_INTEGER)
    ? Uint8Array.from(values, (value) => (value === NA_INTEGER ? 1 : 0))
    : null;
}

function picked(column: Column, rows: Rows): Column {
  if (rows === null) return column;
  const length = column.kind === "categorical" ? column.codes.length : column.values.length;
  if (rows.some((row) => row >= length))
    throw new AtlasmtlError("BAD_DATA", `the column has ${length} values, and more rows are named`);
  switch (column.kind) {
    case "categorical":
      return { ...column, codes: rows.map((row) => column.codes[row]) };
    case "string":
      return { ...column, values: Array.from(rows, (row) => column.values[row]) };
    case "boolean":
      return {
        ...column,
        values: pickedBytes(column.values, rows),
        missing: pickedMask(column.missing, rows),
      };
    case "number":
      return {
        ...column,
        values: Float64Array.from(rows, (row) => column.values[row]),
        missing: pickedMask(column.missing, rows),
      };
  }
}

const pickedBytes = (values: Uint8Array, rows: Int32Array): Uint8Array =>
  Uint8Array.from(rows, (row) => values[row]);

const pickedMask = (mask: Uint8Array | null, rows: Int32Array): Uint8Array | null =>
  mask === null ? null : pickedBytes(mask, rows);

/** Locates what `work` throws. */
export async function located<T>(where: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw locate(error, where);
  }
}
