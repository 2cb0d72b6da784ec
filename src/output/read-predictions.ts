/** Reads predictions from exported files. @module */

import { openAnnData } from "../anndata/open.ts";
import { columnLabels, columnStrings } from "../anndata/read/column-values.ts";
import type { Column } from "../anndata/types.ts";
import { didYouMean } from "../core/nearest.ts";
import { readInput } from "../core/read-input.ts";
import { AtlasmtlError, locate } from "../errors.ts";
import { plainLabels } from "../predict/plain-labels.ts";
import type { LabelPrediction, PredictedLabels } from "../predict/types.ts";
import { NO_REASON, UNKNOWN } from "../predict/unknown.ts";
import {
  type ColumnKey,
  type ColumnKind,
  columnName,
  LABEL_COLUMN_ENTRIES,
  nameOf,
} from "../schema/columns.ts";
import { UNKNOWN_REASONS } from "../schema/prediction.ts";
import { MAX_TABLE_BYTES } from "./cell-columns.ts";
import { parseSetLabels } from "./set-text.ts";
import { tableReader } from "./table-formats.ts";

/** A table of columns with named cells. */
export interface CellTable {
  readonly source: string;
  readonly obsNames: readonly string[];
  readonly columns: readonly string[];
  /** @throws NOT_FOUND that names the most similar column. */
  column(name: string): Promise<Column>;
}

/**
 * Opens the obs of a dataset, or a table: `.csv` or `.tsv`, gzipped or not, whose first column names the
 * cells, or `.parquet`.
 * @throws NOT_FOUND if the file is missing, BAD_FORMAT for rows of different lengths and damaged tables,
 * UNSUPPORTED for Arrow tables and columns other than text, numbers and booleans.
 */
export async function openCellTable(path: string): Promise<CellTable> {
  const read = tableReader(path);
  if (read !== null) {
    const { obsNames, columns } = await read(await readTable(path), path);
    return tableOf(path, obsNames, columns);
  }
  const adata = await openAnnData(path);
  try {
    const { index, columns } = adata.obs;
    // Read now, so that the file can be closed.
    const held = new Map<string, Column>();
    for (const name of columns) held.set(name, await adata.obs.column(name));
    return tableOf(path, index, held);
  } finally {
    await adata.close();
  }
}

/** @throws NOT_FOUND, LIMIT. */
const readTable = async (path: string): Promise<Uint8Array> => (await readInput(path, MAX_TABLE_BYTES)).bytes;

function tableOf(
  source: string,
  obsNames: readonly string[],
  columns: ReadonlyMap<string, Column>,
): CellTable {
  const names = [...columns.keys()];
  return {
    source,
    obsNames,
    columns: names,
    async column(name) {
      const found = columns.get(name);
      if (found !== undefined) return found;
      throw new AtlasmtlError("NOT_FOUND", `there is no column "${name}"${didYouMean(name, names)}`, {
        where: source,
        hint: `the columns are ${names.slice(0, 20).join(", ")}${names.length > 20 ? ", …" : ""}`,
      });
    },
  };
}

/**
 * The prediction of each label column in a table of any write mode. Missing columns are filled in as if no
 * KNN was used and the final label was the network's.
 * @throws NOT_FOUND for a label column without predictions, BAD_DATA for scores that are not numbers and
 * invalid sets.
 */
export async function readPredictions(
  table: CellTable,
  labelColumns: readonly string[],
): Promise<LabelPrediction[]> {
  const predictions: LabelPrediction[] = [];
  // The final label of a column "set_L" has the same name as the sets of a column "L".
  const finals = new Set(labelColumns.map((column) => columnName("final", column)));
  for (const column of labelColumns) {
    const final = columnLabels(await table.column(columnName("final", column)));
    const read: Partial<LabelPrediction> = {};
    for (const [key, entry] of LABEL_COLUMN_ENTRIES) {
      const name = nameOf(entry, column);
      if (!table.columns.includes(name) || (key !== "final" && finals.has(name))) continue;
      const field = FIELDS[entry.kind](await table.column(name), `${table.source} › ${name}`);
      Object.assign(read, { [key]: field });
    }
    predictions.push({ ...leftOut(column, final, read.raw), ...read });
  }
  return predictions;
}

