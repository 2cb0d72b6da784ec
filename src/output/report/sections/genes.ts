/** The section on the genes of the labels. @module */
import { dotFigure } from "../figures/dots.ts";
import { html, type Markup } from "../html.ts";
import { percent, whole } from "../numbers.ts";
import type { TreeLevel } from "../tree.ts";
import type { ReportGenes, ReportLabelGenes } from "../types.ts";

/** A dot plot for each label column, finest unfolded; null without genes. */
export function geneSection(
  levels: readonly ReportGenes[],
  tree: readonly TreeLevel[],
  id: string,
): Markup | null {
  const drawn = levels.filter(({ labels }) => labels.length > 0);
  if (drawn.length === 0) return null;
  return html`<h2 id="${id}genes">Which genes speak for the labels</h2>
<p class="note">The genes by which the model tells each label from its siblings, the best first. A dot is the share of cells of this query that express the gene, a ring that of the reference cells with the label. They should be alike: a small dot in a wide ring marks a label whose cells here lack its genes.${levels.every(({ labels }) => labels.every(({ genes }) => genes.every(({ expressing }) => expressing === null))) ? " The model knows of no reference cells: there are dots alone, of the genes with its largest coefficients." : ""}</p>
${drawn.map((level, l) => {
  const order = new Map(
    tree.find(({ column }) => column === level.column)?.labels.map((label, i) => [label.name, { label, i }]),
  );
  const rows = level.labels
    .flatMap((own) => {
      const known = order.get(own.label);
      return known === undefined ? [] : [{ ...own, place: known.label, i: known.i }];
    })
    .sort((a, b) => a.i - b.i);
  const most = Math.max(...rows.map(({ genes }) => genes.length));
  const hasAll = rows.every(({ genes, share }) => genes.every(({ gene }) => share(gene) !== null));
  const grey = hasAll ? "" : " It lacks all genes of some labels; their best stand in grey.";
  const some =
    rows.length < level.nLabels ? ` The ${rows.length} labels with most cells of ${level.nLabels}.` : "";
  return html`<details${l === drawn.length - 1 ? html` open` : null}><summary>${level.column}: ${whole(rows.length)} labels</summary>
<figure class="card"><figcaption>The ${most} best genes of each label of ${level.column} that this query has.${grey}${some}</figcaption>${dotFigure(rows, `Share of cells that express the best genes of each label of ${level.column}, in this query and in the reference. The numbers are in the table below.`)}
<details><summary>As a table</summary><table><thead><tr><th>Label</th><th class="n">Cells here</th><th>Gene</th><th class="n">Express it here</th><th class="n">In the reference</th><th class="n">Siblings there</th></tr></thead><tbody>${rows.map(
    ({ label, nCells, genes, share }) =>
      genes.map(
        ({ gene, expressing, siblingsExpressing }, g) =>
          html`<tr><th scope="row">${label}</th><td class="n">${g === 0 ? whole(nCells) : null}</td><td>${gene}</td><td class="n">${percent(share(gene) ?? Number.NaN)}</td><td class="n">${percent(expressing ?? Number.NaN)}</td><td class="n">${percent(siblingsExpressing ?? Number.NaN)}</td></tr>`,
      ),
  )}</tbody></table></details>
<details><summary>Every gene in every label here, as a table</summary>${shareTable(rows)}</details></figure></details>`;
})}`;
}

/** The share of the query's cells of each label that express each gene of the figure. */
function shareTable(rows: readonly ReportLabelGenes[]): Markup {
  const genes = [...new Set(rows.flatMap((row) => row.genes.map(({ gene }) => gene)))];
  return html`<table><thead><tr><th>Label</th>${genes.map((gene) => html`<th class="n">${gene}</th>`)}</tr></thead><tbody>${rows.map((row) => html`<tr><th scope="row">${row.label}</th>${genes.map((gene) => html`<td class="n">${percent(row.share(gene) ?? Number.NaN)}</td>`)}</tr>`)}</tbody></table>`;
}
