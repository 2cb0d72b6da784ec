/** The section on columns that were carried over from the reference. @module */
import type { LabelPrediction, Transferred, TransferredColumn } from "../../../predict/types.ts";
import { UNKNOWN } from "../../../predict/unknown.ts";
import { barFigure } from "../figures/bars.ts";
import { html, type Markup } from "../html.ts";
import { decimal, percent, significant, whole } from "../numbers.ts";
import type { TreeLevel } from "../tree.ts";
import type { ReportMethod } from "../types.ts";

/** Categories of which bars are drawn; of more, those of most cells. */
const MAX_BARS = 30;
const NAMED = 3;

/** What the neighbours have in each column, by label of the finest level; null where nothing was carried over. */
export function carriedSection(
  transferred: Transferred | null,
  { labels }: ReportMethod,
  tree: readonly TreeLevel[],
  id: string,
): Markup | null {
  const finest = labels.at(-1);
  if (transferred === null || finest === undefined) return null;
  const rows = cellsByLabel(finest, tree[labels.length - 1]);
  return html`<h2 id="${id}carried">Carried over from the reference</h2>
<p class="note">Each cell has what its nearest reference cells have: the mean of a column of numbers, the vote on any other. A column can be carried over as far as it follows expression: look at how much the neighbours agree.</p>
${transferred.columns.map((column) =>
  column.kind === "number"
    ? numberTable(column, finest.column, rows)
    : labelTable(column, finest.column, rows),
)}`;
}

interface LabelRow {
  readonly label: string;
  readonly cells: readonly number[];
}

/** The cells of each label in the order of the hierarchy, Unknown last. */
function cellsByLabel({ final: { codes, categories } }: LabelPrediction, level: TreeLevel): LabelRow[] {
  const cells = new Map<string, number[]>();
  codes.forEach((code, cell) => {
    if (code < 0) return;
    const label = categories[code];
    const own = cells.get(label);
    if (own === undefined) cells.set(label, [cell]);
    else own.push(cell);
  });
  return [...level.labels.map(({ name }) => name), UNKNOWN].flatMap((label) => {
    const own = cells.get(label);
    return own === undefined ? [] : [{ label, cells: own }];
  });
}

function numberTable(
  { column, mean, spread }: TransferredColumn & { readonly kind: "number" },
  level: string,
  rows: readonly LabelRow[],
): Markup {
  return html`<div class="card"><table class="long"><caption>${column}: the mean over the cells of each label of ${level}, how much cells differ, and how much the neighbours of a cell do</caption><thead><tr><th>${level}</th><th class="n">Cells</th><th class="n">Mean</th><th class="n">Standard deviation between cells</th><th class="n">Mean spread of neighbours</th></tr></thead><tbody>${rows.map(
    ({ label, cells }) => {
      const own = momentsOf(cells, mean);
      return html`<tr><th scope="row">${label}</th><td class="n">${whole(own.n)}</td><td class="n">${significant(own.mean)}</td><td class="n">${significant(own.deviation)}</td><td class="n">${significant(momentsOf(cells, spread).mean)}</td></tr>`;
    },
  )}</tbody></table></div>`;
}

function labelTable(
  { column, labels: { codes, categories }, share }: TransferredColumn & { readonly kind: "label" },
  level: string,
  rows: readonly LabelRow[],
): Markup {
  const countsOf = (cells: Iterable<number>) => {
    const counts = new Map<string, number>();
    let n = 0;
    for (const cell of cells) {
      if (codes[cell] < 0) continue;
      const name = categories[codes[cell]];
      counts.set(name, (counts.get(name) ?? 0) + 1);
      n++;
    }
    return { n, most: [...counts].sort((a, b) => b[1] - a[1]) };
  };
  const all = countsOf(codes.keys());
  const bars = all.most.slice(0, MAX_BARS).map(([name, count]) => ({
    name,
    parts: [
      {
        share: count / all.n,
        colour: "var(--accent)",
        title: `${name}: ${whole(count)} of ${whole(all.n)} cells`,
      },
    ],
    end: `${percent(count / all.n)} of ${whole(all.n)}`,
  }));
  return html`<figure class="card"><figcaption>${column} of the nearest reference cells</figcaption>${barFigure(bars, `${column} carried over. By label, the numbers are in the table below.`)}${all.most.length > MAX_BARS ? html`<p class="note">The ${MAX_BARS} most frequent of ${whole(all.most.length)}.</p>` : null}</figure>
<div class="card"><table class="long"><caption>${column}: what the cells of each label of ${level} got most often, and the share of the vote that it had</caption><thead><tr><th>${level}</th><th class="n">Cells</th><th>Most frequent</th><th class="n">Mean share of the vote</th></tr></thead><tbody>${rows.map(
    ({ label, cells }) => {
      const { n, most } = countsOf(cells);
      const named = most.slice(0, NAMED).map(([name, count]) => `${name} ${percent(count / n, 0)}`);
      return html`<tr><th scope="row">${label}</th><td class="n">${whole(n)}</td><td>${named.join(", ")}</td><td class="n">${decimal(momentsOf(cells, share).mean)}</td></tr>`;
    },
  )}</tbody></table></div>`;
}

/** Of the cells that have a value. */
function momentsOf(cells: readonly number[], values: Float32Array) {
  const known = cells.filter((cell) => !Number.isNaN(values[cell]));
  const n = known.length;
  const mean = known.reduce((sum, cell) => sum + values[cell], 0) / n;
  const squares = known.reduce((sum, cell) => sum + (values[cell] - mean) ** 2, 0);
  return { n, mean, deviation: Math.sqrt(squares / n) };
}
