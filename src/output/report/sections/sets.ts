/** The section on prediction sets. @module */
import { scoreSets } from "../../../evaluate/set-metrics.ts";
import { setSizes } from "../../../predict/prediction-sets.ts";
import type { PredictedSets } from "../../../predict/types.ts";
import { html, type Markup } from "../html.ts";
import { decimal, percent } from "../numbers.ts";
import type { ReportInput, ReportMethod } from "../types.ts";

/** Sizes of the sets of each level, and their coverage if true labels are known; null without sets. */
export function setSection(input: ReportInput, method: ReportMethod, id: string): Markup | null {
  const levels = method.labels.flatMap(({ column, sets }) =>
    sets === undefined ? [] : [{ column, sets, truth: input.truths.get(column) }],
  );
  if (levels.length === 0) return null;
  const hasTruth = levels.some(({ truth }) => truth !== undefined);
  const note = hasTruth
    ? "Covered are the cells whose set holds the true label, whether or not they came out Unknown."
    : "The more cells with one label, the surer the network.";
  return html`<h2 id="${id}sets">How many labels a cell may have</h2>
<p class="note">The prediction set of a cell holds its true label with the probability that was asked for, on average over cells like those of the reference. ${note}</p>
<div class="card"><table><thead><tr><th>Level</th>${hasTruth ? html`<th class="n">Covered</th>` : null}<th class="n">Mean labels</th><th class="n">One label</th><th class="n">Two</th><th class="n">Three or more</th></tr></thead><tbody>${levels.map(
    ({ column, sets, truth }) => {
      const { meanSize, single } = setSizes(sets);
      const two = shareOfSize(sets, 2);
      const covered = truth === undefined ? "" : percent(scoreSets(truth, sets).setCoverage);
      return html`<tr><th scope="row">${column}</th>${hasTruth ? html`<td class="n">${covered}</td>` : null}<td class="n">${decimal(meanSize, 2)}</td><td class="n">${percent(single)}</td><td class="n">${percent(two)}</td><td class="n">${percent(Math.max(0, 1 - single - two))}</td></tr>`;
    },
  )}</tbody></table></div>`;
}

function shareOfSize({ codes, members }: PredictedSets, size: number): number {
  let n = 0;
  let ofSize = 0;
  for (const code of codes) {
    if (code < 0) continue;
    n++;
    if (members[code].length === size) ofSize++;
  }
  return n === 0 ? 0 : ofSize / n;
}
