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
  const rows = parseCsv(new TextDecoder().decode(plain), /\.tsv(\.gz)?$/i.test(path) ? "\t" : ",");
  const head = rows.next().value?.map(withoutGuard);
  if (head === undefined || head.length < 2)
    throw new AtlasmtlError("BAD_FORMAT", "the table has no columns", {
      where: path,
      hint: `the first line names the columns, the first of them ${INDEX_COLUMN}`,
    });
  const fields = head.map(fieldKeeper);
  let line = 1;
  for (const row of rows) {
    line++;
    if (row.length !== head.length)
      throw new AtlasmtlError("BAD_FORMAT", `got ${row.length} fields, expected ${head.length}`, {
        where: `${path} › line ${line}`,
      });
    for (let c = 0; c < row.length; c++) fields[c].add(withoutGuard(row[c]));
  }
  const [names, ...columns] = fields.map(({ values }) => values);
  return {
    obsNames: names,
    columns: new Map(
      columns.map((values, c): [string, Column] => [
        head[c + 1],
        { kind: "string", values: values.map((value) => (value === "" ? null : value)) },
      ]),
    ),
  };
}

/** Distinct texts of a column of which each is kept once: labels are few, scores are not. */
const MAX_SHARED = 4096;

/** Keeps the fields of one column. A million cells of one type need one text. */
function fieldKeeper(): { readonly values: string[]; add(text: string): void } {
  const values: string[] = [];
  const shared = new Map<string, string>();
  return {
    values,
    add(text) {
      if (shared.size >= MAX_SHARED) {
        values.push(text);
        return;
      }
      const known = shared.get(text);
      if (known === undefined) shared.set(text, text);
      values.push(known ?? text);
    },
  };
}
