/** The section on the cells that the model is least sure of. @module */
import type { LabelPrediction, PredictedLabels } from "../../../predict/types.ts";
import { UNKNOWN } from "../../../predict/unknown.ts";
import { UNKNOWN_REASONS } from "../../../schema/prediction.ts";
import { html, type Markup, shortened } from "../html.ts";
import { decimal, whole } from "../numbers.ts";
import { REASON_TEXTS } from "../reasons.ts";
import type { ReportInput, ReportMethod } from "../types.ts";

/** Cells that are listed. */
const MAX_CELLS = 50;
/** A margin below this is between labels that are nearly as probable. */
const CLOSE = 0.1;
/** Farther than this share of held-out reference cells is unlike them. */
const FAR = 0.95;
const LONGEST_NAME = 80;

const NO_COUNTS = UNKNOWN_REASONS.indexOf("no_counts");

/** The cells with the lowest confidence on the finest level, and why; null without confidences. */
export function leastSureSection(
  { obsNames, truths }: ReportInput,
  method: ReportMethod,
  id: string,
): Markup | null {
  const finest = method.labels.at(-1);
  if (finest === undefined) return null;
  const { column, final, conf, second, secondConf, distance } = finest;
  const { cells, nEmpty } = leastSure(finest);
  if (cells.length === 0) return null;
  const truth = truths.get(column);
  const left =
    nEmpty === 0 ? "" : ` ${whole(nEmpty)} cells without counts in the model's genes are left out.`;
  return html`<h2 id="${id}unsure">The least sure cells</h2>
<p class="note">The ${whole(cells.length)} cells with the lowest confidence on the level ${column}, and what speaks against their labels.${left}${distance === undefined ? null : " The distance is the share of held-out reference cells that are nearer to their class."}</p>
<div class="card scroll" tabindex="0" role="region" aria-label="The least sure cells"><table class="long"><thead><tr><th>Cell</th><th>Label</th><th class="n">Confidence</th>${second === undefined ? null : html`<th>Second label</th><th class="n">Its share</th>`}${distance === undefined ? null : html`<th class="n">Distance</th>`}${truth === undefined ? null : html`<th>True label</th>`}<th>Why</th></tr></thead><tbody>${cells.map(
    (cell) =>
      html`<tr><th scope="row" class="code">${shortened(obsNames?.[cell] ?? `cell ${whole(cell + 1)}`, LONGEST_NAME)}</th><td>${nameOf(final, cell)}</td><td class="n">${decimal(conf[cell])}</td>${second === undefined ? null : html`<td>${nameOf(second, cell)}</td><td class="n">${decimal(secondConf?.[cell] ?? Number.NaN)}</td>`}${distance === undefined ? null : html`<td class="n">${decimal(distance[cell])}</td>`}${truth === undefined ? null : html`<td>${nameOf(truth, cell)}</td>`}<td>${reasonsOf(finest, cell).join("; ")}</td></tr>`,
  )}</tbody></table></div>`;
}

/** The cells of the lowest confidence, the first of equals; cells without counts have none that means anything. */
export function leastSure({ conf, unknownReasons }: Pick<LabelPrediction, "conf" | "unknownReasons">): {
  readonly cells: readonly number[];
  readonly nEmpty: number;
} {
  const isEmpty = (cell: number): boolean => unknownReasons[cell] === NO_COUNTS;
  const shown = conf.filter((value, cell) => !Number.isNaN(value) && !isEmpty(cell)).sort();
  const limit = shown[Math.min(MAX_CELLS, shown.length) - 1];
  const cells: number[] = [];
  let nEmpty = 0;
  conf.forEach((value, cell) => {
    if (isEmpty(cell)) nEmpty++;
    else if (value < limit) cells.push(cell);
  });
  for (let cell = 0; cell < conf.length && cells.length < Math.min(MAX_CELLS, shown.length); cell++)
    if (conf[cell] === limit && !isEmpty(cell)) cells.push(cell);
  return { cells: cells.sort((a, b) => conf[a] - conf[b] || a - b), nEmpty };
}

const nameOf = ({ codes, categories }: PredictedLabels, cell: number): string =>
  codes[cell] < 0 ? "–" : categories[codes[cell]];

function reasonsOf(label: LabelPrediction, cell: number): string[] {
  const {
    margin,
    isLowConf,
    usedKnn,
    knn,
    knnVoteFrac,
    raw,
    final,
    distance,
    nearest,
    unknownReasons,
    second,
  } = label;
  const found: string[] = [];
  const reason = UNKNOWN_REASONS[unknownReasons[cell]];
  if (nameOf(final, cell) !== nameOf(raw, cell)) found.push(`most probable is ${nameOf(raw, cell)}`);
  if (reason !== undefined) found.push(REASON_TEXTS[reason]);
  if (margin[cell] < CLOSE)
    found.push(`${second === undefined ? "another label" : nameOf(second, cell)} is nearly as probable`);
  if (usedKnn[cell] === 1 && nameOf(knn, cell) !== nameOf(raw, cell) && nameOf(knn, cell) !== UNKNOWN) {
    const share = Number.isNaN(knnVoteFrac[cell]) ? "" : ` (${decimal(knnVoteFrac[cell], 2)} of their votes)`;
    found.push(`its neighbours say ${nameOf(knn, cell)}${share}`);
  }
  if (distance !== undefined && distance[cell] >= FAR && reason !== "unlike_reference")
    found.push(
      `it is far from its class${nearest === undefined ? "" : `, nearest to ${nameOf(nearest, cell)}`}`,
    );
  if (found.length === 0)
    found.push(isLowConf[cell] === 1 ? "its confidence or margin is low" : "the confidence is not low");
  return found;
}
