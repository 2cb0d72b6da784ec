/** Draws every cell as a dot, coloured by prediction, true label, confidence, or right and wrong. @module */
import { permutation, streamKey } from "../../../core/rng.ts";
import type { PredictedLabels } from "../../../predict/types.ts";
import { UNKNOWN } from "../../../predict/unknown.ts";
import { html, jsonBlock, type Markup } from "../html.ts";
import { whole } from "../numbers.ts";
import { labelColour, type TreeLevel } from "../tree.ts";
import type { ReportEmbedding, ReportMethod } from "../types.ts";

/** Maximum number of dots; of more cells, a random sample is drawn. */
const MAX_DOTS = 20_000;

/** The range of scaled coordinates, 0 to this. */
const GRID = 4095;

/** The code of a label that is not in the list of the level: Unknown, or no true label. */
const NONE = 65_535;

/** The figure and its data for the script of the page. */
export function embeddingFigure(
  embedding: ReportEmbedding,
  method: ReportMethod,
  truths: ReadonlyMap<string, PredictedLabels>,
  tree: readonly TreeLevel[],
): Markup {
  const cells = drawnCells(embedding);
  const hasTruth = truths.size > 0;
  const levels = method.labels.map(({ column, final, conf }, l) => {
    const { labels } = tree[l];
    const truth = truths.get(column);
    return {
      column,
      labels: labels.map((label) => [label.name, Math.round(label.hue), label.shade]),
      predicted: encode16(cells, final, labels),
      truth: truth === undefined ? null : encode16(cells, truth, labels),
      confidence: base64(
        Uint8Array.from(cells, (cell) => (Number.isNaN(conf[cell]) ? 255 : Math.round(254 * conf[cell]))),
      ),
    };
  });
  const data = { places: places(embedding, cells), levels };
  const last = levels.length - 1;
  const panels = [
    ["predicted", "Predicted label"],
    ...(hasTruth ? [["truth", "True label"]] : []),
    ["confidence", "Confidence"],
    ...(hasTruth ? [["right", "Right, wrong or Unknown"]] : []),
  ];
  return html`<div class="embedding" data-embedding>
<p class="note">Each dot is a cell, placed by ${embedding.name}${cells.length < embedding.points.nRows ? ` (${whole(cells.length)} of ${whole(embedding.points.nRows)} cells, drawn at random)` : ""}. Choose a label in the list to see its cells alone; point at a dot to read it.</p>
<div class="toolbar"><label>Level <select data-level>${levels.map(({ column }, l) => html`<option value="${l}"${l === last ? html` selected` : null}>${column}</option>`)}</select></label><output aria-live="off"></output></div>
<div class="plots">${panels.map(([kind, name]) => html`<figure><figcaption>${name}</figcaption><canvas data-panel="${kind}" width="10" height="10" role="img" aria-label="${name} of ${whole(cells.length)} cells as coloured dots; the tables of this report hold the numbers"></canvas>${panelKey(kind)}</figure>`)}</div>
${levels.map(
  (_, l) =>
    html`<ul class="legend" data-legend="${l}"${l === last ? null : html` hidden`} aria-label="labels of ${levels[l].column}">${legendEntries(tree[l], method.labels[l].final, truths.get(method.labels[l].column))}</ul>`,
)}
<noscript><p class="warning">The dots are drawn by a script, which this viewer does not run.</p></noscript>
<script type="application/json">${jsonBlock(data)}</script></div>`;
}

function panelKey(kind: string): Markup | null {
  if (kind === "confidence") return html`<p class="key note">0 <span class="ramp" data-ramp></span> 1</p>`;
  if (kind !== "right") return null;
  return html`<ul class="key">${[
    ["right", "--good"],
    ["wrong", "--bad"],
    ["Unknown", "--mute"],
  ].map(
    ([name, colour]) => html`<li><span class="swatch" style="background:var(${colour})"></span>${name}</li>`,
  )}</ul>`;
}

function legendEntries(
  { labels }: TreeLevel,
  predicted: PredictedLabels,
  truth: PredictedLabels | undefined,
): Markup[] {
  const counts = new Map<string, number>();
  for (const code of predicted.codes) {
    const name = predicted.categories[code];
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  const true_ = new Set(truth === undefined ? [] : [...truth.codes].map((code) => truth.categories[code]));
  return labels
    .map((label, i) => ({ label, i }))
    .filter(({ label }) => counts.has(label.name) || true_.has(label.name))
    .map(
      ({ label, i }) =>
        html`<li><button type="button" aria-pressed="false" data-label="${i}"><i class="swatch" style="background:${labelColour(label)}"></i>${label.name} <span>${whole(counts.get(label.name) ?? 0)}</span></button></li>`,
    );
}

/** In random order, so that no label hides another. */
function drawnCells({ points }: ReportEmbedding): Uint32Array {
  const isPlaced = (cell: number): boolean =>
    Number.isFinite(points.data[2 * cell]) && Number.isFinite(points.data[2 * cell + 1]);
  return permutation(streamKey(0, "report dots"), points.nRows).filter(isPlaced).slice(0, MAX_DOTS);
}

/** Both axes on one scale, 16 bits each. */
function places({ points }: ReportEmbedding, cells: Uint32Array): string {
  const low = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const high = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const cell of cells)
    for (const axis of [0, 1]) {
      low[axis] = Math.min(low[axis], points.data[2 * cell + axis]);
      high[axis] = Math.max(high[axis], points.data[2 * cell + axis]);
    }
  const spans = [high[0] - low[0], high[1] - low[1]].map((span) => (span > 0 ? span : 1));
  const span = Math.max(...spans);
  const out = new Uint16Array(2 * cells.length);
  cells.forEach((cell, i) => {
    for (const axis of [0, 1]) {
      const value = points.data[2 * cell + axis] - low[axis] + (span - spans[axis]) / 2;
      const scaled = Math.round((GRID * value) / span);
      out[2 * i + axis] = axis === 0 ? scaled : GRID - scaled;
    }
  });
  return base64(bytesOf(out));
}

function encode16(
  cells: Uint32Array,
  { codes, categories }: PredictedLabels,
  labels: TreeLevel["labels"],
): string {
  const place = new Map(labels.map(({ name }, i) => [name, i]));
  const codeOf = categories.map((name) => (name === UNKNOWN ? NONE : (place.get(name) ?? NONE)));
  return base64(bytesOf(Uint16Array.from(cells, (cell) => (codes[cell] < 0 ? NONE : codeOf[codes[cell]]))));
}

/** Little-endian on every machine. */
function bytesOf(values: Uint16Array): Uint8Array {
  const bytes = new Uint8Array(2 * values.length);
  values.forEach((value, i) => {
    bytes[2 * i] = value & 255;
    bytes[2 * i + 1] = value >>> 8;
  });
  return bytes;
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(text);
}
