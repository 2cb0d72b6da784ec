/**
 * Renders a run as one self-contained HTML file, without network or other files.
 *
 * The content security policy of the page forbids every request, and allows only its one script, by its hash.
 * All text from data is escaped.
 * @module
 */
import { platform } from "#platform";
import { type ConfigMap, toPlain } from "../../core/config.ts";
import { VERSION } from "../../core/version.ts";
import { scoreFullPath } from "../../evaluate/hierarchy-metrics.ts";
import { scoreLabels } from "../../evaluate/metrics.ts";
import type { PredictedLabels } from "../../predict/types.ts";
import { UNKNOWN } from "../../predict/unknown.ts";
import { embeddingFigure } from "./figures/embedding.ts";
import { html, Markup } from "./html.ts";
import { bytes, decimal, percent, whole } from "./numbers.ts";
import { SCRIPT } from "./script.ts";
import { neighbourSection, unknownSection } from "./sections/behaviour.ts";
import { comparisonSection } from "./sections/comparison.ts";
import { groupSection } from "./sections/groups.ts";
import { calibrationSection, compositionSection, confusionSection, levelSection } from "./sections/levels.ts";
import { setSection } from "./sections/sets.ts";
import { STYLE } from "./style.ts";
import { labelTree, type TreeLevel } from "./tree.ts";
import type { Fact, ReportInput, ReportMethod } from "./types.ts";

