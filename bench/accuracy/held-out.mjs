// The cells of a run in memory, and a part of its training cells that is held out to fit something on.
import { columnStrings } from "../../build/anndata/read/column-values.js";
import { openAnnData, selectObs } from "../../build/api/index.js";
import { randomStream } from "../atlas.mjs";

/** The obs column of the donors or technologies of a task; cells of the task that has none are drawn. */
const GROUPS = {
  "PBMC, 3p → 5p": "technology",
  "PBMC, three donors held out": "donor",
  "Simulated atlas, new donors": "donor",
};

/** The cells `{ file, rows }` of a run, in memory. */
export async function cells({ file, rows }) {
  const adata = await openAnnData(file);
  const selected = await selectObs(adata, Uint32Array.from(rows));
  await adata.close();
  return selected;
}

/** The labels of a column as text. */
export async function labels(adata, column) {
  return columnStrings(await adata.obs.column(column));
}

/**
 * For each training cell of a run, whether it is held out: with `group`, those of one donor or technology, another for
 * each seed, so that they differ from the others as the query's do; else a fifth, drawn.
 */
export async function heldOut(run, training, by) {
  const column = GROUPS[run.task];
  if (by === "group" && column !== undefined) {
    const groupOf = await labels(training, column);
    const names = [...new Set(groupOf)].sort();
    return groupOf.map((name) => name === names[run.seed % names.length]);
  }
  const draw = randomStream(1000 + run.seed);
  return Array.from({ length: training.nObs }, () => draw() < 0.2);
}

/** The cells of `adata` for which `test` of the row number holds. */
export function cellsOf(adata, test) {
  return selectObs(adata, Uint32Array.from(Array.from({ length: adata.nObs }, (_, row) => row).filter(test)));
}

/** Mean and standard deviation as text; empty without values. */
export function meanText(values, digits = 3) {
  const own = values.filter((value) => Number.isFinite(value));
  if (own.length === 0) return "";
  const mean = own.reduce((sum, value) => sum + value, 0) / own.length;
  const squares = own.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return `${mean.toFixed(digits)} ± ${Math.sqrt(squares / Math.max(1, own.length - 1)).toFixed(digits)}`;
}

/** A Markdown table of rows of text, the first of which is the head. */
export function markdown([head, ...rows]) {
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}
