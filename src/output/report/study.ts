/** The report of a study: many samples, annotated by one model. @module */
import { VERSION } from "../../core/version.ts";
import type { SampleLabels, SampleSummary } from "../../evaluate/sample-summary.ts";
import { type Outlier, samplesThatStandOut } from "../../evaluate/stand-out.ts";
import { UNKNOWN } from "../../predict/unknown.ts";
import type { OutlierMeasure } from "../../schema/study.ts";
import { type Bar, barFigure, key } from "./figures/bars.ts";
import { htmlPage, provenance, tileRow } from "./frame.ts";
import { html, type Markup } from "./html.ts";
import { decimal, percent, whole } from "./numbers.ts";
import { labelColour, labelTree } from "./tree.ts";
import type { Fact, ReportInput } from "./types.ts";

/** One sample of a study. */
export interface StudySample {
  readonly name: string;
  /** Where its cells come from. */
  readonly query: string;
  /** Null if it could not be annotated; `error` then says why. */
  readonly summary: SampleSummary | null;
  readonly error?: string | undefined;
}

/** Content of a report besides the samples. */
export interface StudyReportOptions {
  readonly title?: string | undefined;
  readonly modelName?: string | undefined;
  /** What a batch is: the obs column that was summarised, or `folder`. */
  readonly batchName?: string | undefined;
  readonly files?: ReportInput["files"] | undefined;
  readonly command?: readonly string[] | undefined;
}

/** Labels with a colour of their own; the rest are drawn as one. */
const MAX_COLOURS = 20;
/** Samples of which bars are drawn; the table has all. */
const MAX_BARS = 400;
const MAX_WARNINGS = 20;

const MEASURES: Readonly<Record<OutlierMeasure, (outlier: Outlier) => string>> = {
  composition: ({ value, median }) =>
    `its labels: ${percent(value)} of its cells would have to change for the shares of the others (usual: ${percent(median)})`,
  unknown: ({ value, median }) => `Unknown: ${percent(value)} (usual: ${percent(median)})`,
  confidence: ({ value, median }) => `mean confidence: ${decimal(value, 2)} (usual: ${decimal(median, 2)})`,
  likeness: ({ value, median }) =>
    `cells lie ${decimal(value, 2)} times as far from their types as held-out reference cells (usual: ${decimal(median, 2)})`,
  genes: ({ value, median }) => `genes of the model: ${percent(value)} (usual: ${percent(median)})`,
};

/** One HTML file on a study: its samples, those that stand out, their labels, Unknown and batches. */
export function studyReport(samples: readonly StudySample[], options: StudyReportOptions = {}): string {
  const done = samples.flatMap(({ name, summary }) => (summary === null ? [] : [{ name, summary }]));
  const failed = samples.filter(({ summary }) => summary === null);
  const outliers = samplesThatStandOut(done.map(({ summary }) => summary));
  const standing = done.map((sample, s) => ({ ...sample, found: outliers[s] }));
  const nCells = done.reduce((sum, { summary }) => sum + summary.nCells, 0);
  const unknown = done.reduce((sum, { summary }) => sum + (summary.labels.at(-1)?.unknown ?? 0), 0);
  const nOut = outliers.filter((found) => found.length > 0).length;
  const model = options.modelName === undefined ? "" : ` with the model ${options.modelName}`;
  const batches = batchSection(done, options.batchName ?? "batch");
  const facts: Fact[] = [{ name: "Software", value: `atlasmtl ${VERSION}` }];
  return htmlPage({
    title: options.title ?? "Cell types of a study",
    lead: `${whole(nCells)} cells of ${whole(done.length)} samples annotated${model}.`,
    warnings: warningsOf(done),
    tiles: tileRow([
      [whole(done.length), "samples annotated"],
      ...(failed.length === 0 ? [] : ([[whole(failed.length), "samples failed"]] as const)),
      [whole(nCells), "cells"],
      [percent(nCells === 0 ? Number.NaN : unknown / nCells), "Unknown"],
      [whole(nOut), "samples stand out"],
    ]),
    links: [
      ...(failed.length === 0 ? [] : [{ id: "failed", name: "Failed" }]),
      { id: "out", name: "Stand out" },
      { id: "samples", name: "Samples" },
      { id: "composition", name: "Composition" },
      { id: "unknown", name: "Unknown" },
      ...(batches === null ? [] : [{ id: "batches", name: "Batches" }]),
      { id: "provenance", name: "Provenance" },
    ],
    body: html`${failedSection(failed)}
${outSection(standing)}
<h2 id="samples">The samples</h2>
${sampleTable(samples, new Map(standing.map(({ name, found }) => [name, found])))}
${compositionSection(done)}
${unknownSection(done)}
${batches}
${provenance({ files: options.files ?? [], provenance: facts, command: options.command ?? [] })}`,
  });
}

interface DoneSample {
  readonly name: string;
  readonly summary: SampleSummary;
}

