/** Compares a table that a page made with the one the Python implementation made. */
import type { GoldenCase } from "../../helpers/golden-tables.ts";

const TOLERANCE = 2e-4;
const SURE_MARGIN = 1e-4;
/** The columns that the Python implementation does not have. */
const OUR_OWN = /^(unknown_reason|second|second_conf)_/;

/** Cells, by column, that are not as expected: labels wherever the margin exceeds 1e-4, numbers to 2e-4. */
export function tableDifferences(csv: string, golden: GoldenCase): Readonly<Record<string, number>> {
  const [header, ...rows] = csv
    .trimEnd()
    .split("\n")
    .map((line) => line.split(","))
    .map((cells, _, [first]) => cells.filter((_, c) => !OUR_OWN.test(first[c])));
  const differing: Record<string, number> = {};
  const names = ["", ...golden.columns.keys()];
  const labels = names.filter((name) => name.startsWith("margin_")).map((name) => name.slice(7));
  if (rows.some((row, i) => row[0] !== golden.index[i]) || rows.length !== golden.index.length)
    differing.index = rows.length;
  if (header.slice(1).join() !== names.slice(1).join()) differing.header = 1;
  for (const [c, name] of names.entries()) {
    if (c === 0) continue;
    const label = labels.find((column) => name.includes(column));
    const margins = golden.columns.get(`margin_${label}`);
    if (margins === undefined) throw new Error(`column ${name} has no margin`);
    const expected = golden.columns.get(name) ?? [];
    const bad = rows.filter((row, i) => {
      const [got, want] = [row[c], expected[i]];
      if (got === want) return false;
      if (got === "" || want === "") return true;
      const [x, y] = [Number(got), Number(want)];
      if (Number.isFinite(x) && Number.isFinite(y)) return !(Math.abs(x - y) <= TOLERANCE);
      return Number(margins[i]) > SURE_MARGIN;
    });
    if (bad.length > 0) differing[name] = bad.length;
  }
  return differing;
}
