/** Writes predictions as an Arrow table. @module */
import {
  bool,
  type Column,
  columnFromArray,
  columnFromValues,
  dictionary,
  float32,
  int32,
  Table,
  tableFromColumns,
  tableToIPC,
  utf8,
} from "@uwdata/flechette";
import { joinBytes } from "../core/bytes.ts";
import type { Predictions } from "../predict/types.ts";
import { INDEX_COLUMN, METADATA_KEY } from "../schema/columns.ts";
import { type ExportOptions, type OutputColumn, tableContent } from "./columns.ts";

/** Rows of one record batch. */
const BATCH_ROWS = 65_536;

/**
 * The predictions as an Arrow IPC file (also called Feather 2): names as utf8, labels as dictionary text,
 * scores as float32 (a missing vote share is null), flags as bool; the metadata as JSON under `atlasmtl` in
 * the schema's metadata.
 * @throws USAGE for an unknown mode.
 */
export function toArrow(predictions: Predictions, options: ExportOptions = {}): Uint8Array {
  return joinBytes(arrowPieces(predictions, options));
}

/** The bytes of {@link toArrow}; scores without a missing one are not copied. */
export function arrowPieces(predictions: Predictions, options: ExportOptions): Uint8Array[] {
  const { columns, metadata } = tableContent(predictions, options);
  const names = columnFromValues(predictions.obsNames, utf8(), { maxBatchRows: BATCH_ROWS });
  const made = columns.map((column): [string, Column<unknown>] => [column.name, arrowColumn(column)]);
  const table = tableFromColumns([[INDEX_COLUMN, names], ...made]);
  const schema = { ...table.schema, metadata: new Map([[METADATA_KEY, metadata]]) };
  const pieces: Uint8Array[] = [];
  const sink = {
    write: (bytes: Uint8Array) => void pieces.push(bytes),
    pad: (n: number) => void pieces.push(new Uint8Array(n)),
    finish: () => null,
  };
  tableToIPC(new Table(schema, table.children), { format: "file", sink });
  return pieces;
}

function arrowColumn(column: OutputColumn): Column<unknown> {
  const options = { maxBatchRows: BATCH_ROWS };
  switch (column.kind) {
    case "label": {
      const { codes, categories } = column.labels;
      const each = (visit: (value: string | null) => void): void =>
        codes.forEach((code) => void visit(categories[code] ?? null));
      return columnFromValues(each, dictionary(utf8(), int32()), options);
    }
    case "score": {
      if (column.values.length > 0 && !column.values.some(Number.isNaN))
        return columnFromArray(column.values, undefined, options);
      const each = (visit: (value: number | null) => void): void =>
        column.values.forEach((value) => void visit(Number.isNaN(value) ? null : value));
      return columnFromValues(each, float32(), options);
    }
    case "flag": {
      const each = (visit: (value: boolean) => void): void =>
        column.values.forEach((value) => void visit(value === 1));
      return columnFromValues(each, bool(), options);
    }
  }
}