/** Each warning once, with the samples that have it. */
function warningsOf(samples: readonly DoneSample[]): readonly { readonly message: string }[] {
  const by = new Map<string, string[]>();
  for (const { name, summary } of samples)
    for (const message of new Set(summary.warnings)) by.set(message, [...(by.get(message) ?? []), name]);
  const all = [...by].map(([message, names]) => ({
    message: `${names.length === 1 ? names[0] : `${whole(names.length)} samples, such as ${names[0]}`}: ${message}`,
  }));
  const more = all.length - MAX_WARNINGS;
  return more > 0
    ? [
        ...all.slice(0, MAX_WARNINGS),
        { message: `${whole(more)} more warnings stand in the records of the samples` },
      ]
    : all;
}

function failedSection(failed: readonly StudySample[]): Markup | null {
  if (failed.length === 0) return null;
  return html`<h2 id="failed">Samples that could not be annotated</h2>
<div class="card"><table><thead><tr><th>Sample</th><th>File</th><th>Why</th></tr></thead><tbody>${failed.map(({ name, query, error }) => html`<tr><th scope="row">${name}</th><td class="code">${query}</td><td>${error ?? ""}</td></tr>`)}</tbody></table></div>`;
}

function outSection(samples: readonly (DoneSample & { readonly found: readonly Outlier[] })[]): Markup {
  const out = samples.filter(({ found }) => found.length > 0);
  const text =
    out.length === 0
      ? "No sample is far from the others. Of fewer than four samples with 50 cells or more this cannot be told."
      : "These samples are more than three robust standard deviations from the median of all, to the side that is worth a look: a mislabelled tube, a bad library, another tissue, or biology.";
  return html`<h2 id="out">Samples that stand out</h2>
<p class="note">${text}</p>
${out.length === 0 ? null : html`<div class="card"><table><thead><tr><th>Sample</th><th>In what</th></tr></thead><tbody>${out.map(({ name, found }) => html`<tr><th scope="row">${name}</th><td>${found.map((outlier) => html`<div>${MEASURES[outlier.measure](outlier)}</div>`)}</td></tr>`)}</tbody></table></div>`}`;
}

function sampleTable(
  samples: readonly StudySample[],
  found: ReadonlyMap<string, readonly Outlier[]>,
): Markup {
  const rows = samples.map(({ name, query, summary }) => {
    const finest = summary?.labels.at(-1);
    const most = [...(finest?.counts.keys() ?? [])].filter((label) => label !== UNKNOWN).slice(0, 3);
    const n = summary?.nCells ?? 0;
    return html`<tr><th scope="row">${name}</th><td class="n">${summary === null ? "–" : whole(n)}</td><td class="n">${finest === undefined ? "–" : whole(finest.unknown)}</td><td class="n">${percent(finest === undefined || n === 0 ? Number.NaN : finest.unknown / n)}</td><td class="n">${decimal(finest?.meanConfidence ?? Number.NaN, 2)}</td><td class="n">${decimal(summary?.shiftScore ?? Number.NaN, 2)}</td><td class="n">${percent(summary?.geneShare ?? Number.NaN, 0)}</td><td class="wide">${summary === null ? "failed" : most.join(", ")}</td><td>${(found.get(name) ?? []).map(({ measure }) => measure).join(", ")}</td><td class="code">${query}</td></tr>`;
  });
  return html`<div class="card"><table class="longer"><thead><tr><th>Sample</th><th class="n">Cells</th><th class="n">Unknown cells</th><th class="n">Unknown</th><th class="n">Mean confidence</th><th class="n">Distance to types</th><th class="n">Genes found</th><th>Most frequent labels</th><th>Stands out in</th><th>File</th></tr></thead><tbody>${rows}</tbody></table></div>`;
}

function compositionSection(samples: readonly DoneSample[]): Markup {
  const columns = samples[0]?.summary.labels.map(({ column }) => column) ?? [];
  return html`<h2 id="composition">Which labels the samples have</h2>
${samples.length > MAX_BARS ? html`<p class="note">The first ${whole(MAX_BARS)} samples; the table of labels beside this file has all.</p>` : null}
${columns.map((column, c) => html`<details${c === columns.length - 1 ? html` open` : null}><summary>${column}</summary><figure class="card">${compositionFigure(column, samples)}</figure></details>`)}`;
}

