/** The section on groups of cells, such as donors. @module */
import { compareCodePoints } from "../../../core/order.ts";
import { scoreLabels } from "../../../evaluate/metrics.ts";
import type { LabelPrediction, PredictedLabels } from "../../../predict/types.ts";
import { UNKNOWN } from "../../../predict/unknown.ts";
import { barFigure } from "../figures/bars.ts";
import { html, type Markup } from "../html.ts";
import { decimal, percent, whole } from "../numbers.ts";
import type { ReportInput, ReportMethod } from "../types.ts";

/** Groups of which bars are drawn; of more, those with the largest share of Unknown. */
const MAX_BARS = 30;
/** Rows of the table; of more, those with most cells. */
const MAX_ROWS = 1000;
const NAMED_LABELS = 3;

interface GroupRow {
  readonly group: string;
  readonly n: number;
  readonly unknown: number;
  readonly confidence: number;
  /** The most frequent labels and their shares. */
  readonly most: readonly string[];
  readonly nLabels: number;
  /** NaN without true labels. */
  readonly accuracy: number;
}

/** Unknown, confidence and the most frequent labels of each group, on the finest level; null without groups. */
export function byGroupSection(
  { groups, truths }: ReportInput,
  { labels }: ReportMethod,
  id: string,
): Markup | null {
  const finest = labels.at(-1);
  if (groups === null || finest === undefined) return null;
  const truth = truths.get(finest.column);
  const rows = cellsByGroup(groups.labels).map(({ group, cells }) => groupRow(group, cells, finest, truth));
  if (rows.length === 0) return null;
  const { name } = groups;
  const worst = [...rows].sort((a, b) => b.unknown / b.n - a.unknown / a.n).slice(0, MAX_BARS);
  const largest = new Set([...rows].sort((a, b) => b.n - a.n).slice(0, MAX_ROWS));
  const bars = worst.map(({ group, n, unknown }) => ({
    name: group,
    parts: [
      {
        share: unknown / n,
        colour: "var(--mute)",
        title: `${group}: ${whole(unknown)} of ${whole(n)} cells are Unknown`,
      },
    ],
    end: `${percent(unknown / n)} of ${whole(n)}`,
  }));
  return html`<h2 id="${id}by">The cells by ${name}</h2>
<p class="note">On the level ${finest.column}. A value of ${name} whose cells are less sure or more often Unknown than the others is worth a look.</p>
<figure class="card"><figcaption>Unknown on the level ${finest.column}, by ${name}</figcaption>${barFigure(bars, `Unknown by ${name}. The numbers are in the table below.`)}${rows.length > MAX_BARS ? html`<p class="note">The ${MAX_BARS} of ${whole(rows.length)} groups with the largest shares.</p>` : null}</figure>
<div class="card"><table class="long"><caption>Each value of ${name}${rows.length > MAX_ROWS ? `: the ${whole(MAX_ROWS)} of ${whole(rows.length)} with most cells` : null}</caption><thead><tr><th>${name}</th><th class="n">Cells</th>${truth === undefined ? null : html`<th class="n">Right</th>`}<th class="n">Mean confidence</th><th class="n">Unknown cells</th><th class="n">Unknown</th><th class="n">Labels</th><th>Most frequent labels</th></tr></thead><tbody>${rows
    .filter((row) => largest.has(row))
    .map(
      ({ group, n, unknown, confidence, most, nLabels, accuracy }) =>
        html`<tr><th scope="row">${group}</th><td class="n">${whole(n)}</td>${truth === undefined ? null : html`<td class="n">${percent(accuracy)}</td>`}<td class="n">${decimal(confidence)}</td><td class="n">${whole(unknown)}</td><td class="n">${percent(unknown / n)}</td><td class="n">${whole(nLabels)}</td><td>${most.join(", ")}</td></tr>`,
    )}</tbody></table></div>`;
}

function groupRow(
  group: string,
  cells: Uint32Array,
  { final, conf, isUnknown }: LabelPrediction,
  truth: PredictedLabels | undefined,
): GroupRow {
  const counts = new Map<string, number>();
  let [unknown, sure, nSure] = [0, 0, 0];
  for (const cell of cells) {
    unknown += isUnknown[cell];
    const label = final.categories[final.codes[cell]];
    if (label !== undefined && label !== UNKNOWN) counts.set(label, (counts.get(label) ?? 0) + 1);
    if (Number.isNaN(conf[cell])) continue;
    sure += conf[cell];
    nSure++;
  }
  const n = cells.length;
  const most = [...counts].sort(([a, m], [b, n]) => n - m || compareCodePoints(a, b)).slice(0, NAMED_LABELS);
  const part = ({ codes, categories }: PredictedLabels): PredictedLabels => ({
    codes: Int32Array.from(cells, (cell) => codes[cell]),
    categories,
  });
  return {
    group,
    n,
    unknown,
    confidence: nSure === 0 ? Number.NaN : sure / nSure,
    most: most.map(([label, count]) => `${label} ${percent(count / n, 0)}`),
    nLabels: counts.size,
    accuracy: truth === undefined ? Number.NaN : scoreLabels(part(truth), part(final), null).accuracy,
  };
}

/** The cells of each group that has some; a cell without a value is in none. */
function cellsByGroup({ codes, categories }: PredictedLabels) {
  const sizes = new Uint32Array(categories.length);
  for (const code of codes) if (code >= 0) sizes[code]++;
  const cells = categories.map((_, code) => new Uint32Array(sizes[code]));
  const filled = new Uint32Array(categories.length);
  codes.forEach((code, cell) => {
    if (code >= 0) cells[code][filled[code]++] = cell;
  });
  return categories
    .map((group, code) => ({ group, cells: cells[code] }))
    .filter(({ cells: own }) => own.length > 0);
}
