/** Writes predictions as comma-separated text, in pieces. @module */
import { Gzip } from "fflate";
import { pythonFloat32 } from "../core/float-text.ts";
import type { Predictions } from "../predict/types.ts";
import { INDEX_COLUMN } from "../schema/columns.ts";
import { type CsvOptions, type OutputColumn, scoresOf, tableColumns } from "./columns.ts";
import { quotedCsv } from "./csv-text.ts";
import { guardFormula } from "./formulas.ts";

/** Rows of one piece. */
const PIECE_ROWS = 4096;

/**
 * The predictions as UTF-8 CSV (RFC 4180 quoting, lines end in `\n`), as pandas writes a data frame: the
 * index first, `True`/`False`, the shortest float32 text, empty for NaN.
 *
 * The text is made piece by piece, so it need not be in memory as a whole.
 * @throws USAGE for an unknown mode.
 */
export function toCsv(predictions: Predictions, options: CsvOptions = {}): Generator<Uint8Array> {
  const field: Field = options.guardFormulas === true ? (text) => quotedCsv(guardFormula(text)) : quotedCsv;
  return csvPieces(predictions, tableColumns(predictions, options), field);
}

/** How a text is written. */
type Field = (text: string) => string;

function* csvPieces(
  predictions: Predictions,
  columns: readonly OutputColumn[],
  field: Field,
): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  const { obsNames } = predictions;
  const cells = columns.map((column) => cellText(column, field));
  yield encoder.encode(`${[INDEX_COLUMN, ...columns.map(({ name }) => name)].map(field).join(",")}\n`);
  for (let start = 0; start < obsNames.length; start += PIECE_ROWS) {
    const end = Math.min(start + PIECE_ROWS, obsNames.length);
    const own = cells.map((cell) => cell(start, end));
    let text = "";
    for (let i = start; i < end; i++) {
      text += field(obsNames[i]);
      for (const cell of own) text += `,${cell(i)}`;
      text += "\n";
    }
    yield encoder.encode(text);
  }
}

/** The text of one column in a given row of those from `start` to `end`. */
function cellText(
  column: OutputColumn,
  field: Field,
): (start: number, end: number) => (row: number) => string {
  switch (column.kind) {
    case "label": {
      const { codes, categories } = column.labels;
      const texts = categories.map(field);
      return () => (row) => texts[codes[row]] ?? "";
    }
    case "score":
      return (start, end) => {
        const own = scoresOf(column, start, end);
        return (row) => (Number.isNaN(own[row - start]) ? "" : pythonFloat32(own[row - start]));
      };
    case "flag":
      return () => (row) => (column.values[row] === 1 ? "True" : "False");
  }
}

/** The pieces compressed with gzip. No time is stored, so the same input gives the same bytes. */
export function* gzipPieces(pieces: Iterable<Uint8Array>): Generator<Uint8Array> {
  const ready: Uint8Array[] = [];
  const gzip = new Gzip({ level: 6, mtime: 0 }, (bytes) => {
    ready.push(bytes);
  });
  for (const piece of pieces) {
    gzip.push(piece);
    yield* ready.splice(0);
  }
  gzip.push(new Uint8Array(0), true);
  yield* ready.splice(0);
}