function compositionFigure(column: string, samples: readonly DoneSample[]): Markup {
  const of = ({ summary }: DoneSample): SampleLabels | undefined =>
    summary.labels.find((label) => label.column === column);
  const total = new Map<string, number>();
  for (const sample of samples)
    for (const [label, n] of of(sample)?.counts ?? []) total.set(label, (total.get(label) ?? 0) + n);
  total.delete(UNKNOWN);
  const most = [...total].sort(([, a], [, b]) => b - a).slice(0, MAX_COLOURS);
  const [{ labels }] = labelTree(
    [column],
    new Map(),
    new Map([[column, new Set(most.map(([label]) => label))]]),
  );
  const colours = [
    ...labels.map((label) => ({ name: label.name, colour: labelColour(label) })),
    ...(total.size > most.length ? [{ name: OTHER, colour: "var(--line)" }] : []),
    { name: UNKNOWN, colour: "var(--mute)" },
  ];
  const bars = samples.slice(0, MAX_BARS).map((sample): Bar => {
    const { nCells } = sample.summary;
    const counts = new Map(of(sample)?.counts);
    const own = labels.reduce((sum, { name }) => sum + (counts.get(name) ?? 0), counts.get(UNKNOWN) ?? 0);
    counts.set(OTHER, [...counts.values()].reduce((sum, n) => sum + n, 0) - own);
    return {
      name: sample.name,
      parts: colours.map(({ name, colour }) => {
        const n = counts.get(name) ?? 0;
        return {
          share: nCells === 0 ? 0 : n / nCells,
          colour,
          title: `${sample.name}: ${name} ${whole(n)} (${percent(n / Math.max(1, nCells))})`,
        };
      }),
      end: whole(nCells),
      value: nCells,
    };
  });
  return html`${barFigure(bars, `Labels of ${column} by sample. The numbers are in the table below.`, 1)}${key(colours)}
<details><summary>As a table</summary>${labelTable(
    samples.slice(0, MAX_BARS),
    of,
    colours.map(({ name }) => name).filter((name) => name !== OTHER),
  )}</details>`;
}

/** The numbers of the figure: the cells of each sample by label. */
function labelTable(
  samples: readonly DoneSample[],
  of: (sample: DoneSample) => SampleLabels | undefined,
  labels: readonly string[],
): Markup {
  return html`<table><thead><tr><th>Sample</th><th class="n">Cells</th>${labels.map((label) => html`<th class="n">${label}</th>`)}<th class="n">${OTHER}</th></tr></thead><tbody>${samples.map(
    (sample) => {
      const counts = labels.map((label) => of(sample)?.counts.get(label) ?? 0);
      const all = [...(of(sample)?.counts.values() ?? [])].reduce((sum, n) => sum + n, 0);
      const own = counts.reduce((sum, n) => sum + n, 0);
      return html`<tr><th scope="row">${sample.name}</th><td class="n">${whole(sample.summary.nCells)}</td>${counts.map((n) => html`<td class="n">${whole(n)}</td>`)}<td class="n">${whole(all - own)}</td></tr>`;
    },
  )}</tbody></table>`;
}

const OTHER = "other labels";

function unknownSection(samples: readonly DoneSample[]): Markup {
  const rows = samples
    .map(({ name, summary: { nCells, labels } }) => ({ name, nCells, unknown: labels.at(-1)?.unknown ?? 0 }))
    .filter(({ nCells }) => nCells > 0)
    .sort((a, b) => b.unknown / b.nCells - a.unknown / a.nCells);
  return html`<h2 id="unknown">Unknown by sample</h2>
<p class="note">On the finest level, the largest shares first.</p>
<figure class="card">${barFigure(rows.slice(0, MAX_BARS).map(unknownBar), "Unknown by sample. The numbers are in the table of samples.")}</figure>`;
}

function unknownBar(row: { readonly name: string; readonly nCells: number; readonly unknown: number }): Bar {
  const { name, nCells, unknown } = row;
  return {
    name,
    parts: [
      {
        share: unknown / nCells,
        colour: "var(--mute)",
        title: `${name}: ${whole(unknown)} of ${whole(nCells)} cells are Unknown`,
      },
    ],
    end: `${percent(unknown / nCells)} of ${whole(nCells)}`,
  };
}

/** Cells and Unknown by the batch of origin, over all samples; null where there are no batches. */
function batchSection(samples: readonly DoneSample[], name: string): Markup | null {
  const by = new Map<string, { nCells: number; unknown: number; samples: number }>();
  for (const { summary } of samples)
    for (const { batch, nCells, unknown } of summary.batches) {
      const sum = by.get(batch) ?? { nCells: 0, unknown: 0, samples: 0 };
      by.set(batch, {
        nCells: sum.nCells + nCells,
        unknown: sum.unknown + unknown,
        samples: sum.samples + 1,
      });
    }
  if (by.size === 0) return null;
  const rows = [...by]
    .map(([batch, sums]) => ({ name: batch, ...sums }))
    .sort((a, b) => b.unknown / b.nCells - a.unknown / a.nCells);
  return html`<h2 id="batches">Batch of origin: ${name}</h2>
<p class="note">Cells of all samples by ${name}. A batch with far more Unknown than the others is worth a look.</p>
<figure class="card">${barFigure(rows.slice(0, MAX_BARS).map(unknownBar), `Unknown by ${name}. The numbers are in the table below.`)}</figure>
<details><summary>As a table</summary><div class="card"><table><thead><tr><th>${name}</th><th class="n">Samples</th><th class="n">Cells</th><th class="n">Unknown</th></tr></thead><tbody>${rows.map((row) => html`<tr><th scope="row">${row.name}</th><td class="n">${whole(row.samples)}</td><td class="n">${whole(row.nCells)}</td><td class="n">${percent(row.unknown / row.nCells)}</td></tr>`)}</tbody></table></div></details>`;
}
