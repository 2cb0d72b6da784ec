/**
 * Reads dense matrices as text (`.csv`, `.tsv`, `.txt`, gzipped or not): a line per cell, or per gene with an
 * option. @module
 */
import { platform } from "#platform";
import type { FileInput } from "../../core/bytes.ts";
import { locate, notice, option, phrase } from "../../errors.ts";
import { type Delimited, openDelimited } from "../../formats/text/delimited.ts";
import type { EntryBatch } from "../../formats/text/entries.ts";
import { looksLikeGenes } from "../inspect/gene-names.ts";
import { matrixOf } from "../read/matrix.ts";
import type { AnnData, Notice } from "../types.ts";
import { type EntrySurvey, entryArrays } from "./entry-matrix.ts";
import { namedFrame, oneMatrix } from "./one-matrix.ts";
import type { OpenOptions, Probe } from "./probe.ts";

/** The dataset of a table. @throws BAD_FORMAT for text that is no table of numbers. */
export async function openTextTable(
  probed: Probe,
  { genesIn = "columns" }: OpenOptions,
  format: string,
): Promise<AnnData> {
  const { name } = probed;
  const input = probed.input!;
  const table = await openTable(input, name);
  const inRows = genesIn === "rows";
  const { names, survey } = await surveyTable(table, inRows, name);
  const [cells, genes] = inRows ? [table.columns, names] : [names, table.columns];
  const obs = await namedFrame(`${name} › obs`, { index: cells });
  const vars = await namedFrame(`${name} › var`, { index: genes });
  return oneMatrix({
    source: name,
    input,
    format,
    obs,
    var: vars,
    notices: turned(cells, genes, genesIn, name),
    matrix: async () =>
      matrixOf({
        name: "X",
        where: name,
        dtype: "float64",
        nStored: null,
        arrays: entryArrays({
          storage: "dense",
          nCells: cells.length,
          scan: (signal) => scan(table, inRows, name, signal),
          survey,
        }),
        frame: {
          nRows: cells.length,
          nCols: genes.length,
          rowNames: async () => cells,
          columnNames: async () => genes,
        },
      }),
  });
}

async function openTable(input: FileInput, name: string): Promise<Delimited> {
  try {
    return await openDelimited(() => platform.openFile(input));
  } catch (error) {
    throw locate(error, name);
  }
}

/** One pass: the names of the lines, and the number of nonzero values of each cell. */
async function surveyTable(
  table: Delimited,
  inRows: boolean,
  where: string,
): Promise<{ names: string[]; survey: EntrySurvey }> {
  const names: string[] = [];
  const counts: number[] = inRows ? table.columns.map(() => 0) : [];
  try {
    for await (const { name, values } of table.rows()) {
      names.push(name);
      let count = 0;
      for (let i = 0; i < values.length; i++) {
        if (values[i] === 0) continue;
        if (inRows) counts[i]++;
        else count++;
      }
      if (!inRows) counts.push(count);
    }
  } catch (error) {
    throw locate(error, where);
  }
  return { names, survey: { counts: Uint32Array.from(counts), isSorted: !inRows } };
}

/** The nonzero values, in the order of the file. */
async function* scan(
  table: Delimited,
  inRows: boolean,
  where: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<EntryBatch> {
  const n = table.columns.length;
  const [lines, columns] = [new Int32Array(n), new Int32Array(n)];
  const values = new Float32Array(n);
  let line = 0;
  try {
    for await (const row of table.rows(signal)) {
      let length = 0;
      for (let i = 0; i < n; i++) {
        const value = row.values[i];
        if (value === 0) continue;
        lines[length] = line;
        columns[length] = i;
        values[length] = value;
        length++;
      }
      line++;
      yield { length, cells: inRows ? columns : lines, genes: inRows ? lines : columns, values };
    }
  } catch (error) {
    throw locate(error, where);
  }
}

/** A notice if the other orientation looks right. */
function turned(
  cells: readonly string[],
  genes: readonly string[],
  genesIn: NonNullable<OpenOptions["genesIn"]>,
  where: string,
): Notice[] {
  if (!looksLikeGenes(cells) || looksLikeGenes(genes)) return [];
  const other = genesIn === "columns" ? "rows" : "columns";
  return [
    notice(`the names of the cells look like genes: ${cells.slice(0, 3).join(", ")}`, {
      where,
      hint: phrase`read it with ${option("genesIn", other)} if that is where its genes are`,
    }),
  ];
}
