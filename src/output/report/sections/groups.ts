/** The section on the labels of groups. @module */
import type { LabelsOfGroups } from "../../../predict/types.ts";
import { html, type Markup } from "../html.ts";
import { decimal, percent, whole } from "../numbers.ts";

/** For each group its label at every level, the share of its cells that have it, and the mean probability; null without groups. */
export function groupSection(groups: LabelsOfGroups | null, id: string): Markup | null {
  if (groups === null) return null;
  const { by, sizes, levels } = groups;
  const names = groups.groups.categories;
  return html`<h2 id="${id}groups">The groups of ${by}</h2>
<p class="note">The label of a group is the one with the largest mean probability. Its share is that of the cells of the group which have this label themselves; a group is Unknown where more than half of its cells are.</p>
${levels.map(
  ({ column, labels, share, likely, probability, unknown }) =>
    html`<div class="card"><table><caption>${column}</caption><thead><tr><th>Group</th><th class="n">Cells</th><th>Label</th><th class="n">Share</th><th aria-hidden="true"></th><th>Most probable</th><th class="n">Mean probability</th><th class="n">Unknown</th></tr></thead><tbody>${names.map(
      (name, group) =>
        html`<tr><th scope="row">${name}</th><td class="n">${whole(sizes[group])}</td><td>${labels.categories[labels.codes[group]]}</td><td class="n">${percent(share[group])}</td><td class="bar" aria-hidden="true"><i style="width:${(100 * share[group]).toFixed(1)}%"></i></td><td>${likely.categories[likely.codes[group]]}</td><td class="n">${decimal(probability[group])}</td><td class="n">${percent(unknown[group])}</td></tr>`,
    )}</tbody></table></div>`,
)}`;
}
