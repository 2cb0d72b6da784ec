/** Writes the part of every cell to a file (docs/specification/5-benchmark.md#provenance). @module */
import { splitValidation } from "../model/validation-split.ts";
import { quotedCsv } from "../output/csv-text.ts";
import type { BenchmarkData } from "./benchmark-cells.ts";

/**
 * The lines of `split.csv`: file, cell and part, which is `train`, `validation`, `query` or `unused`. A cell that is in
 * both reference and query has two lines. `validation` cells are the reference cells that training holds out, by
 * `valFraction` and the seed of the split.
 */
export function splitCsv(
  data: BenchmarkData,
  { valFraction, splitSeed }: { readonly valFraction: number; readonly splitSeed: number | null },
): string {
  const parts = new Map<string, Map<number, string[]>>();
  const add = (path: string, row: number, part: string): void => {
    const ofFile = parts.get(path) ?? new Map<number, string[]>();
    ofFile.set(row, [...(ofFile.get(row) ?? []), part]);
    parts.set(path, ofFile);
  };
  const [reference, query] = data.files;
  const n = data.referenceRows.length;
  const { val } = splitValidation(n, splitSeed === null ? 0 : valFraction, splitSeed ?? 0);
  const heldOut = new Set(val);
  data.referenceRows.forEach((row, i) => {
    add(reference.path, row, heldOut.has(i) ? "validation" : "train");
  });
  for (const row of data.queryRows) add(query.path, row, "query");
  const lines = ["file,obs_name,part"];
  for (const path of new Set(data.files.map((file) => file.path)))
    (data.obsNames.get(path) ?? []).forEach((name, row) => {
      for (const part of parts.get(path)?.get(row) ?? ["unused"])
        lines.push(`${quotedCsv(baseName(path))},${quotedCsv(name)},${part}`);
    });
  return `${lines.join("\n")}\n`;
}

const baseName = (path: string): string => path.replace(/^.*[/\\]/, "");
