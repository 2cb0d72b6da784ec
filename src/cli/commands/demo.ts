/** `atlasmtl demo`: the whole job on a simulated atlas. @module */
import { platform } from "#platform";
import { type DemoSummary, runDemo } from "../../api/demo.ts";
import type { CommandContext } from "../context.ts";
import { count, duration, indent, percent, plural, snakeKeys, table } from "../terminal/print.ts";
import { createProgress } from "../terminal/progress-bar.ts";
import { shellWord } from "../terminal/shell-word.ts";
import { unknownLines } from "../terminal/unknown-lines.ts";

/** A generous estimate of the size of the files. */
const DEMO_BYTES = 64e6;

/** Writes the files to `folder` and prints the accuracy on the query. */
export async function runDemoCommand(
  folder: string,
  { common, output, signal }: CommandContext,
): Promise<void> {
  await platform.files.checkWritable(`${folder}/reference.h5ad`, DEMO_BYTES);
  const progress = createProgress(common);
  let summary: DemoSummary;
  try {
    summary = await runDemo({ folder }, { signal, onProgress: progress.report });
  } finally {
    progress.stop();
  }
  output.result(
    [
      output.heading("A simulated atlas, annotated"),
      indent(setting(summary)),
      `\n${output.heading("The commands that do the same")}`,
      indent(commands(summary)),
      `\n${output.heading("Cells of types that the reference has")}`,
      indent(levelTable(summary)),
      `\n${output.heading("A type that the reference does not have")}`,
      indent(unseenText(summary)),
      `\n${output.heading("Files")}`,
      indent(table(fileRows(summary))),
      `\n${output.heading("Next")}`,
      indent(nextCommands(summary)),
    ].join("\n"),
  );
  output.json({ command: "demo", folder, ...(snakeKeys(summary) as object) });
}

function setting({ atlas, levels, seconds }: DemoSummary): string {
  return [
    `${plural(atlas.nReference, "reference cell")}, ${plural(atlas.nQuery, "query cell")}, ${plural(atlas.nGenes, "gene")}, ${plural(levels.length, "label level")}`,
    `simulated in ${duration(seconds.simulate)}, trained in ${duration(seconds.train)}, annotated in ${duration(seconds.predict)}`,
  ].join("\n");
}

function levelTable({ levels, fullPath }: DemoSummary): string {
  const rows = levels.map(({ column, nClasses, known, behaviour }) => [
    column,
    count(nClasses),
    percent(known.accuracy),
    known.macroF1.toFixed(3),
    percent(known.rejectRate),
    percent(behaviour.knnCoverage),
    known.ece.toFixed(3),
  ]);
  const head = ["level", "classes", "accuracy", "macro F1", "Unknown", "by KNN", "calibration error"];
  const path = `right on every level: ${percent(fullPath.fullPathAccuracy)}`;
  return `${table([head, ...rows], [1, 2, 3, 4, 5, 6])}\n${path}`;
}

function unseenText({ unseen, told }: DemoSummary): string {
  if (unseen.type === null) return "none in this atlas";
  const share = unseen.nCells === 0 ? "" : ` (${percent(unseen.nUnknown / unseen.nCells)})`;
  return `${unseen.type}: ${count(unseen.nUnknown)} of ${plural(unseen.nCells, "cell")} came out Unknown${share}\nall cells, as predict tells it:\n${indent(unknownLines(told.labels).join("\n"))}`;
}

function fileRows({ files }: DemoSummary): string[][] {
  return [
    [files.reference, "the labelled reference"],
    [files.query, "the query, with its true labels to compare"],
    [files.model, "the trained model; its other files lie beside it"],
    [files.annotated, "the query with labels and confidences"],
    [files.predictions, "labels and confidences as a table"],
    [files.report, "everything at a glance: open it in a browser"],
  ];
}

/** The commands of the README, with the files and columns of the demonstration. */
function commands({ files, levels }: DemoSummary): string {
  const labels = levels.map(({ column }) => shellWord(column)).join(" ");
  return [
    `atlasmtl train --adata ${shellWord(files.reference)} --out ${shellWord(files.model)} --labels ${labels}`,
    `atlasmtl predict --model ${shellWord(files.model)} --adata ${shellWord(files.query)} --out ${shellWord(files.annotated)}`,
  ].join("\n");
}

function nextCommands({ files }: DemoSummary): string {
  return [`atlasmtl inspect ${shellWord(files.annotated)}`, `atlasmtl verify ${shellWord(files.model)}`].join(
    "\n",
  );
}
