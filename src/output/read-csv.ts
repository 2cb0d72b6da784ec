/** Reads a table of cells from text. @module */
import type { Column } from "../anndata/types.ts";
import { AtlasmtlError } from "../errors.ts";
import { plainBytes } from "../formats/compression/gzip.ts";
import { INDEX_COLUMN } from "../schema/columns.ts";
import { type CellColumns, MAX_TABLE_BYTES } from "./cell-columns.ts";
import { parseCsv } from "./csv-text.ts";
import { withoutGuard } from "./formulas.ts";

/**
 * Reads `.csv` or `.tsv`, gzipped or not; the first column has the names of the cells. Guards of formulas are removed.
 * @throws BAD_FORMAT for rows of different lengths and a table without columns.
 */
export function readCsvCells(bytes: Uint8Array, path: string): CellColumns {
  const plain = plainBytes(bytes, MAX_TABLE_BYTES);
  const rows = parseCsv(new TextDecoder().decode(plain), /\.tsv(\.gz)?$/i.test(path) ? "\t" : ",").map(
    (row) => row.map(withoutGuard),
  );
  const [head, ...body] = rows;
  if (head === undefined || head.length < 2)
    throw new AtlasmtlError("BAD_FORMAT", "the table has no columns", {
      where: path,
      hint: `the first line names the columns, the first of them ${INDEX_COLUMN}`,
    });
  const wrong = body.findIndex((row) => row.length !== head.length);
  if (wrong >= 0)
    throw new AtlasmtlError("BAD_FORMAT", `got ${body[wrong].length} fields, expected ${head.length}`, {
      where: `${path} › line ${wrong + 2}`,
    });
  const columns = new Map(
    head
      .slice(1)
      .map((name, c): [string, Column] => [
        name,
        { kind: "string", values: body.map((row) => (row[c + 1] === "" ? null : row[c + 1])) },
      ]),
  );
  return { obsNames: body.map((row) => row[0]), columns };
}
