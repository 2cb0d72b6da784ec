/** A confusion matrix, its labels in the order of the hierarchy. @module */
import type { Confusion } from "../../../evaluate/confusion.ts";
import { html, type Markup, shortened } from "../html.ts";
import { at, percent, whole } from "../numbers.ts";
import { labelColour, type TreeLabel } from "../tree.ts";

/** Maximum number of labels; of more, those with most cells are drawn. */
const MAX_CONFUSION_LABELS = 60;

const CHARACTER = 6.3;
const LONGEST = 30;

/** Content of one figure: labels in order, and the matrix of counts. */
interface Drawn {
  readonly labels: readonly TreeLabel[];
  readonly count: (row: number, column: number) => number;
  readonly support: readonly number[];
  readonly cell: number;
  readonly left: number;
  readonly top: number;
}

/**
 * Rows are true labels, columns predicted labels, the last one Unknown; each row is shaded by its shares.
 * Labels of one parent have a mark in the same colour.
 */
export function confusionFigure(
  { labels, counts }: Confusion,
  order: readonly TreeLabel[],
  title: string,
): Markup {
  const width = labels.length + 1;
  const place = new Map(labels.map((name, i) => [name, i]));
  const cells = (name: string): number => {
    const i = place.get(name)!;
    let sum = 0;
    for (let j = 0; j < labels.length; j++) sum += counts[i * width + j] + counts[j * width + i];
    return sum + counts[i * width + labels.length];
  };
  const present = order.filter(({ name }) => place.has(name));
  const largest = new Set(
    [...present].sort((a, b) => cells(b.name) - cells(a.name)).slice(0, MAX_CONFUSION_LABELS),
  );
  const shown = present.filter((label) => largest.has(label));
  const longest = Math.max(0, ...shown.map(({ name }) => Math.min(LONGEST, [...name].length)));
  const indexOf = (i: number): number => (i === shown.length ? labels.length : place.get(shown[i].name)!);
  const count = (row: number, column: number): number => counts[indexOf(row) * width + indexOf(column)];
  const drawn: Drawn = {
    labels: shown,
    count,
    support: shown.map((_, row) => {
      const start = indexOf(row) * width;
      return counts.subarray(start, start + width).reduce((sum, n) => sum + n, 0);
    }),
    cell: Math.max(15, Math.min(38, Math.floor(640 / (shown.length + 1)))),
    left: longest * CHARACTER + 70,
    top: Math.max(longest, 7) * CHARACTER * 0.72 + 26,
  };
  const size = drawn.cell * (shown.length + 1);
  const [w, h] = [drawn.left + size + 10 + longest * 3.2, drawn.top + size - drawn.cell + 30];
  return html`<svg viewBox="0 0 ${at(w)} ${at(h)}" width="${at(w)}" role="img" aria-label="${title}. The numbers are in the table below.">
${shown.map((label, i) => labelTexts(drawn, label, i))}
${columnText(drawn, "Unknown", shown.length)}
${rows(drawn)}
${separators(drawn, size)}
<text x="${at(drawn.left + size / 2)}" y="${at(h - 8)}" text-anchor="middle" class="soft">predicted label →</text>
<text x="${at(drawn.left - 8)}" y="${at(drawn.top - 8)}" text-anchor="end" class="soft">true label ↓ (cells)</text>
</svg>${shown.length < present.length ? html`<p class="note">The ${shown.length} labels with most cells of ${present.length}.</p>` : null}`;
}

function labelTexts(drawn: Drawn, label: TreeLabel, i: number): Markup {
  const { cell, left, top, support } = drawn;
  const y = top + i * cell + cell / 2 + 4;
  return html`<text x="${at(left - 14)}" y="${at(y)}" text-anchor="end"><title>${label.name}</title>${shortened(label.name, LONGEST)} <tspan class="soft tiny">${whole(support[i])}</tspan></text>
<rect x="${at(left - 9)}" y="${at(top + i * cell + 1)}" width="4" height="${cell - 2}" rx="2" style="fill:${labelColour(label)}"/>
${columnText(drawn, label.name, i)}`;
}

function columnText({ cell, left, top }: Drawn, name: string, i: number): Markup {
  const [x, y] = [at(left + i * cell + cell / 2 + 3), at(top - 6)];
  return html`<text transform="translate(${x} ${y}) rotate(-45)"${name === "Unknown" ? html` class="soft"` : null}><title>${name}</title>${shortened(name, LONGEST)}</text>`;
}

function rows({ labels, count, support, cell, left, top }: Drawn): Markup[] {
  const drawn: Markup[] = [];
  for (let row = 0; row < labels.length; row++)
    for (let column = 0; column <= labels.length; column++) {
      const n = count(row, column);
      if (n === 0) continue;
      const share = support[row] === 0 ? 0 : n / support[row];
      const kind = column === row ? "--good" : column === labels.length ? "--mute" : "--bad";
      const predicted = labels[column]?.name ?? "Unknown";
      const text = `${labels[row].name} → ${predicted}: ${whole(n)} of ${whole(support[row])} cells`;
      const [x, y] = [left + column * cell, top + row * cell];
      const strength = 0.08 + 0.92 * Math.sqrt(share);
      drawn.push(
        html`<g><title>${text}</title><rect x="${at(x + 0.5)}" y="${at(y + 0.5)}" width="${cell - 1}" height="${cell - 1}" rx="2" style="fill:var(${kind})" fill-opacity="${at(strength)}"/>${
          cell < 22 || share < 0.005
            ? null
            : html`<text x="${at(x + cell / 2)}" y="${at(y + cell / 2 + 4)}" text-anchor="middle" class="tiny"${strength > 0.62 ? html` style="fill:var(--on-fill)"` : null}>${percent(share, 0).replace(/\s%/, "")}</text>`
        }</g>`,
      );
    }
  return drawn;
}

/** The frame, and lines between parents. */
function separators({ labels, cell, left, top }: Drawn, size: number): Markup {
  const height = labels.length * cell;
  const lines = labels.flatMap(({ parent }, i) => {
    if (i === 0 || parent === labels[i - 1].parent) return [];
    const [x, y] = [at(left + i * cell), at(top + i * cell)];
    return [
      html`<path class="rule" d="M${at(left)} ${y}H${at(left + size)}M${x} ${at(top)}V${at(top + height)}"/>`,
    ];
  });
  const unknown = at(left + labels.length * cell);
  return html`${lines}<path class="axis" d="M${unknown} ${at(top)}V${at(top + height)}" style="stroke:var(--line)"/><rect x="${at(left)}" y="${at(top)}" width="${at(size)}" height="${at(height)}" class="axis" style="stroke:var(--line)"/>`;
}
