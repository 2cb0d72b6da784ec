/** The section that compares several methods on the same cells. @module */
import { type LabelMetrics, scoreLabels } from "../../../evaluate/metrics.ts";
import { curveColour } from "../figures/risk-coverage.ts";
import { html, type Markup } from "../html.ts";
import { at, decimal, percent } from "../numbers.ts";
import type { ReportInput } from "../types.ts";

interface Row {
  readonly name: string;
  readonly metrics: LabelMetrics;
}

const COLUMNS: readonly {
  readonly name: string;
  readonly read: (metrics: LabelMetrics) => number;
  readonly show: (value: number) => string;
  /** −1 if lower is better, 0 if neither is. */
  readonly better: 1 | -1 | 0;
}[] = [
  { name: "Accuracy", read: (m) => m.accuracy, show: (v) => percent(v), better: 1 },
  { name: "Macro F1", read: (m) => m.macroF1, show: (v) => decimal(v), better: 1 },
  { name: "Balanced accuracy", read: (m) => m.balancedAccuracy, show: (v) => decimal(v), better: 1 },
  { name: "Covered", read: (m) => m.coverage, show: (v) => percent(v), better: 0 },
  { name: "Right of covered", read: (m) => m.coveredAccuracy, show: (v) => percent(v), better: 0 },
  { name: "ECE", read: (m) => m.ece, show: (v) => decimal(v), better: -1 },
  { name: "AURC", read: (m) => m.aurc, show: (v) => decimal(v, 4), better: -1 },
];

/** Tables and a figure for each level; empty for one method or without true labels. */
export function comparisonSection(input: ReportInput): Markup | null {
  const columns = [...input.truths.keys()];
  const levels = columns.map((column) => ({
    column,
    rows: input.methods.flatMap(({ name, labels }): Row[] => {
      const label = labels.find((each) => each.column === column);
      const truth = input.truths.get(column);
      if (label === undefined || truth === undefined) return [];
      return [{ name, metrics: scoreLabels(truth, label.final, label.conf) }];
    }),
  }));
  if (input.methods.length < 2 || levels.length === 0) return null;
  return html`<h2 id="comparison">Methods compared</h2>
<p class="note">All methods were given the same cells and genes. The best value of a column is bold; a dash was not measured, as the method gives no confidences.</p>
<figure class="card">${dotFigure(levels)}</figure>
${levels.map(({ column, rows }) => html`<div class="card"><table><caption>${column}</caption><thead><tr><th>Method</th>${COLUMNS.map(({ name }) => html`<th class="n">${name}</th>`)}</tr></thead><tbody>${rows.map(({ name, metrics }) => html`<tr><th scope="row">${name}</th>${COLUMNS.map((each) => html`<td class="n${isBest(each, metrics, rows) ? " best" : ""}">${each.show(each.read(metrics))}</td>`)}</tr>`)}</tbody></table></div>`)}`;
}

/** Rounded as shown, so that invisible differences do not count. */
function isBest(column: (typeof COLUMNS)[number], metrics: LabelMetrics, rows: readonly Row[]): boolean {
  if (column.better === 0 || rows.length < 2) return false;
  const values = rows.map((row) => column.read(row.metrics)).filter(Number.isFinite);
  if (values.length === 0) return false;
  const best = column.better === 1 ? Math.max(...values) : Math.min(...values);
  return column.show(column.read(metrics)) === column.show(best);
}

const WIDTH = 960;
const ROW = 21;

/** Accuracy as a dot and macro F1 as a ring, with a block of methods for each level. */
function dotFigure(levels: readonly { readonly column: string; readonly rows: readonly Row[] }[]): Markup {
  const all = levels.flatMap(({ rows }) =>
    rows.flatMap(({ metrics }) => [metrics.accuracy, metrics.macroF1]),
  );
  const low = Math.max(0, Math.floor(10 * Math.min(1, ...all.filter(Number.isFinite)) - 0.2) / 10);
  const longest = Math.max(8, ...levels.flatMap(({ rows }) => rows.map(({ name }) => name.length)));
  const left = 20 + 6.6 * longest;
  const x = (value: number): number => left + ((value - low) / Math.max(1e-9, 1 - low)) * (WIDTH - left - 24);
  const height = levels.reduce((sum, { rows }) => sum + rows.length * ROW + 34, 0);
  const nTicks = Math.max(1, Math.round((1 - low) * 10));
  const ticks = Array.from({ length: nTicks + 1 }, (_, i) => low + (i / nTicks) * (1 - low));
  let y = 4;
  const blocks = levels.map(({ column, rows }) => {
    y += 26;
    const head = html`<text x="0" y="${y - 8}" style="font-weight:600">${column}</text>`;
    const lines = rows.map(({ name, metrics }, i) => {
      const middle = y + ROW / 2;
      y += ROW;
      const text = `${name}, ${column}: accuracy ${percent(metrics.accuracy)}, macro F1 ${decimal(metrics.macroF1)}`;
      const [from, to] = [metrics.macroF1, metrics.accuracy].map((value) =>
        x(Number.isFinite(value) ? value : low),
      );
      return html`<g style="color:${curveColour(i)}"><title>${text}</title><text x="${at(left - 12)}" y="${at(middle + 4)}" text-anchor="end">${name}</text><path class="rule" d="M${at(left)} ${at(middle)}H${WIDTH - 24}"/><path stroke="currentColor" stroke-width="2" opacity="0.45" d="M${at(from)} ${at(middle)}H${at(to)}"/><circle cx="${at(to)}" cy="${at(middle)}" r="5" fill="currentColor"/><circle cx="${at(from)}" cy="${at(middle)}" r="4.5" style="fill:var(--card)" stroke="currentColor" stroke-width="2"/></g>`;
    });
    y += 8;
    return html`${head}${lines}`;
  });
  return html`<svg viewBox="0 0 ${WIDTH} ${height + 40}" width="${WIDTH}" role="img" aria-label="Accuracy and macro F1 of each method, by level; the numbers are in the tables below">
${blocks}
${ticks.map((value) => html`<text x="${at(x(value))}" y="${height + 16}" text-anchor="middle" class="soft tiny">${decimal(value, 1)}</text>`)}
<g class="soft"><circle cx="${at(left + 6)}" cy="${height + 32}" r="5" style="fill:var(--soft)"/><text x="${at(left + 16)}" y="${height + 36}" class="soft">accuracy</text><circle cx="${at(left + 90)}" cy="${height + 32}" r="4.5" style="fill:var(--card);stroke:var(--soft);stroke-width:2"/><text x="${at(left + 100)}" y="${height + 36}" class="soft">macro F1</text></g>
</svg>`;
}
