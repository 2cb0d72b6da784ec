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
import { type ExportOptions, type OutputColumn, scoresOf, tableContent } from "./columns.ts";

/** Rows of one record batch. */
const BATCH_ROWS = 65_536;
const BATCHES = { maxBatchRows: BATCH_ROWS };

/**
 * The predictions as an Arrow IPC file (also called Feather 2): names as utf8, labels as dictionary text,
 * scores as float32 (a missing vote share is null), flags as bool; the metadata as JSON under `atlasmtl` in
 * the schema's metadata.
 * @throws USAGE for an unknown mode.
 */
export function toArrow(predictions: Predictions, options: ExportOptions = {}): Uint8Array {
  return joinBytes(arrowPieces(predictions, options));
}

/** The bytes of {@link toArrow}; scores without a missing one are not copied, and stored ones are read when their turn comes. */
export function* arrowPieces(predictions: Predictions, options: ExportOptions): Generator<Uint8Array> {
  const { columns, metadata } = tableContent(predictions, options);
  const names = columnFromValues(predictions.obsNames, utf8(), BATCHES);
  const stored = columns.filter(isStored);
  // Stands for the values of every stored column while the table is laid out.
  const stand = new Float32Array(stored.length === 0 ? 0 : predictions.obsNames.length);
  const made = columns.map((column): [string, Column<unknown>] => [
    column.name,
    isStored(column) ? columnFromArray(stand, undefined, BATCHES) : arrowColumn(column),
  ]);
  const table = tableFromColumns([[INDEX_COLUMN, names], ...made]);
  const schema = { ...table.schema, metadata: new Map([[METADATA_KEY, metadata]]) };
  const pieces: (Uint8Array | (() => Float32Array))[] = [];
  let nStored = 0;
  const sink = {
    write(bytes: Uint8Array) {
      if (bytes.buffer !== stand.buffer) return void pieces.push(bytes);
      // Batches come one after another, each with its columns in order.
      const column = stored[nStored++ % stored.length];
      const start = bytes.byteOffset / 4;
      pieces.push(() => scoresOf(column, start, start + bytes.byteLength / 4));
    },
    pad: (n: number) => void pieces.push(new Uint8Array(n)),
    finish: () => null,
  };
  tableToIPC(new Table(schema, table.children), { format: "file", sink });
  for (const piece of pieces) yield typeof piece === "function" ? new Uint8Array(piece().buffer) : piece;
}

type StoredScores = OutputColumn & { readonly kind: "score" };

const isStored = (column: OutputColumn): column is StoredScores =>
  column.kind === "score" && column.part !== undefined;

function arrowColumn(column: OutputColumn): Column<unknown> {
  switch (column.kind) {
    case "label": {
      const { codes, categories } = column.labels;
      const each = (visit: (value: string | null) => void): void =>
        codes.forEach((code) => void visit(categories[code] ?? null));
      return columnFromValues(each, dictionary(utf8(), int32()), BATCHES);
    }
    case "score": {
      if (column.values.length > 0 && !column.values.some(Number.isNaN))
        return columnFromArray(column.values, undefined, BATCHES);
      const each = (visit: (value: number | null) => void): void =>
        column.values.forEach((value) => void visit(Number.isNaN(value) ? null : value));
      return columnFromValues(each, float32(), BATCHES);
    }
    case "flag": {
      const each = (visit: (value: boolean) => void): void =>
        column.values.forEach((value) => void visit(value === 1));
      return columnFromValues(each, bool(), BATCHES);
    }
  }
}
