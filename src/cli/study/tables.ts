/** The tables of a study. @module */
import { COMPOSITION_TABLE, SAMPLE_TABLE } from "../../api/keys.ts";
import { samplesThatStandOut } from "../../api/study.ts";
import { count, percent, plural, table } from "../terminal/print.ts";
import type { StudyResult } from "./types.ts";

/** One line about a sample. */
export function sampleLine({ name, status, summary }: StudyResult): string {
  if (summary === null) return `${name}: failed`;
  const finest = summary.labels.at(-1);
  const unknown =
    finest === undefined || summary.nCells === 0
      ? ""
      : `, ${percent(finest.unknown / summary.nCells)} Unknown`;
  return `${name}: ${plural(summary.nCells, "cell")}${unknown}${status === "skipped" ? " (done before)" : ""}`;
}

/** All samples, for the terminal. */
export function samplesTable(results: readonly StudyResult[]): string {
  const out = outliersOf(results);
  const rows = results.map((result, i) => {
    const { name, status, summary, failure } = result;
    const finest = summary?.labels.at(-1);
    const unknown =
      finest === undefined || summary === null || summary.nCells === 0
        ? ""
        : percent(finest.unknown / summary.nCells);
    return [
      name,
      status,
      summary === null ? "" : count(summary.nCells),
      unknown,
      finest?.meanConfidence?.toFixed(3) ?? "",
      failure === null ? out[i].join(", ") : failure.what,
    ];
  });
  return table(
    [["sample", "status", "cells", "Unknown", "mean confidence", "stands out in"], ...rows],
    [2, 3, 4],
  );
}

/** All samples, as tab-separated text. */
export function samplesTsv(results: readonly StudyResult[]): string {
  const columns = results.find(({ summary }) => summary !== null)?.summary?.labels ?? [];
  const out = outliersOf(results);
  const named = (key: string): readonly string[] =>
    key.includes("{}") ? columns.map(({ column }) => key.replace("{}", () => column)) : [key];
  const head = Object.values(SAMPLE_TABLE).flatMap(named);
  const rows = results.map(({ name, query, status, summary, failure }, i) => {
    const ofColumns = (value: (label: NonNullable<typeof summary>["labels"][number]) => unknown) =>
      columns.map(({ column }) => {
        const label = summary?.labels.find((each) => each.column === column);
        return label === undefined ? "" : value(label);
      });
    return [
      name,
      query,
      status,
      summary?.nCells ?? "",
      summary?.geneShare ?? "",
      summary?.shiftScore ?? "",
      ...ofColumns(({ unknown }) => unknown),
      ...ofColumns(({ meanConfidence }) => meanConfidence ?? ""),
      out[i].join(","),
      failure?.what ?? "",
    ];
  });
  return tsv([head, ...rows]);
}

/** Cells by sample, label column and label, as tab-separated text. */
export function compositionTable(results: readonly StudyResult[]): string {
  const rows = results.flatMap(({ name, summary }) =>
    (summary?.labels ?? []).flatMap(({ column, counts }) =>
      [...counts].map(([label, n]) => [name, column, label, n, n / Math.max(1, summary!.nCells)]),
    ),
  );
  return tsv([Object.values(COMPOSITION_TABLE), ...rows]);
}

/** In what each sample stands out. */
function outliersOf(results: readonly StudyResult[]): readonly (readonly string[])[] {
  const summaries = results.flatMap(({ summary }) => summary ?? []);
  const found = new Map(samplesThatStandOut(summaries).map((each, s) => [summaries[s], each]));
  return results.map(({ summary }) =>
    summary === null ? [] : (found.get(summary) ?? []).map(({ measure }) => measure),
  );
}

function tsv(rows: readonly (readonly unknown[])[]): string {
  return `${rows.map((row) => row.map((cell) => String(cell).replace(/[\t\r\n]+/g, " ")).join("\t")).join("\n")}\n`;
}
