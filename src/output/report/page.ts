/** Renders a run as one self-contained HTML file, without network or other files. @module */
import { type ConfigMap, toPlain } from "../../core/config.ts";
import { scoreFullPath } from "../../evaluate/hierarchy-metrics.ts";
import { scoreLabels } from "../../evaluate/metrics.ts";
import type { PredictedLabels } from "../../predict/types.ts";
import { UNKNOWN } from "../../predict/unknown.ts";
import { embeddingFigure } from "./figures/embedding.ts";
import { factTable, htmlPage, type PageLink, provenance, tileRow } from "./frame.ts";
import { html, type Markup } from "./html.ts";
import { decimal, percent, whole } from "./numbers.ts";
import { neighbourSection, unknownSection } from "./sections/behaviour.ts";
import { byGroupSection } from "./sections/by-group.ts";
import { carriedSection } from "./sections/carried.ts";
import { comparisonSection } from "./sections/comparison.ts";
import { geneSection } from "./sections/genes.ts";
import { groupSection } from "./sections/groups.ts";
import { leastSureSection } from "./sections/least-sure.ts";
import { calibrationSection, compositionSection, confusionSection, levelSection } from "./sections/levels.ts";
import { methodsTextSection } from "./sections/methods-text.ts";
import { setSection } from "./sections/sets.ts";
import { labelTree, type TreeLevel } from "./tree.ts";
import type { Fact, ReportInput, ReportMethod } from "./types.ts";

/** The report as the text of an HTML file. */
export function renderReport(input: ReportInput): string {
  const [main, ...others] = input.methods;
  const sections = main === undefined ? [] : methodSections(input, main, "");
  const comparison = comparisonSection(input);
  const methodsText = methodsTextSection(input);
  return htmlPage({
    title: input.title,
    lead: input.summary,
    warnings: input.warnings,
    tiles: main === undefined ? null : tiles(input, main),
    links: navigation(comparison !== null, methodsText !== null, input, sections),
    body: html`<h2 id="input">What went in</h2>
<div class="card">${factTable(input.facts)}</div>
${comparison}
${main !== undefined && others.length > 0 ? html`<h2>${main.name} in detail</h2>${main.description === null ? null : html`<p class="note">${main.description}</p>`}` : null}
${sections.map(({ body }) => body)}
${
  others.length === 0
    ? null
    : html`<h2 id="others">The other methods in detail</h2>${others.map((method, i) => html`<details class="method"><summary>${method.name}</summary>${method.description === null ? null : html`<p class="note">${method.description}</p>`}${methodSections(input, method, `m${i + 1}-`).map(({ body }) => body)}</details>`)}`
}
${methodsText}
${provenance(input)}`,
  });
}

interface Section {
  readonly id: string;
  readonly name: string;
  readonly body: Markup;
}

function methodSections(input: ReportInput, method: ReportMethod, prefix: string): Section[] {
  const tree = treeOf(input, method);
  const carried = prefix === "" ? (input.transferred ?? null) : null;
  const embedding =
    input.embedding === null
      ? null
      : html`<h2 id="${prefix}map">The cells</h2>${embeddingFigure(input.embedding, method, input.truths, tree, prefix === "" ? (input.obsNames ?? null) : null, carried)}`;
  const parts: readonly (readonly [string, string, Markup | null])[] = [
    ["levels", "Levels", levelSection(input, method, tree, prefix)],
    ["map", "Cells", embedding],
    ["confusion", "Confusion", confusionSection(input, method, tree, prefix)],
    ["labels", "Labels", compositionSection(method, tree, prefix)],
    ["unsure", "Least sure", prefix === "" ? leastSureSection(input, method, prefix) : null],
    ["by", "By group", byGroupSection(input, method, prefix)],
    ["groups", "Groups", groupSection(prefix === "" ? (input.groupLabels ?? null) : null, prefix)],
    ["carried", "Carried over", carriedSection(carried, method, tree, prefix)],
    ["genes", "Genes", geneSection(prefix === "" ? (input.genes ?? []) : [], tree, prefix)],
    ["trust", "Confidence", calibrationSection(input, method, tree, prefix)],
    ["sets", "Sets", setSection(input, method, prefix)],
    ["unknown", "Unknown", unknownSection(method, prefix)],
    ["neighbours", "Neighbours", neighbourSection(input, method, prefix)],
    ["coordinates", "Coordinates", coordinateSection(method, prefix)],
    ["costs", costTitle(method), costSection(method, prefix)],
  ];
  return parts.flatMap(([id, name, body]) => (body === null ? [] : [{ id: prefix + id, name, body }]));
}

function navigation(
  hasComparison: boolean,
  hasMethodsText: boolean,
  input: ReportInput,
  sections: readonly Section[],
): readonly PageLink[] {
  return [
    { id: "input", name: "Input" },
    ...(hasComparison ? [{ id: "comparison", name: "Methods" }] : []),
    ...sections,
    ...(input.methods.length > 1 ? [{ id: "others", name: "Other methods" }] : []),
    ...(hasMethodsText ? [{ id: "cite", name: "Text to paste" }] : []),
    { id: "provenance", name: "Provenance" },
  ];
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
  return tileRow(list);
}

/** Distinct labels without Unknown and missing ones. */
const labelsGiven = ({ codes, categories }: PredictedLabels): number =>
  [...new Set(codes)].filter((code) => code >= 0 && categories[code] !== UNKNOWN).length;

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
