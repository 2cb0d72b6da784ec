/** Risk–coverage curves: how many errors remain when only the most confident cells are kept. @module */
import type { RiskPoint } from "../../../evaluate/calibration-error.ts";
import { html, type Markup } from "../html.ts";
import { at, percent } from "../numbers.ts";

/** One curve. */
export interface RiskCurve {
  readonly name: string;
  readonly points: readonly RiskPoint[];
}

const WIDTH = 960;
const HEIGHT = 270;
const LEFT = 50;
const TOP = 12;
const RIGHT = 170;
const DASHES = ["", "7 3", "2 3", "9 3 2 3"];

/** All curves in one frame; the risk axis ends above the largest one. Each curve is labelled at its end. */
export function riskCoverageFigure(curves: readonly RiskCurve[], title: string): Markup {
  const drawn = curves.filter(({ points }) => points.length > 0);
  // The first few cells are not informative: one error among them is a risk of tens of percent.
  const settled = drawn.flatMap(({ points }) => points.filter(({ coverage }) => coverage >= 0.05));
  const top = niceCeiling(Math.max(0.01, ...settled.map(({ risk }) => risk)));
  const x = (coverage: number): number => LEFT + coverage * (WIDTH - LEFT - RIGHT);
  const y = (risk: number): number => TOP + (1 - Math.min(risk, top) / top) * HEIGHT;
  const ends = spread(drawn.map(({ points }) => y(points.at(-1)!.risk)));
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  return html`<svg viewBox="0 0 ${WIDTH} ${TOP + HEIGHT + 44}" width="${WIDTH}" role="img" aria-label="${title}">
${ticks.map((share) => html`<path class="rule" d="M${LEFT} ${at(y(share * top))}H${WIDTH - RIGHT}"/><text x="${LEFT - 6}" y="${at(y(share * top) + 4)}" text-anchor="end" class="soft tiny">${at(100 * share * top)}</text><text x="${at(x(share))}" y="${TOP + HEIGHT + 16}" text-anchor="middle" class="soft tiny">${100 * share}</text>`)}
${drawn.map(
  ({ name, points }, i) =>
    html`<g style="color:${curveColour(i)}"><path fill="none" stroke="currentColor" stroke-width="2" stroke-linejoin="round" stroke-dasharray="${DASHES[Math.floor(i / 5) % DASHES.length]}" d="${path(points, x, y)}"><title>${name}</title></path><path stroke="currentColor" d="M${WIDTH - RIGHT} ${at(y(points.at(-1)!.risk))}L${WIDTH - RIGHT + 8} ${at(ends[i])}" fill="none"/><text x="${WIDTH - RIGHT + 12}" y="${at(ends[i] + 4)}" style="fill:currentColor">${name.length > 20 ? `${name.slice(0, 19)}…` : name}</text></g>`,
)}
<path class="axis" d="M${LEFT} ${TOP}V${TOP + HEIGHT}H${WIDTH - RIGHT}"/>
<text transform="translate(12 ${TOP + HEIGHT / 2}) rotate(-90)" text-anchor="middle" class="soft">wrong among kept (%)</text>
<text x="${at(x(0.5))}" y="${TOP + HEIGHT + 36}" text-anchor="middle" class="soft">cells kept, the most confident first (%)</text>
</svg>`;
}

/** Colours that differ in lightness as well as in hue. */
export const curveColour = (i: number): string =>
  `oklch(calc(var(--label-l) + ${(i % 2) * 0.08 - 0.03}) var(--label-c) ${[255, 45, 150, 330, 90][i % 5]})`;

function path(
  points: readonly RiskPoint[],
  x: (coverage: number) => number,
  y: (risk: number) => number,
): string {
  return points
    .map(({ coverage, risk }, i) => `${i === 0 ? "M" : "L"}${at(x(coverage))} ${at(y(risk))}`)
    .join("");
}

/** Moves the heights of texts apart, so that they do not overlap. */
function spread(heights: readonly number[]): number[] {
  const order = heights.map((_, i) => i).sort((a, b) => heights[a] - heights[b]);
  const placed = [...heights];
  let last = Number.NEGATIVE_INFINITY;
  for (const i of order) {
    placed[i] = Math.max(placed[i], last + 15);
    last = placed[i];
  }
  const over = Math.max(0, last - (TOP + HEIGHT));
  return placed.map((height) => height - over);
}

/** The next of 0.01, 0.02, 0.04, 0.08, 0.12, 0.2, 0.4, 0.6, 1. */
function niceCeiling(value: number): number {
  return [0.01, 0.02, 0.04, 0.08, 0.12, 0.2, 0.4, 0.6].find((step) => value <= step) ?? 1;
}

/** A table of the curves at a few coverages. */
export function riskCoverageTable(curves: readonly RiskCurve[]): Markup {
  const shares = [0.25, 0.5, 0.75, 0.9, 1];
  const riskAt = (points: readonly RiskPoint[], share: number): number =>
    points.find(({ coverage }) => coverage >= share - 1e-9)?.risk ?? Number.NaN;
  return html`<table><thead><tr><th>Wrong among kept</th>${shares.map((share) => html`<th class="n">${percent(share, 0)} kept</th>`)}</tr></thead><tbody>${curves.map(
    ({ name, points }) =>
      html`<tr><th scope="row">${name}</th>${shares.map((share) => html`<td class="n">${percent(riskAt(points, share))}</td>`)}</tr>`,
  )}</tbody></table>`;
}
