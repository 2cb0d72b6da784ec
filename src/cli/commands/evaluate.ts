/** `atlasmtl evaluate`: score predictions against true labels. @module */
import { platform } from "#platform";
import { type ConfigMap, type ConfigValue, emitJson, Float, toPlain } from "../../api/values.ts";
import { VERSION } from "../../api/version.ts";
import { fromConfig, toConfig } from "../../artifacts/config-values.ts";
import { scoreMethod } from "../../benchmark/score.ts";
import { matchTruth, openCellTable, readPredictions } from "../../output/read-predictions.ts";
import { renderReport } from "../../output/report/page.ts";
import type { ReportInput } from "../../output/report/types.ts";
import { deriveHierarchyRules } from "../../predict/hierarchy-rules.ts";
import type { CommandContext } from "../context.ts";
import type { EvaluateFlags } from "../options/options.ts";
import { required } from "../options/settings.ts";
import { recordFiles } from "../provenance.ts";
import { count, percent, plural, table } from "../terminal/print.ts";

/** Scores as the flags say, prints a table and writes what was asked for. */
export async function runEvaluate(flags: EvaluateFlags, context: CommandContext): Promise<void> {
  const { output } = context;
  const predictionsPath = required(flags.predictions, "predictions", "evaluate");
  const truthPath = required(flags.truth, "truth", "evaluate");
  const columns = required(flags.labels, "labels", "evaluate");
  for (const path of [flags.out, flags.report])
    if (path !== undefined) await platform.files.checkWritable(path);
  const predicted = await openCellTable(predictionsPath);
  const labels = await readPredictions(predicted, columns);
  const truth = await openCellTable(truthPath);
  const { domainKey } = flags;
  const matched = await matchTruth(truth, predicted.obsNames, [
    ...columns,
    ...(domainKey === undefined ? [] : [domainKey]),
  ]);
  const nCells = predicted.obsNames.length;
  if (matched.nMatched < nCells)
    output.warn({
      message: `${count(nCells - matched.nMatched)} of ${plural(nCells, "cell")} have no true label and are not scored`,
      where: truthPath,
    });
  const truths = new Map(columns.map((column) => [column, matched.labels.get(column)!]));
  const domains = domainKey === undefined ? null : matched.labels.get(domainKey)!;
  const { rules } = deriveHierarchyRules(truths, columns);
  const scores = scoreMethod(labels, { labels: truths, rules, domains });
  const content = new Map<string, ConfigValue>([
    ["metrics", scores.metrics],
    ["metrics_by_domain", scores.metricsByDomain],
    ["behavior_metrics", scores.behaviour],
    ["behavior_metrics_by_domain", scores.behaviourByDomain],
    ["hierarchy_metrics", scores.hierarchy],
  ]);
  const files = [];
  if (flags.out !== undefined)
    files.push({ path: flags.out, bytes: [emitJson(toConfig(fromConfig(content)))] });
  if (flags.report !== undefined) {
    const report: ReportInput = {
      title: `Predictions of ${predictionsPath.replace(/^.*[/\\]/, "")}, scored`,
      summary: `${count(nCells)} cells compared with their true labels.`,
      facts: [
        { name: "Predictions", value: predictionsPath, isCode: true },
        { name: "True labels", value: truthPath, isCode: true },
        { name: "Cells", value: `${count(nCells)}, of which ${count(matched.nMatched)} are in the truth` },
      ],
      warnings: [],
      truths,
      groups: domains === null ? null : { name: domainKey!, labels: domains },
      embedding: null,
      methods: [
        {
          name: "predictions",
          description: null,
          labels,
          reasons: null,
          coordinates: new Map(),
          costs: [],
          settings: new Map(),
        },
      ],
      skipped: [],
      files: (await recordFiles([predictionsPath, truthPath], flags.report, context.signal)).map((file) => ({
        ...file,
        role: "input",
      })),
      provenance: [{ name: "Software", value: `atlasmtl ${VERSION}` }],
      command: ["atlasmtl", ...context.argv],
    };
    files.push({ path: flags.report, bytes: [new TextEncoder().encode(renderReport(report))] });
  }
  if (files.length > 0) await platform.files.writeAll(files);
  output.result(scoreTable(scores.metrics));
  for (const { path } of files) output.note(`wrote  ${path}`);
  output.json({
    command: "evaluate",
    n_cells: nCells,
    n_matched: matched.nMatched,
    ...(toPlain(content) as object),
  });
}

function scoreTable(metrics: ConfigMap): string {
  const hasSets = [...metrics.values()].some((scores) => (scores as ConfigMap).has("set_coverage"));
  const rows = [...metrics].map(([column, scores]) => {
    const read = (key: string): number | null => {
      const value = (scores as ConfigMap).get(key);
      return value instanceof Float ? value.value : typeof value === "number" ? value : null;
    };
    const share = (key: string): string => {
      const value = read(key);
      return value === null ? "–" : percent(value);
    };
    const decimal = (key: string): string => read(key)?.toFixed(3) ?? "–";
    return [
      column,
      count(read("n_total") ?? 0),
      share("accuracy"),
      decimal("macro_f1"),
      share("coverage"),
      share("covered_accuracy"),
      decimal("ece"),
      decimal("aurc"),
      ...(hasSets ? [share("set_coverage"), read("mean_set_size")?.toFixed(2) ?? "–"] : []),
    ];
  });
  const head = ["level", "cells", "accuracy", "macro F1", "covered", "right of covered", "ECE", "AURC"];
  if (hasSets) head.push("in set", "labels in set");
  return table([head, ...rows], [1, 2, 3, 4, 5, 6, 7, 8, 9]);
}
