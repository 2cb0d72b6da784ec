/** Writes predictions as a Parquet file. @module */
import { ByteWriter, type ColumnSource, ParquetWriter, schemaFromColumnData } from "hyparquet-writer";
import { joinBytes } from "../core/bytes.ts";
import { createPauser, type WorkOptions } from "../core/progress.ts";
import { VERSION } from "../core/version.ts";
import { joinLastGroups } from "../formats/parquet/join-groups.ts";
import type { Predictions } from "../predict/types.ts";
import { INDEX_COLUMN, METADATA_KEY } from "../schema/columns.ts";
import { type ExportOptions, type OutputColumn, scoresOf, tableContent } from "./columns.ts";

/** Rows of one row group at most; only one column of a group at a time is converted to a JavaScript array. */
const GROUP_ROWS = 65_536;
/** Values of one row group at most, so that a table with the probabilities of many classes has shorter groups. */
const GROUP_VALUES = 1 << 21;

/**
 * The predictions as Parquet: names as text, labels as dictionary text, scores as FLOAT (a missing vote share
 * is null), flags as BOOLEAN; the metadata as JSON under `atlasmtl` in the file's key-value metadata.
 * @throws USAGE for an unknown mode; ABORTED by the signal.
 */
export async function toParquet(
  predictions: Predictions,
  options: ExportOptions = {},
  { signal }: Pick<WorkOptions, "signal"> = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const pause = createPauser(signal);
  const pieces: Uint8Array[] = [];
  for (const piece of parquetPieces(predictions, options)) {
    pieces.push(piece);
    await pause();
  }
  return joinBytes(pieces);
}

/** The bytes of {@link toParquet}, a column of a row group at a time. */
export function* parquetPieces(predictions: Predictions, options: ExportOptions): Generator<Uint8Array> {
  const { columns, metadata } = tableContent(predictions, options);
  const nRows = predictions.obsNames.length;
  const writer = new ByteWriter();
  const file = new ParquetWriter({
    writer,
    schema: schemaFromColumnData({ columnData: [...groupOf(predictions, columns, 0, 0)] }),
    kvMetadata: [{ key: METADATA_KEY, value: metadata }],
    createdBy: `atlasmtl ${VERSION}`,
  });
  const groupRows = Math.min(GROUP_ROWS, Math.ceil(GROUP_VALUES / (columns.length + 1)));
  for (let start = 0; start < nRows; start += groupRows) {
    const end = Math.min(start + groupRows, nRows);
    for (const column of groupOf(predictions, columns, start, end)) {
      file.write({ columnData: [column], rowGroupSize: groupRows });
      yield taken(writer);
    }
    joinLastGroups(file, columns.length + 1);
  }
  file.finish();
  yield taken(writer);
}

/** What was written since the last time. */
function taken(writer: ByteWriter): Uint8Array {
  const bytes = writer.getBytes().slice();
  writer.index = 0;
  return bytes;
}

/** The columns of some rows, made one by one. */
function* groupOf(
  predictions: Predictions,
  columns: readonly OutputColumn[],
  start: number,
  end: number,
): Generator<ColumnSource> {
  yield {
    name: INDEX_COLUMN,
    data: predictions.obsNames.slice(start, end),
    type: "STRING",
    nullable: false,
  };
  for (const column of columns) yield sourceOf(column, start, end);
}

function sourceOf(column: OutputColumn, start: number, end: number): ColumnSource {
  const { name } = column;
  switch (column.kind) {
    case "label": {
      const { codes, categories } = column.labels;
      const data = Array.from(codes.subarray(start, end), (code) => categories[code] ?? null);
      // It must be the same for the whole file: a value that one row group lacks may be in another.
      const nullable = codes.includes(-1);
      return { name, data, type: "STRING", nullable, encoding: "RLE_DICTIONARY" };
    }
    case "score": {
      const own = scoresOf(column, start, end);
      const data = own.some(Number.isNaN) ? Array.from(own, (x) => (Number.isNaN(x) ? null : x)) : own;
      return { name, data, type: "FLOAT" };
    }
    case "flag": {
      const data = Array.from(column.values.subarray(start, end), (x) => x === 1);
      return { name, data, type: "BOOLEAN", nullable: false };
    }
  }
}
