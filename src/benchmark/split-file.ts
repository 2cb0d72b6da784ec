/** Writes the part of every cell to a file (docs/specification/5-benchmark.md#provenance). @module */
import { keepEveryClass, splitValidation } from "../model/validation-split.ts";
import { quotedCsv } from "../output/csv-text.ts";
import type { BenchmarkData } from "./benchmark-cells.ts";

/**
 * The lines of `split.csv`: file, cell and part, which is `train`, `validation`, `query` or `unused`. A cell that is in
 * both reference and query has two lines. `validation` cells are the reference cells that training holds out, by
 * `valFraction`, the seed of the split and, with linear views, their classes.
 */
export function splitCsv(
  data: BenchmarkData,
  {
    valFraction,
    splitSeed,
    linearViews,
  }: { readonly valFraction: number; readonly splitSeed: number | null; readonly linearViews: boolean },
): string {
  const parts = new Map<string, Map<number, string[]>>();
  const add = (path: string, row: number, part: string): void => {
    const ofFile = parts.get(path) ?? new Map<number, string[]>();
    ofFile.set(row, [...(ofFile.get(row) ?? []), part]);
    parts.set(path, ofFile);
  };
  const [reference, query] = data.files;
  const n = data.referenceRows.length;
  const labels = [...data.referenceLabels.values()];
  const drawn = splitValidation(
    n,
    splitSeed === null ? 0 : valFraction,
    splitSeed ?? 0,
    linearViews ? labels[labels.length - 1].codes : null,
  );
  const { val } = keepEveryClass(drawn, labels);
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
