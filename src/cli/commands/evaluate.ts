/** `atlasmtl evaluate`: score predictions against true labels. @module */

import { platform } from "#platform";
import { checkOutput, refuseOverwriting } from "../../api/checks.ts";
import { evaluatePredictions } from "../../api/evaluate.ts";
import { LABEL_SCORES, SEEN_SCORES, SET_SCORES } from "../../api/keys.ts";
import { type ConfigMap, Float, toPlain } from "../../api/values.ts";
import type { CommandContext } from "../context.ts";
import { openModel } from "../open-model.ts";
import { EVALUATE_FLAGS, type EvaluateFlags } from "../options/options.ts";
import { required } from "../options/settings.ts";
import { recordFiles } from "../provenance.ts";
import { count, percent, plural, table } from "../terminal/print.ts";

/** Scores by the flags, prints a table and writes the requested files. */
export async function runEvaluate(flags: EvaluateFlags, context: CommandContext): Promise<void> {
  const { output } = context;
  const {
    predictions: predictionsPath,
    truth: truthPath,
    labels: columns,
  } = required(flags, EVALUATE_FLAGS, "evaluate", ["predictions", "truth", "labels"]);
  const outputs = [flags.out, flags.report].filter((path) => path !== undefined);
  for (const path of outputs) await checkOutput(path);
  const model = flags.model === undefined ? undefined : await openModel(flags.model, {}, context);
  const inputPaths = [predictionsPath, truthPath, ...(model?.files ?? [])];
  await refuseOverwriting(outputs, inputPaths);
  const evaluation = await evaluatePredictions({
    predictions: predictionsPath,
    truth: truthPath,
    labelColumns: columns,
    domainKey: flags.domainKey,
    missingValues: flags.missingValues,
    model,
  });
  const { nCells, nMatched } = evaluation;
  if (nMatched < nCells)
    output.warn({
      message: `${count(nCells - nMatched)} of ${plural(nCells, "cell")} have no true label and are not scored`,
      where: truthPath,
    });
  for (const warning of evaluation.warnings) output.warn(warning);
  const files = [];
  if (flags.out !== undefined) files.push({ path: flags.out, bytes: [evaluation.toJson()] });
  if (flags.report !== undefined) {
    const inputs = await recordFiles(inputPaths, flags.report, context.signal);
    const html = evaluation.toReport({
      files: inputs.map((file) => ({ ...file, role: "input" })),
      command: ["atlasmtl", ...context.argv],
    });
    files.push({ path: flags.report, bytes: [new TextEncoder().encode(html)] });
  }
  if (files.length > 0) await platform.files.writeAll(files);
  output.result(scoreTable(evaluation.metrics));
  for (const { path } of files) output.note(`wrote  ${path}`);
  output.json({
    command: "evaluate",
    n_cells: nCells,
    n_matched: nMatched,
    warnings: evaluation.warnings.map(output.inWords),
    ...(toPlain(evaluation.scores) as object),
  });
}

function scoreTable(metrics: ConfigMap): string {
  const hasSets = [...metrics.values()].some((scores) => (scores as ConfigMap).has(SET_SCORES.setCoverage));
  const hasUnseen = [...metrics.values()].some(
    (scores) => (scores as ConfigMap).get(SEEN_SCORES.nUnseen) !== 0,
  );
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
      count(read(LABEL_SCORES.nTotal) ?? 0),
      share(LABEL_SCORES.accuracy),
      ...(hasUnseen ? [share(SEEN_SCORES.seenAccuracy)] : []),
      decimal(LABEL_SCORES.macroF1),
      share(LABEL_SCORES.coverage),
      share(LABEL_SCORES.coveredAccuracy),
      decimal(LABEL_SCORES.ece),
      decimal(LABEL_SCORES.aurc),
      ...(hasSets ? [share(SET_SCORES.setCoverage), read(SET_SCORES.meanSetSize)?.toFixed(2) ?? "–"] : []),
    ];
  });
  const ofSeen = hasUnseen ? ["of known types"] : [];
  const head = [
    "level",
    "cells",
    "accuracy",
    ...ofSeen,
    "macro F1",
    "covered",
    "right of covered",
    "ECE",
    "AURC",
  ];
  if (hasSets) head.push("in set", "labels in set");
  return table([head, ...rows], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
}
