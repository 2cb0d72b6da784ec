/** A dot plot: labels × genes, the area of a dot is the share of cells that express the gene. @module */
import type { LabelGene } from "../../../model/genes/types.ts";
import { html, type Markup, shortened } from "../html.ts";
import { at, percent, whole } from "../numbers.ts";
import { labelColour, type TreeLabel } from "../tree.ts";
import type { ReportLabelGenes } from "../types.ts";

/** A row of the plot. */
export interface DotRow extends ReportLabelGenes {
  readonly place: TreeLabel;
}

const ROW = 24;
const CHARACTER = 6.6;
const LONGEST_LABEL = 28;
const LONGEST_GENE = 16;
/** The legend needs it. */
const NARROWEST = 700;
/** Smaller shares of other labels are not drawn. */
const SMALLEST = 0.02;

/**
 * Genes stand in the order of their labels, in grey where the query lacks them. A label's own genes are dots with the reference as a ring; the
 * genes of other labels are paler dots.
 */
export function dotFigure(rows: readonly DotRow[], title: string): Markup {
  const genes = [...new Set(rows.flatMap((row) => row.genes.map(({ gene }) => gene)))];
  const column = Math.max(14, Math.min(26, Math.floor(800 / genes.length)));
  const most = Math.min(column, ROW) / 2 - 1;
  const radius = (share: number): number => most * Math.sqrt(share);
  const longest = Math.max(...rows.map(({ label }) => Math.min(LONGEST_LABEL, [...label].length)));
  const longestGene = Math.max(...genes.map((gene) => Math.min(LONGEST_GENE, [...gene].length)));
  const grid = genes.length * column;
  const left = longest * CHARACTER + 66;
  const top = longestGene * 7 + 14;
  const [w, bottom] = [Math.max(NARROWEST, left + grid + 8), top + rows.length * ROW];
  const xOf = (g: number): number => left + (g + 0.5) * column;
  const isHere = new Set(genes.filter((gene) => rows.some((row) => row.share(gene) !== null)));
  return html`<svg viewBox="0 0 ${at(w)} ${at(bottom + 34)}" width="${at(w)}" role="img" aria-label="${title}">
<path d="${genes.map((_, g) => `M${at(xOf(g))} ${at(top)}V${at(bottom)}`).join("")}" style="stroke:var(--faint)"/>
${genes.map((gene, g) => html`<text transform="translate(${at(xOf(g) + 4)} ${at(top - 6)}) rotate(-90)" class="${isHere.has(gene) ? "tiny" : "tiny soft"}"><title>${gene}${isHere.has(gene) ? null : ": the query lacks it"}</title>${shortened(gene, LONGEST_GENE)}</text>`)}
${rows.map((row, r) => {
  const y = top + (r + 0.5) * ROW;
  const own = new Map(row.genes.map((gene) => [gene.gene, gene]));
  return html`<text x="${at(left - 14)}" y="${at(y + 4)}" text-anchor="end"><title>${row.label}</title>${shortened(row.label, LONGEST_LABEL)} <tspan class="soft tiny">${whole(row.nCells)}</tspan></text>
<rect x="${at(left - 9)}" y="${at(y - ROW / 2 + 2)}" width="4" height="${ROW - 4}" rx="2" style="fill:${labelColour(row.place)}"/>
<path d="M${at(left)} ${at(y)}H${at(left + grid)}" style="stroke:var(--faint)"/>
<g style="fill:var(--mute)" fill-opacity="0.55">${genes.map((gene, g) => {
    const share = own.has(gene) ? null : row.share(gene);
    return share === null || share < SMALLEST
      ? null
      : html`<circle cx="${at(xOf(g))}" cy="${at(y)}" r="${at(radius(share))}"/>`;
  })}</g>
${genes.map((gene, g) => {
  const known = own.get(gene);
  return known === undefined ? null : ownDot(row, known, xOf(g), y, radius);
})}`;
})}
<rect x="${at(left)}" y="${at(top)}" width="${at(grid)}" height="${at(bottom - top)}" class="axis" style="stroke:var(--line)"/>
${legend(w, bottom + 22, radius)}
</svg>`;
}

function ownDot(
  { label, share: shareOf }: DotRow,
  { gene, expressing, siblingsExpressing }: LabelGene,
  x: number,
  y: number,
  radius: (share: number) => number,
): Markup {
  const share = shareOf(gene);
  const here = share === null ? "the query lacks it" : `expressed in ${percent(share)} here`;
  const there =
    expressing === null
      ? ""
      : `, ${percent(expressing)} in the reference (siblings ${percent(siblingsExpressing ?? Number.NaN)})`;
  const text = `${label}: ${gene}: ${here}${there}`;
  const ring =
    expressing === null
      ? null
      : html`<circle cx="${at(x)}" cy="${at(y)}" r="${at(radius(expressing))}" style="fill:none;stroke:var(--bad)" stroke-width="1.5"/>`;
  return html`<g><title>${text}</title><circle cx="${at(x)}" cy="${at(y)}" r="${at(radius(share ?? 0))}" style="fill:var(--good)"/>${ring}</g>`;
}

/** Colours, then sizes. */
function legend(width: number, y: number, radius: (share: number) => number): Markup {
  const from = (width - NARROWEST) / 2;
  const dot = (x: number, share: number, style: string): Markup =>
    html`<circle cx="${at(from + x)}" cy="${at(y)}" r="${at(radius(share))}" style="${style}"/>`;
  const text = (x: number, words: string): Markup =>
    html`<text x="${at(from + x)}" y="${at(y + 4)}" class="soft">${words}</text>`;
  return html`${dot(14, 0.5, "fill:var(--good)")}${text(30, "this query")}${dot(114, 0.5, "fill:none;stroke:var(--bad);stroke-width:1.5")}${text(130, "reference")}${dot(212, 0.5, "fill:var(--mute);fill-opacity:0.55")}${text(228, "this query, genes of other labels")}${[0.1, 0.5, 1].map((share, i) => [dot(450 + 66 * i, share, "fill:var(--soft)"), text(466 + 66 * i, i === 2 ? "100\u00a0% of cells" : percent(share, 0))])}`;
}
