/** `atlasmtl harmonise`: propose which labels of several references are one type. @module */

import { platform } from "#platform";
import { checkOutput, refuseOverwriting } from "../../api/checks.ts";
import { option, phrase } from "../../api/errors.ts";
import { type AnnData, harmoniseLabels, type LabelProposal, labelMapText } from "../../api/index.ts";
import type { CommandContext } from "../context.ts";
import { openDataset } from "../open-dataset.ts";
import { layerOf } from "../options/dataset-flags.ts";
import { inputFiles } from "../options/input-files.ts";
import { HARMONISE_FLAGS, type HarmoniseFlags } from "../options/options.ts";
import { required } from "../options/settings.ts";
import { fileSummary, prepareRun, recordFiles } from "../provenance.ts";
import { labelsOfReferences } from "../references/reference-labels.ts";
import { sampleNames } from "../study/sample-names.ts";
import { count, percent, plural, snakeKeys, table } from "../terminal/print.ts";
import { createProgress } from "../terminal/progress-bar.ts";
import { shellWord } from "../terminal/shell-word.ts";
import { usageError } from "../terminal/show-error.ts";

/** Writes a label map to edit. @throws USAGE before any work for a call that cannot succeed. */
export async function runHarmonise(flags: HarmoniseFlags, context: CommandContext): Promise<void> {
  const { output, signal } = context;
  const { adata, labels, out } = required(flags, HARMONISE_FLAGS, "harmonise", ["adata", "labels", "out"]);
  if (!/\.tsv$/.test(out))
    throw usageError(
      `got ${JSON.stringify(out)}, expected a name that ends in .tsv`,
      option("out"),
      "a table with tabs is written, a line for each label",
    );
  const paths = await inputFiles(adata);
  if (paths.length < 2)
    throw usageError(
      phrase`${option("adata")} names one file, and labels are brought together of two or more`,
      option("adata"),
      phrase`add the other references: ${option("adata", "A.h5ad")} B.h5ad`,
    );
  const names = sampleNames(paths);
  const columns = labelsOfReferences(labels, names, paths);
  await checkOutput(out);
  const progress = createProgress(context.common);
  const opened: AnnData[] = [];
  try {
    for (const path of paths) opened.push(await openDataset(path, flags, output));
    const files = opened.flatMap(({ stored }, i) => stored?.files ?? [paths[i]]);
    await refuseOverwriting([out], files);
    const inputs = await recordFiles(files, out, signal);
    const { preset, randomState, forceInput, numThreads } = flags;
    const { rows, notes, warnings } = await harmoniseLabels(
      opened.map((each, i) => ({ name: names[i], adata: each, labelColumns: columns[i] })),
      { layer: layerOf(flags), preset, randomState, forceInput, numThreads },
      { signal, onProgress: progress.report },
    );
    progress.stop();
    const run = await prepareRun(
      out,
      {
        command: "harmonise",
        inputs,
        seeds: new Map(randomState === undefined ? [] : [["randomState", randomState]]),
        details: new Map([["out", out]]),
      },
      context,
    );
    const bytes = [new TextEncoder().encode(labelMapText(rows))];
    await platform.files.writeAll([{ path: out, bytes }], run.also);
    for (const warning of warnings) output.warn(warning);
    for (const { message } of notes.map(output.inWords)) output.note(message);
    output.result(proposalText(rows));
    output.note(`wrote  ${out}  ${plural(rows.length, "label")}`);
    output.note(`wrote  ${run.path()}`);
    const words = ["--adata", ...paths, "--labels", ...labels, "--label-map", out];
    // Labels that the map takes away are missing.
    if (rows.some(({ to }) => to === null)) words.push("--missing-labels", "ignore");
    output.note(
      `next:  look at ${out}, then atlasmtl train ${[...words, "--out", "model/model.pth"].map(shellWord).join(" ")}`,
    );
    output.json({
      command: "harmonise",
      out,
      labels: snakeKeys(rows),
      outputs: run.outputs().map(fileSummary),
      run_manifest: run.path(),
      notes: notes.map(output.inWords),
      warnings: warnings.map(output.inWords),
    });
  } finally {
    progress.stop();
    for (const each of opened) await each.close();
  }
}

function proposalText(rows: readonly LabelProposal[]): string {
  const shown = rows.map(({ file, label, to, match, others, share, shareBack, nCells }) => [
    file,
    label,
    count(nCells),
    match,
    to ?? "(no label)",
    others.join(" | "),
    others.length === 0 ? "" : percent(share),
    others.length === 0 ? "" : percent(shareBack),
  ]);
  const head = ["file", "label", "cells", "match", "becomes", "predicted as", "share", "share back"];
  return table([head, ...shown], [2, 6, 7]);
}
