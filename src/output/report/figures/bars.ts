/** Horizontal bars. @module */
import { html, type Markup, shortened } from "../html.ts";
import { at } from "../numbers.ts";

/** A part of a bar. */
export interface BarPart {
  /** 0 to 1. */
  readonly share: number;
  /** A colour of the style sheet. */
  readonly colour: string;
  readonly title: string;
}

/** One bar: its name, its parts side by side, and a text at the end. */
export interface Bar {
  readonly name: string;
  readonly parts: readonly BarPart[];
  readonly end: string;
  /** What the page sorts bars by; the length of the bar if absent. */
  readonly value?: number;
}

const WIDTH = 960;
const ROW = 24;
const CHARACTER = 7;

/** Bars on one scale, which ends at the longest bar or at `top`. */
export function barFigure(bars: readonly Bar[], title: string, top?: number): Markup {
  const left = Math.min(260, 22 + CHARACTER * Math.max(4, ...bars.map(({ name }) => [...name].length)));
  const right = 20 + CHARACTER * Math.max(4, ...bars.map(({ end }) => end.length));
  const longest = Math.max(1e-9, ...bars.map(({ parts }) => parts.reduce((sum, p) => sum + p.share, 0)));
  const scale = (WIDTH - left - right) / (top ?? longest);
  return html`<svg viewBox="0 0 ${WIDTH} ${bars.length * ROW + 6}" width="${WIDTH}" role="img" aria-label="${title}">
${bars.map(({ name, parts, end, value }, row) => {
  let x = left;
  const drawn = parts.map((part) => {
    const from = x;
    x += part.share * scale;
    return html`<rect x="${at(from)}" y="0" width="${at(Math.max(part.share > 0 ? 1 : 0, part.share * scale))}" height="${ROW - 9}" style="fill:${part.colour}"><title>${part.title}</title></rect>`;
  });
  const size = value ?? parts.reduce((sum, { share }) => sum + share, 0);
  return html`<g data-bar="${name}" data-value="${size.toPrecision(6)}" transform="translate(0 ${row * ROW + 4})"><text x="${at(left - 10)}" y="12" text-anchor="end"><title>${name}</title>${shortened(name, 34)}</text>${drawn}<text x="${at(x + 7)}" y="12" class="soft">${end}</text></g>`;
})}
<path class="axis" d="M${at(left)} 2V${bars.length * ROW + 2}"/>
</svg>`;
}

/** Negative values to the left of a middle line, positive ones to the right. */
export function gainLossFigure(
  rows: readonly {
    readonly name: string;
    readonly gain: BarPart;
    readonly loss: BarPart;
    readonly end: string;
  }[],
  title: string,
): Markup {
  const left = Math.min(260, 22 + CHARACTER * Math.max(4, ...rows.map(({ name }) => [...name].length)));
  const longest = Math.max(1e-9, ...rows.map(({ gain, loss }) => Math.max(gain.share, loss.share)));
  const half = (WIDTH - left - 150) / 2;
  const middle = left + half;
  const width = (share: number): number => Math.max(share > 0 ? 1 : 0, (share / longest) * half);
  return html`<svg viewBox="0 0 ${WIDTH} ${rows.length * ROW + 28}" width="${WIDTH}" role="img" aria-label="${title}">
<text x="${at(middle - 8)}" y="14" text-anchor="end" class="soft">← made wrong</text><text x="${at(middle + 8)}" y="14" class="soft">made right →</text>
${rows.map(({ name, gain, loss, end }, row) => {
  const y = row * ROW + 24;
  return html`<text x="${at(left - 10)}" y="${y + 12}" text-anchor="end"><title>${name}</title>${shortened(name, 34)}</text>
<rect x="${at(middle - width(loss.share))}" y="${y}" width="${at(width(loss.share))}" height="${ROW - 9}" style="fill:${loss.colour}"><title>${loss.title}</title></rect>
<rect x="${at(middle)}" y="${y}" width="${at(width(gain.share))}" height="${ROW - 9}" style="fill:${gain.colour}"><title>${gain.title}</title></rect>
<text x="${at(middle + half + 10)}" y="${y + 12}" class="soft">${end}</text>`;
})}
<path class="axis" d="M${at(middle)} 20V${rows.length * ROW + 24}"/>
</svg>`;
}

/** The legend of the colours. */
export function key(entries: readonly { readonly name: string; readonly colour: string }[]): Markup {
  return html`<ul class="key">${entries.map(({ name, colour }) => html`<li><span class="swatch" style="background:${colour}"></span>${name}</li>`)}</ul>`;
}