/** The field of a prediction for a column of one kind. */
const FIELDS: { readonly [K in ColumnKind]: (column: Column, where: string) => LabelPrediction[ColumnKey] } =
  {
    label: (column) => columnLabels(column),
    score: toScores,
    flag: toFlags,
    reason: (column) => reasonCodes(columnLabels(column)),
    set: (column, where) => parseSetLabels(columnLabels(column), where),
  };

/** Fills in the columns that a write mode left out. */
function leftOut(column: string, final: PredictedLabels, raw: PredictedLabels = final): LabelPrediction {
  const unknown = final.categories.indexOf(UNKNOWN);
  return {
    ...plainLabels(column, raw.codes, raw.categories, null),
    isUnknown: Uint8Array.from(final.codes, (code) => (code < 0 || code === unknown ? 1 : 0)),
    final,
  };
}

/** Unknown reasons of another version are ignored. */
function reasonCodes({ codes, categories }: PredictedLabels): Int32Array {
  const known = categories.map((category) => (UNKNOWN_REASONS as readonly string[]).indexOf(category));
  return codes.map((code) => known[code] ?? NO_REASON);
}

function toScores(column: Column, where: string): Float32Array {
  if (column.kind === "number")
    return Float32Array.from(column.values, (value, i) => (column.missing?.[i] ? Number.NaN : value));
  return Float32Array.from(columnStrings(column), (text, i) => {
    if (text === null) return Number.NaN;
    const value = Number(text);
    if (text.trim() === "" || Number.isNaN(value))
      throw locate(
        new AtlasmtlError("BAD_DATA", `row ${i} holds ${JSON.stringify(text)}, expected a number`),
        where,
      );
    return value;
  });
}

function toFlags(column: Column, where: string): Uint8Array {
  if (column.kind === "boolean") return column.values;
  return Uint8Array.from(columnStrings(column), (text, i) => {
    const lower = text?.toLowerCase();
    if (lower === "true" || lower === "1") return 1;
    if (lower === "false" || lower === "0") return 0;
    throw locate(
      new AtlasmtlError("BAD_DATA", `row ${i} holds ${JSON.stringify(text)}, expected True or False`),
      where,
    );
  });
}

/**
 * True labels of the cells of a prediction, matched by cell name; -1 for a cell without a true label.
 * @throws MISMATCH if no cell is in both, BAD_DATA if the true labels have a cell twice.
 */
export async function matchTruth(
  truth: CellTable,
  obsNames: readonly string[],
  columns: readonly string[],
): Promise<{ readonly labels: ReadonlyMap<string, PredictedLabels>; readonly nMatched: number }> {
  const rowOf = new Map(truth.obsNames.map((name, row) => [name, row]));
  if (rowOf.size !== truth.obsNames.length) {
    const seen = new Set<string>();
    const twice = truth.obsNames.find((name) => seen.size === seen.add(name).size);
    throw new AtlasmtlError("BAD_DATA", `the cell "${twice}" is there twice`, {
      where: truth.source,
      hint: "make the names of the cells unique",
    });
  }
  const rows = obsNames.map((name) => rowOf.get(name) ?? -1);
  const nMatched = rows.filter((row) => row >= 0).length;
  if (nMatched === 0)
    throw new AtlasmtlError(
      "MISMATCH",
      `no cell of the predictions, such as "${obsNames[0]}", is in the truth, such as "${truth.obsNames[0]}"`,
      { where: truth.source, hint: "give the file that the predictions were made for" },
    );
  const labels = new Map<string, PredictedLabels>();
  for (const column of columns) {
    const { codes, categories } = columnLabels(await truth.column(column));
    labels.set(column, {
      codes: Int32Array.from(rows, (row) => (row < 0 ? -1 : codes[row])),
      categories,
    });
  }
  return { labels, nMatched };
}