/** The report as the text of an HTML file. */
export function renderReport(input: ReportInput): string {
  const [main, ...others] = input.methods;
  const sections = main === undefined ? [] : methodSections(input, main, "");
  const comparison = comparisonSection(input);
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-${base64Sha256(SCRIPT)}'; base-uri 'none'; form-action 'none'">
<meta name="generator" content="atlasmtl ${VERSION}">
<title>${input.title}</title>
<style>${new Markup(STYLE)}</style>
</head>
<body>
<a class="skip" href="#main">Skip to the report</a>
<header>
<button type="button" class="theme" data-theme-switch hidden>Light or dark</button>
<h1>${input.title}</h1>
<p class="lead">${input.summary}</p>
${input.warnings.map(({ message, where, hint }) => html`<div class="warning" role="note"><p><b>${message}</b>${where === undefined ? null : html` <code>${where}</code>`}</p>${hint === undefined ? null : html`<p>${hint}</p>`}</div>`)}
${main === undefined ? null : tiles(input, main)}
<nav aria-label="Sections"><ul>${navigation(comparison !== null, input, sections)}</ul></nav>
</header>
<main id="main">
<h2 id="input">What went in</h2>
<div class="card">${factTable(input.facts)}</div>
${comparison}
${main !== undefined && others.length > 0 ? html`<h2>${main.name} in detail</h2>${main.description === null ? null : html`<p class="note">${main.description}</p>`}` : null}
${sections.map(({ body }) => body)}
${
  others.length === 0
    ? null
    : html`<h2 id="others">The other methods in detail</h2>${others.map((method, i) => html`<details class="method"><summary>${method.name}</summary>${method.description === null ? null : html`<p class="note">${method.description}</p>`}${methodSections(input, method, `m${i + 1}-`).map(({ body }) => body)}</details>`)}`
}
${provenance(input)}
</main>
<footer><p>Made by atlasmtl ${VERSION}. This file holds everything it shows and asks nothing of the network; it can be sent and archived as it is.</p></footer>
<script>${new Markup(SCRIPT)}</script>
</body>
</html>
`;
  return page.text;
}

interface Section {
  readonly id: string;
  readonly name: string;
  readonly body: Markup;
}

function methodSections(input: ReportInput, method: ReportMethod, prefix: string): Section[] {
  const tree = treeOf(input, method);
  const embedding =
    input.embedding === null
      ? null
      : html`<h2 id="${prefix}map">The cells</h2>${embeddingFigure(input.embedding, method, input.truths, tree)}`;
  const parts: readonly (readonly [string, string, Markup | null])[] = [
    ["levels", "Levels", levelSection(input, method, tree, prefix)],
    ["map", "Cells", embedding],
    ["confusion", "Confusion", confusionSection(input, method, tree, prefix)],
    ["labels", "Labels", compositionSection(method, tree, prefix)],
    ["groups", "Groups", groupSection(prefix === "" ? (input.groupLabels ?? null) : null, prefix)],
    ["trust", "Confidence", calibrationSection(input, method, tree, prefix)],
    ["sets", "Sets", setSection(input, method, prefix)],
    ["unknown", "Unknown", unknownSection(input, method, prefix)],
    ["neighbours", "Neighbours", neighbourSection(input, method, prefix)],
    ["coordinates", "Coordinates", coordinateSection(method, prefix)],
    ["costs", costTitle(method), costSection(method, prefix)],
  ];
  return parts.flatMap(([id, name, body]) => (body === null ? [] : [{ id: prefix + id, name, body }]));
}

function navigation(hasComparison: boolean, input: ReportInput, sections: readonly Section[]): Markup[] {
  const links = [
    { id: "input", name: "Input" },
    ...(hasComparison ? [{ id: "comparison", name: "Methods" }] : []),
    ...sections,
    ...(input.methods.length > 1 ? [{ id: "others", name: "Other methods" }] : []),
    { id: "provenance", name: "Provenance" },
  ];
  return links.map(({ id, name }) => html`<li><a href="#${id}">${name}</a></li>`);
}

/** The labels come from true and predicted labels; the hierarchy comes from the true ones, if known. */
function treeOf({ truths }: ReportInput, { labels }: ReportMethod): TreeLevel[] {
  const columns = labels.map(({ column }) => column);
  const seen = new Map<string, PredictedLabels>();
  const all = new Map<string, Set<string>>();
  const allKnown = columns.every((column) => truths.has(column));
  for (const { column, raw, final } of labels) {
    const truth = truths.get(column);
    seen.set(column, allKnown && truth !== undefined ? truth : raw);
    const names = new Set<string>();
    for (const side of [truth, final])
      for (const code of new Set(side?.codes ?? [])) {
        const name = side?.categories[code];
        if (name !== undefined) names.add(name);
      }
    all.set(column, names);
  }
  return labelTree(columns, seen, all);
}

function tiles(input: ReportInput, { labels }: ReportMethod): Markup {
  const finest = labels.at(-1);
  if (finest === undefined) return html``;
  const nCells = finest.isUnknown.length;
  const unknown = finest.isUnknown.reduce((sum, flag) => sum + flag, 0);
  const truth = input.truths.get(finest.column);
  const list: [string, string][] = [[whole(nCells), "cells annotated"]];
  if (truth !== undefined) {
    const { accuracy, macroF1 } = scoreLabels(truth, finest.final, finest.conf);
    list.push([percent(accuracy), `right on ${finest.column}`], [decimal(macroF1), "macro F1 there"]);
    const levels = labels.flatMap(({ column, final }) => {
      const known = input.truths.get(column);
      return known === undefined ? [] : [{ truth: known, predicted: final }];
    });
    if (levels.length > 1)
      list.push([percent(scoreFullPath(levels).fullPathAccuracy), "right on every level"]);
  } else {
    const mean = finest.conf.reduce((sum, value) => sum + value, 0) / Math.max(1, nCells);
    list.push(
      [whole(labelsGiven(finest.final)), `labels of ${finest.column}`],
      [decimal(mean, 2), "mean confidence there"],
    );
  }
  list.push([percent(nCells === 0 ? Number.NaN : unknown / nCells), `Unknown on ${finest.column}`]);
  return html`<div class="tiles">${list.map(([value, name]) => html`<div class="tile"><b>${value}</b><span>${name}</span></div>`)}</div>`;
}

/** Distinct labels without Unknown and missing ones. */
const labelsGiven = ({ codes, categories }: PredictedLabels): number =>
  [...new Set(codes)].filter((code) => code >= 0 && categories[code] !== UNKNOWN).length;

function factTable(facts: readonly Fact[]): Markup {
  return html`<table class="facts"><tbody>${facts.map(({ name, value, isCode }) => html`<tr><th scope="row">${name}</th><td${isCode === true ? html` class="code"` : null}>${value}</td></tr>`)}</tbody></table>`;
}

function coordinateSection({ coordinates }: ReportMethod, prefix: string): Markup | null {
  if (coordinates.size === 0) return null;
  return html`<h2 id="${prefix}coordinates">Predicted coordinates</h2>
<p class="note">Trustworthiness, continuity and overlap compare the ten nearest cells of each cell; 1 is best.</p>
<div class="card"><table><thead><tr><th>Coordinates</th><th class="n">RMSE</th><th class="n">Trustworthiness</th><th class="n">Continuity</th><th class="n">Neighbour overlap</th></tr></thead><tbody>${[...coordinates].map(([name, m]) => html`<tr><th scope="row">${name}</th><td class="n">${decimal(m.rmse)}</td><td class="n">${decimal(m.trustworthiness)}</td><td class="n">${decimal(m.continuity)}</td><td class="n">${decimal(m.neighborOverlap)}</td></tr>`)}</tbody></table></div>`;
}

/** The report of a prediction holds no times, so that the same prediction gives the same bytes. */
const costTitle = ({ costs }: Pick<ReportMethod, "costs">): string =>
  costs.length === 0 ? "Settings" : "Time and memory";

function costSection({ costs, settings }: ReportMethod, prefix: string): Markup | null {
  if (costs.length === 0 && settings.size === 0) return null;
  return html`<h2 id="${prefix}costs">${costTitle({ costs })}</h2>
${costs.length === 0 ? null : html`<div class="card">${factTable(costs)}</div>`}
${settings.size === 0 ? null : html`<details><summary>All settings</summary><div class="card">${factTable(flatten(settings))}</div></details>`}`;
}

/** Nested settings as `outer.inner` lines; long lists are shortened. */
function flatten(settings: ConfigMap): Fact[] {
  const facts: Fact[] = [];
  const visit = (name: string, value: unknown): void => {
    if (value !== null && typeof value === "object" && !Array.isArray(value) && facts.length < 400) {
      for (const [key, item] of Object.entries(value)) visit(name === "" ? key : `${name}.${key}`, item);
      return;
    }
    const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "");
    facts.push({ name, value: text.length > 300 ? `${text.slice(0, 299)}…` : text, isCode: true });
  };
  visit("", toPlain(settings));
  return facts;
}

function provenance({ files, provenance: facts, command }: ReportInput): Markup {
  return html`<h2 id="provenance">Where this comes from</h2>
<p class="note">The files of this run by their SHA-256. <code>atlasmtl verify</code> on the run's folder checks them again.</p>
<div class="card">${factTable(facts)}</div>
${
  files.length === 0
    ? null
    : html`<div class="card"><table><thead><tr><th>File</th><th>Role</th><th class="n">Size</th><th>SHA-256</th></tr></thead><tbody>${files.map(({ path, role, sizeBytes, sha256 }) => html`<tr><th scope="row">${path}</th><td>${role}</td><td class="n">${bytes(sizeBytes)}</td><td class="code">${sha256}</td></tr>`)}</tbody></table></div>`
}
${command.length === 0 ? null : html`<p class="note">The command, as it was given:</p><pre><code>${command.map(shellWord).join(" ")}</code></pre>`}`;
}

const shellWord = (word: string): string =>
  /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;

function base64Sha256(text: string): string {
  const hash = platform.createSha256();
  hash.update(new TextEncoder().encode(text));
  const digest = hash.hex().match(/../g) ?? [];
  return btoa(String.fromCharCode(...digest.map((pair) => Number.parseInt(pair, 16))));
}
