/** The section on each level: scores, or confidences without true labels. @module */
import { type Confusion, classMetrics, confusionOf } from "../../../evaluate/confusion.ts";
import { scoreFullPath } from "../../../evaluate/hierarchy-metrics.ts";
import { type LabelMetrics, reliability, riskCurve, scoreLabels } from "../../../evaluate/metrics.ts";
import type { LabelPrediction, PredictedLabels } from "../../../predict/types.ts";
import { UNKNOWN } from "../../../predict/unknown.ts";
import { barFigure } from "../figures/bars.ts";
import { confusionFigure } from "../figures/confusion.ts";
import { reliabilityFigure, reliabilityTable } from "../figures/reliability.ts";
import { riskCoverageFigure, riskCoverageTable } from "../figures/risk-coverage.ts";
import { html, type Markup } from "../html.ts";
import { decimal, percent, whole } from "../numbers.ts";
import { labelColour, type TreeLabel, type TreeLevel } from "../tree.ts";
import type { ReportInput, ReportMethod } from "../types.ts";

/** A label column with its true labels. */
interface Scored {
  readonly label: LabelPrediction;
  readonly truth: PredictedLabels;
  readonly metrics: LabelMetrics;
  readonly level: TreeLevel;
}

/** The label columns with true labels. */
function scored(input: ReportInput, method: ReportMethod, tree: readonly TreeLevel[]): Scored[] {
  return method.labels.flatMap((label, l) => {
    const truth = input.truths.get(label.column);
    if (truth === undefined) return [];
    return [{ label, truth, metrics: scoreLabels(truth, label.final, label.conf), level: tree[l] }];
  });
}

/** Metrics per level, or confidences without true labels. */
export function levelSection(
  input: ReportInput,
  method: ReportMethod,
  tree: readonly TreeLevel[],
  id: string,
): Markup {
  const levels = scored(input, method, tree);
  if (levels.length === 0)
    return html`<h2 id="${id}levels">How sure the labels are</h2>
<p class="note">No true labels were given, so this report cannot say how many labels are right. It says how sure the model is of them.</p>
${surenessTable(method.labels)}`;
  const path = scoreFullPath(levels.map(({ label, truth }) => ({ truth, predicted: label.final })));
  return html`<h2 id="${id}levels">How right the labels are</h2>
<p class="note">A cell that came out Unknown counts as wrong in accuracy, F1 and recall. Covered cells are those with a label. ECE, Brier score and AURC say how far confidence can be trusted; smaller is better.</p>
<div class="card"><table><thead><tr><th>Level</th><th class="n">Cells</th><th class="n">Accuracy</th><th aria-hidden="true"></th><th class="n">Macro F1</th><th class="n">Balanced accuracy</th><th class="n">Covered</th><th class="n">Right of covered</th><th class="n">ECE</th><th class="n">Brier</th><th class="n">AURC</th></tr></thead><tbody>${levels.map(
    ({ label, metrics }) =>
      html`<tr><th scope="row">${label.column}</th><td class="n">${whole(metrics.nTotal)}</td><td class="n">${percent(metrics.accuracy)}</td><td class="bar" aria-hidden="true"><i style="width:${(100 * (metrics.accuracy || 0)).toFixed(1)}%"></i></td><td class="n">${decimal(metrics.macroF1)}</td><td class="n">${decimal(metrics.balancedAccuracy)}</td><td class="n">${percent(metrics.coverage)}</td><td class="n">${percent(metrics.coveredAccuracy)}</td><td class="n">${decimal(metrics.ece)}</td><td class="n">${decimal(metrics.brier)}</td><td class="n">${decimal(metrics.aurc, 4)}</td></tr>`,
  )}</tbody></table></div>
${
  levels.length > 1
    ? html`<p>Right on every level: <b>${percent(path.fullPathAccuracy)}</b> of the ${whole(path.nTotal)} cells with all true labels; labelled on every level: ${percent(path.fullPathCoverage)}.</p>`
    : null
}`;
}

