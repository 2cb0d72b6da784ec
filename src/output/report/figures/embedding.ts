/** Draws the cells as dots, coloured by prediction, true label, confidence, or right and wrong. @module */
import type { PredictedLabels, Transferred } from "../../../predict/types.ts";
import { UNKNOWN } from "../../../predict/unknown.ts";
import { UNKNOWN_REASONS } from "../../../schema/prediction.ts";
import { html, jsonBlock, type Markup } from "../html.ts";
import { significant, whole } from "../numbers.ts";
import { REASON_TEXTS } from "../reasons.ts";
import { labelColour, type TreeLevel } from "../tree.ts";
import type { ReportEmbedding, ReportMethod } from "../types.ts";
import { type DrawnCells, drawnCells } from "./drawn-cells.ts";
import { type PackedColumn, packCarried, packLevel, packNames, packPlaces } from "./map-data.ts";

/** The figure and its data for the script of the page; without `obsNames` cells have no names. */
export function embeddingFigure(
  embedding: ReportEmbedding,
  method: ReportMethod,
  truths: ReadonlyMap<string, PredictedLabels>,
  tree: readonly TreeLevel[],
  obsNames: readonly string[] | null,
  transferred: Transferred | null,
): Markup {
  const known = method.labels.flatMap(({ column }) => truths.get(column) ?? []);
  const drawn = drawnCells(embedding, [...method.labels.map(({ final }) => final), ...known]);
  const { cells } = drawn;
  const levels = method.labels.map((label, l) => packLevel(cells, label, truths.get(label.column), tree[l]));
  const data = {
    places: packPlaces(embedding, cells),
    names: obsNames === null ? null : packNames(obsNames, cells),
    carried: (transferred?.columns ?? []).map((column) => packCarried(cells, column)),
    reasons: UNKNOWN_REASONS.map((reason) => REASON_TEXTS[reason]),
    levels,
  };
  const last = levels.length - 1;
  const panels = [
    ["predicted", "Predicted label"],
    ...(truths.size > 0 ? [["truth", "True label"]] : []),
    ["confidence", "Confidence"],
    ...(truths.size > 0 ? [["right", "Right, wrong or Unknown"]] : []),
    ...data.carried.flatMap((each, i) =>
      each.isDrawn ? [[`carried-${i}`, `${each.column}, carried over`]] : [],
    ),
  ];
  return html`<div class="embedding" data-embedding>
<p class="note">Each dot is a cell, placed by ${embedding.name}${sampleNote(drawn)}.</p>
<div class="toolbar" data-scripted hidden><label>Level <select data-level>${levels.map(({ column }, l) => html`<option value="${l}"${l === last ? html` selected` : null}>${column}</option>`)}</select></label><label>Find a label or cell <input type="search" data-find autocomplete="off" spellcheck="false"></label><span class="group" role="group" aria-label="Zoom"><button type="button" data-zoom="in" aria-label="Zoom in">+</button><button type="button" data-zoom="out" aria-label="Zoom out">−</button><button type="button" data-zoom="reset">Whole map</button></span><button type="button" data-map-svg title="Save what the maps show as SVG">SVG</button></div>
<p class="note" data-scripted hidden>Choose labels in the list, or search for them, to see their cells alone; point at a dot to read it. Drag to move. The wheel zooms on a map that was clicked, or with Ctrl; two fingers do too. By keyboard: arrows go from cell to cell, with Shift they move the map, + and − zoom, 0 shows the whole map.</p>
<output aria-live="off"></output><p class="hidden" aria-live="polite" data-say></p>
<div class="plots">${panels.map(([kind, name]) => html`<figure><figcaption>${name}</figcaption><div class="map" data-map role="application" aria-roledescription="map of cells" aria-label="${name}: arrows go from cell to cell, plus and minus zoom, 0 shows the whole map" tabindex="0"><canvas data-panel="${kind}" width="10" height="10" role="img" aria-label="${name} of ${whole(cells.length)} cells as coloured dots; the tables of this report hold the numbers"></canvas></div>${panelKey(kind, data.carried)}</figure>`)}</div>
${levels.map(
  (_, l) =>
    html`<ul class="legend" data-legend="${l}"${l === last ? null : html` hidden`} aria-label="labels of ${levels[l].column}">${legendEntries(tree[l], method.labels[l].final, truths.get(method.labels[l].column))}</ul>`,
)}
<noscript><style>.plots { display: none; }</style><p class="warning">The dots are drawn by a script, which this viewer does not run.</p></noscript>
<script type="application/json">${jsonBlock(data)}</script></div>`;
}

function sampleNote({ cells, nPlaced, least }: DrawnCells): string {
  if (least === null) return "";
  const each =
    least === 1 ? "at least one cell of each label" : `at least ${least} cells of each label, or all it has`;
  return ` (${whole(cells.length)} of ${whole(nPlaced)} cells, drawn at random, with ${each})`;
}

function panelKey(kind: string, carried: readonly PackedColumn[]): Markup | null {
  const own = kind.startsWith("carried-") ? carried[Number(kind.slice("carried-".length))] : undefined;
  if (own?.categories === null)
    return html`<p class="key note">${significant(own.low)} <span class="ramp" data-ramp></span> ${significant(own.high)}</p>`;
  if (own !== undefined)
    return html`<ul class="key">${own.categories.map(([name, hue]) => html`<li><span class="swatch" style="background:${labelColour({ hue, shade: 0 })}"></span>${name}</li>`)}</ul>`;
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
  const known = labels
    .map((label, i) => ({ label, i }))
    .filter(({ label }) => counts.has(label.name) || true_.has(label.name))
    .map(
      ({ label, i }) =>
        html`<li><button type="button" aria-pressed="false" data-label="${i}"><i class="swatch" style="background:${labelColour(label)}"></i>${label.name} <span>${whole(counts.get(label.name) ?? 0)}</span></button></li>`,
    );
  const unknown = counts.get(UNKNOWN);
  return unknown === undefined
    ? known
    : [
        ...known,
        html`<li><button type="button" aria-pressed="false" data-label="none"><i class="swatch" style="background:var(--mute)"></i>${UNKNOWN} <span>${whole(unknown)}</span></button></li>`,
      ];
}
