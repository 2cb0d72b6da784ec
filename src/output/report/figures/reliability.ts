/** A reliability diagram: is a confidence of 90 % right 90 % of the time? @module */
import type { CalibrationBin } from "../../../evaluate/calibration-error.ts";
import { html, type Markup } from "../html.ts";
import { at, decimal, percent, whole } from "../numbers.ts";

const WIDTH = 330;
const SIDE = 236;
const LEFT = 46;
const TOP = 12;
const COUNTS = 42;
const GAP = 14;

/** Bars show the accuracy of each bin of confidence, and below it the number of cells in the bin. */
export function reliabilityFigure(bins: readonly CalibrationBin[], title: string): Markup {
  const x = (share: number): number => LEFT + share * SIDE;
  const y = (share: number): number => TOP + (1 - share) * SIDE;
  const most = Math.max(1, ...bins.map(({ nCells }) => nCells));
  const base = TOP + SIDE + GAP + COUNTS;
  const ticks = [0, 0.25, 0.5, 0.75, 1];
  return html`<svg viewBox="0 0 ${WIDTH} ${base + 40}" width="${WIDTH}" role="img" aria-label="${title}">
${ticks.map((share) => html`<path class="rule" d="M${LEFT} ${at(y(share))}H${LEFT + SIDE}"/><text x="${LEFT - 6}" y="${at(y(share) + 4)}" text-anchor="end" class="soft tiny">${100 * share}</text><text x="${at(x(share))}" y="${base + 15}" text-anchor="middle" class="soft tiny">${100 * share}</text>`)}
${bins.filter(({ nCells }) => nCells > 0).map((bin) => bar(bin, x, y, base, most))}
<path class="diagonal" d="M${LEFT} ${TOP + SIDE}L${LEFT + SIDE} ${TOP}"/>
<path class="axis" d="M${LEFT} ${TOP}V${TOP + SIDE}H${LEFT + SIDE}M${LEFT} ${base}H${LEFT + SIDE}"/>
<text transform="translate(12 ${TOP + SIDE / 2}) rotate(-90)" text-anchor="middle" class="soft">right (%)</text>
<text x="${LEFT + SIDE + 5}" y="${base - COUNTS / 2 + 4}" class="soft tiny">cells</text>
<text x="${LEFT + SIDE / 2}" y="${base + 33}" text-anchor="middle" class="soft">confidence (%)</text>
</svg>`;
}

function bar(
  { lower, upper, nCells, meanConfidence, accuracy }: CalibrationBin,
  x: (share: number) => number,
  y: (share: number) => number,
  base: number,
  most: number,
): Markup {
  const left = x(lower) + 1;
  const width = x(upper) - x(lower) - 2;
  const [high, low] = [Math.max(accuracy, meanConfidence), Math.min(accuracy, meanConfidence)];
  const isOver = meanConfidence > accuracy;
  const tall = Math.max(1, (COUNTS * nCells) / most);
  const text = `${whole(nCells)} cells of mean confidence ${percent(meanConfidence)}: ${percent(accuracy)} right`;
  return html`<g><title>${text}</title>
<rect x="${at(left)}" y="${at(y(accuracy))}" width="${at(width)}" height="${at(y(0) - y(accuracy))}" style="fill:var(--good)" fill-opacity="0.85"/>
<rect x="${at(left)}" y="${at(y(high))}" width="${at(width)}" height="${at(y(low) - y(high))}" style="fill:${isOver ? "var(--bad)" : "var(--page)"}" fill-opacity="${isOver ? "0.55" : "0.5"}"/>
<rect x="${at(left)}" y="${at(base - tall)}" width="${at(width)}" height="${at(tall)}" style="fill:var(--mute)" fill-opacity="0.75"/></g>`;
}

/** The same as a table. */
export function reliabilityTable(bins: readonly CalibrationBin[]): Markup {
  return html`<table><thead><tr><th>Confidence</th><th class="n">Cells</th><th class="n">Mean confidence</th><th class="n">Right</th></tr></thead><tbody>${bins
    .filter(({ nCells }) => nCells > 0)
    .map(
      ({ lower, upper, nCells, meanConfidence, accuracy }) =>
        html`<tr><th scope="row">${decimal(lower, 2)} to ${decimal(upper, 2)}</th><td class="n">${whole(nCells)}</td><td class="n">${percent(meanConfidence)}</td><td class="n">${percent(accuracy)}</td></tr>`,
    )}</tbody></table>`;
}