function surenessTable(labels: readonly LabelPrediction[]): Markup {
  const mean = (values: ArrayLike<number>): number => {
    let sum = 0;
    for (let i = 0; i < values.length; i++) sum += values[i];
    return values.length === 0 ? Number.NaN : sum / values.length;
  };
  return html`<div class="card"><table><thead><tr><th>Level</th><th class="n">Labels given</th><th class="n">Mean confidence</th><th class="n">Low confidence</th><th class="n">Corrected by neighbours</th><th class="n">Unknown</th></tr></thead><tbody>${labels.map(
    ({ column, final, conf, isLowConf, usedKnn, isUnknown }) =>
      html`<tr><th scope="row">${column}</th><td class="n">${whole(new Set([...final.codes].filter((code) => final.categories[code] !== UNKNOWN)).size)}</td><td class="n">${decimal(mean(conf))}</td><td class="n">${percent(mean(isLowConf))}</td><td class="n">${percent(mean(usedKnn))}</td><td class="n">${percent(mean(isUnknown))}</td></tr>`,
  )}</tbody></table></div>`;
}

/** The number of cells per label, finest level unfolded. */
export function compositionSection(method: ReportMethod, tree: readonly TreeLevel[], id: string): Markup {
  const last = method.labels.length - 1;
  return html`<h2 id="${id}labels">Which labels the cells got</h2>
${method.labels.map(({ column, final, conf }, l) => {
  const counts = new Map<string, number>();
  const sums = new Map<string, number>();
  final.codes.forEach((code, cell) => {
    const name = final.categories[code] ?? "";
    counts.set(name, (counts.get(name) ?? 0) + 1);
    sums.set(name, (sums.get(name) ?? 0) + conf[cell]);
  });
  const total = Math.max(1, final.codes.length);
  const bars = [
    ...tree[l].labels.map((label) => ({ name: label.name, colour: labelColour(label) })),
    { name: UNKNOWN, colour: "var(--mute)" },
  ]
    .filter(({ name }) => counts.has(name))
    .map(({ name, colour }) => {
      const n = counts.get(name) ?? 0;
      const end = `${whole(n)} (${percent(n / total)})`;
      return { name, n, parts: [{ share: n / total, colour, title: `${name}: ${end}` }], end };
    });
  return html`<details${l === last ? html` open` : null}><summary>${column}: ${whole(bars.filter(({ name }) => name !== UNKNOWN).length)} labels</summary><div class="card">${barFigure(bars, `Cells by predicted ${column}. The numbers are in the table below.`)}<details><summary>As a table</summary><table><thead><tr><th>Label</th><th class="n">Cells</th><th class="n">Share</th><th class="n">Mean confidence</th></tr></thead><tbody>${bars.map(({ name, n }) => html`<tr><th scope="row">${name}</th><td class="n">${whole(n)}</td><td class="n">${percent(n / total)}</td><td class="n">${decimal((sums.get(name) ?? Number.NaN) / n)}</td></tr>`)}</tbody></table></details></div></details>`;
})}`;
}

/** The confusion matrices, and the scores of each label. */
export function confusionSection(
  input: ReportInput,
  method: ReportMethod,
  tree: readonly TreeLevel[],
  id: string,
): Markup | null {
  const levels = scored(input, method, tree);
  if (levels.length === 0) return null;
  return html`<h2 id="${id}confusion">Which labels are taken for which</h2>
<p class="note">Each row is a true label; the numbers are percentages of its cells. Blue is right, orange is wrong, grey is Unknown. Labels stand in the order of the hierarchy, those of one parent together.</p>
${levels.map(({ label, truth, level }, l) => {
  const confusion = confusionOf(truth, label.final);
  const order = new Map(level.labels.map(({ name }, i) => [name, i]));
  const classes = [...classMetrics(confusion)].sort((a, b) => order.get(a.label)! - order.get(b.label)!);
  return html`<details${l === levels.length - 1 ? html` open` : null}><summary>${label.column}</summary>
<div class="card">${confusionFigure(confusion, level.labels, `Confusion of ${label.column}`)}${pairTable(confusion, level.labels)}</div>
<div class="card"><table class="longer"><caption>Each label of ${label.column}</caption><thead><tr><th>Label</th><th class="n">True cells</th><th class="n">Predicted</th><th class="n">Precision</th><th class="n">Recall</th><th class="n">F1</th><th aria-hidden="true"></th><th class="n">Unknown</th><th>Most often taken for</th></tr></thead><tbody>${classes.map(
    (each) =>
      html`<tr><th scope="row">${each.label}</th><td class="n">${whole(each.support)}</td><td class="n">${whole(each.nPredicted)}</td><td class="n">${decimal(each.precision)}</td><td class="n">${decimal(each.recall)}</td><td class="n">${each.support === 0 ? "–" : decimal(each.f1)}</td><td class="bar" aria-hidden="true">${each.support === 0 ? null : html`<i style="width:${(100 * each.f1).toFixed(1)}%"></i>`}</td><td class="n">${percent(each.unknownRate)}</td><td>${mistakenFor(confusion, each.label)}</td></tr>`,
  )}</tbody></table></div></details>`;
})}`;
}

