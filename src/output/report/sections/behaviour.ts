/** The section on Unknown and the KNN vote. @module */

import { type BehaviourMetrics, scoreBehaviour } from "../../../evaluate/behaviour.ts";
import type { LabelPrediction } from "../../../predict/types.ts";
import { UNKNOWN_REASONS, type UnknownReason } from "../../../schema/prediction.ts";
import { barFigure, gainLossFigure, key } from "../figures/bars.ts";
import { html, type Markup } from "../html.ts";
import { decimal, percent, whole } from "../numbers.ts";
import { REASON_TEXTS } from "../reasons.ts";
import type { ReportInput, ReportMethod } from "../types.ts";

/** Unknown by reason. */
export function unknownSection(method: ReportMethod, id: string): Markup {
  const nCells = Math.max(1, method.labels[0]?.isUnknown.length ?? 0);
  const { reasons } = method;
  const total = (label: LabelPrediction): number => label.isUnknown.reduce((sum, flag) => sum + flag, 0);
  const bars = method.labels.map((label, l) => {
    const n = total(label);
    const parts =
      reasons === null
        ? [
            {
              share: n / nCells,
              colour: "var(--mute)",
              title: `${label.column}: ${whole(n)} cells are Unknown`,
            },
          ]
        : UNKNOWN_REASONS.map((reason) => ({
            share: reasons[l][reason] / nCells,
            colour: `var(--reason-${reason})`,
            title: `${label.column}: ${whole(reasons[l][reason])} cells, as ${REASON_TEXTS[reason]}`,
          }));
    return { name: label.column, parts, end: `${percent(n / nCells)} (${whole(n)})` };
  });
  const met = reasons === null ? [] : UNKNOWN_REASONS.filter((each) => reasons.some((r) => r[each] > 0));
  return html`<h2 id="${id}unknown">Where there is no label: Unknown</h2>
<p class="note">A cell is Unknown where a label would be a guess: cells of a type that the reference lacks, doublets, debris, or types that are hard to tell apart.</p>
<figure class="card"><figcaption>Unknown cells by level${met.length > 0 ? " and reason" : null}</figcaption>${barFigure(bars, `Unknown cells by level${met.length > 0 ? " and reason" : ""}`)}${key(met.map((reason) => ({ name: REASON_TEXTS[reason], colour: `var(--reason-${reason})` })))}
${met.length === 0 ? null : reasonTable(method, reasons ?? [])}</figure>`;
}

function reasonTable(
  { labels }: ReportMethod,
  reasons: readonly Readonly<Record<UnknownReason, number>>[],
): Markup {
  return html`<details><summary>As a table</summary><table><thead><tr><th>Level</th>${UNKNOWN_REASONS.map((reason) => html`<th class="n">${REASON_TEXTS[reason]}</th>`)}</tr></thead><tbody>${labels.map(
    ({ column }, l) =>
      html`<tr><th scope="row">${column}</th>${UNKNOWN_REASONS.map((reason) => html`<td class="n">${whole(reasons[l][reason])}</td>`)}</tr>`,
  )}</tbody></table></details>`;
}

/** What the KNN vote changed; empty if it was not used. */
export function neighbourSection(input: ReportInput, method: ReportMethod, id: string): Markup | null {
  if (!method.labels.some(({ usedKnn }) => usedKnn.some((flag) => flag === 1))) return null;
  const scored = method.labels.flatMap((label) => {
    const truth = input.truths.get(label.column);
    return truth === undefined ? [] : [{ label, metrics: scoreBehaviour(truth, label) }];
  });
  const heading = html`<h2 id="${id}neighbours">What the neighbours changed</h2>`;
  if (scored.length === 0) {
    return html`${heading}<p class="note">Cells of low confidence take the label that most of their nearest reference cells have.</p><div class="card"><table><thead><tr><th>Level</th><th class="n">Cells asked about</th><th class="n">Label changed</th></tr></thead><tbody>${method.labels.map(
      (label) => {
        const { knnCoverage, knnChangeRate } = scoreBehaviour(label.raw, label);
        return html`<tr><th scope="row">${label.column}</th><td class="n">${percent(knnCoverage)}</td><td class="n">${percent(knnChangeRate)}</td></tr>`;
      },
    )}</tbody></table></div>`;
  }
  const cells = (label: LabelPrediction, share: number): string =>
    `${whole(Math.round((share || 0) * nScored(input, label)))} cells`;
  return html`${heading}
<p class="note">Cells of low confidence take the label that most of their nearest reference cells have. Blue: the network was wrong and the final label is right. Orange: the network was right and the final label is wrong or Unknown.</p>
<figure class="card">${gainLossFigure(
    scored.map(({ label, metrics }) => ({
      name: label.column,
      gain: part(metrics.knnRescueRate, "var(--good)", `${cells(label, metrics.knnRescueRate)} made right`),
      loss: part(metrics.knnHarmRate, "var(--bad)", `${cells(label, metrics.knnHarmRate)} made wrong`),
      end: `+${decimal(100 * metrics.knnRescueRate, 1)} / −${decimal(100 * metrics.knnHarmRate, 1)} %`,
    })),
    "Cells that the neighbours made right and wrong, by level. The numbers are in the table below.",
  )}${behaviourTable(scored)}</figure>`;
}

const part = (share: number, colour: string, title: string) => ({
  share: Number.isFinite(share) ? share : 0,
  colour,
  title,
});

const nScored = (input: ReportInput, { column }: LabelPrediction): number =>
  input.truths.get(column)?.codes.reduce((sum, code) => sum + (code < 0 ? 0 : 1), 0) ?? 0;

function behaviourTable(
  scored: readonly { readonly label: LabelPrediction; readonly metrics: BehaviourMetrics }[],
): Markup {
  return html`<table><thead><tr><th>Level</th><th class="n">Asked about</th><th class="n">Label changed</th><th class="n">Rescued</th><th class="n">Harmed</th><th class="n">Rescued of asked</th><th class="n">Harmed of asked</th></tr></thead><tbody>${scored.map(
    ({ label, metrics }) =>
      html`<tr><th scope="row">${label.column}</th>${[
        metrics.knnCoverage,
        metrics.knnChangeRate,
        metrics.knnRescueRate,
        metrics.knnHarmRate,
        metrics.knnRescueRateAmongUsed,
        metrics.knnHarmRateAmongUsed,
      ].map((value) => html`<td class="n">${percent(value)}</td>`)}</tr>`,
  )}</tbody></table>`;
}