/** The numbers of the figure, pair by pair. */
function pairTable({ labels, counts }: Confusion, order: readonly TreeLabel[]): Markup {
  const width = labels.length + 1;
  const known = order.flatMap(({ name }) => (labels.includes(name) ? [labels.indexOf(name)] : []));
  const rows = known.flatMap((row) => {
    const own = counts.subarray(row * width, (row + 1) * width);
    const support = own.reduce((sum, n) => sum + n, 0);
    return [...known, labels.length]
      .filter((column) => own[column] > 0)
      .map(
        (column) =>
          html`<tr><td>${labels[row]}</td><td>${labels[column] ?? UNKNOWN}</td><td class="n">${whole(own[column])}</td><td class="n">${percent(own[column] / support)}</td></tr>`,
      );
  });
  return html`<details><summary>As a table</summary><table><thead><tr><th>True label</th><th>Predicted label</th><th class="n">Cells</th><th class="n">Share of the true label</th></tr></thead><tbody>${rows}</tbody></table></details>`;
}

function mistakenFor(
  { labels, counts }: { readonly labels: readonly string[]; readonly counts: Uint32Array },
  label: string,
): string {
  const own = labels.indexOf(label);
  const row = counts.subarray(own * (labels.length + 1), own * (labels.length + 1) + labels.length);
  let worst = -1;
  row.forEach((n, other) => {
    if (other !== own && n > 0 && (worst < 0 || n > row[worst])) worst = other;
  });
  return worst < 0 ? "" : `${labels[worst]} (${whole(row[worst])})`;
}

/** Reliability diagrams and risk–coverage curves. */
export function calibrationSection(
  input: ReportInput,
  method: ReportMethod,
  tree: readonly TreeLevel[],
  id: string,
): Markup | null {
  const levels = scored(input, method, tree).filter(({ metrics }) => Number.isFinite(metrics.ece));
  if (levels.length === 0) return null;
  const curves = levels.map(({ label, truth }) => ({
    name: label.column,
    points: riskCurve(truth, label.final, label.conf),
  }));
  return html`<h2 id="${id}trust">How far confidence can be trusted</h2>
<h3>Reliability</h3>
<p class="note">Of the cells with a confidence of 80 %, 80 % should be right: bars should end on the dashed line. Orange above a bar is confidence that was not earned. The small bars count cells.</p>
<div class="grid">${levels.map(({ label, truth, metrics }) => {
    const bins = reliability(truth, label.final, label.conf);
    return html`<figure class="card"><figcaption>${label.column} <span class="note">ECE ${decimal(metrics.ece)}</span></figcaption>${reliabilityFigure(bins, `Reliability of ${label.column}: expected calibration error ${decimal(metrics.ece)}. The numbers are in the table below.`)}<details><summary>As a table</summary>${reliabilityTable(bins)}</details></figure>`;
  })}</div>
<h3>Risk and coverage</h3>
<p class="note">If only the most confident cells were kept, how many of them would be wrong? Low and to the right is good.</p>
<figure class="card">${riskCoverageFigure(curves, "Share of wrong labels among the most confident cells. The numbers are in the table below.")}<details><summary>As a table</summary>${riskCoverageTable(curves)}</details></figure>`;
}
