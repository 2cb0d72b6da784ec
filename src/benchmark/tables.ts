/** The results of a benchmark as tables. @module */
import { type ConfigMap, type ConfigValue, Float } from "../core/config.ts";
import { compareCodePoints } from "../core/order.ts";
import { quotedCsv } from "../output/csv-text.ts";
import { METHOD_ENTRY } from "../schema/benchmark.ts";
import { BEHAVIOUR_SCORES, LABEL_SCORES, PATH_SCORES } from "../schema/scores.ts";
import type { MethodResult } from "./method-result.ts";

/** Metrics of a summary row, in order. */
const METRICS = Object.values(LABEL_SCORES);
const { unknownRate, knnCoverage, knnChangeRate, knnRescueRate, knnHarmRate } = BEHAVIOUR_SCORES;
const BEHAVIOUR = [unknownRate, knnCoverage, knnChangeRate, knnRescueRate, knnHarmRate];
const { fullPathAccuracy, fullPathCoverage, fullPathCoveredAccuracy } = PATH_SCORES;
const PATH = [fullPathAccuracy, fullPathCoverage, fullPathCoveredAccuracy];

type Rows = readonly (readonly string[])[];

/** `summary.csv`: a row per method and level. */
export function summaryTable(results: readonly MethodResult[], levels: readonly string[]): Rows {
  return [
    ["method", "dataset", "level", ...METRICS, ...BEHAVIOUR, ...PATH],
    ...results.flatMap(({ name, entry }) =>
      levels.map((level) => [
        name,
        text(entry.get(METHOD_ENTRY.datasetName)),
        level,
        ...METRICS.map((key) => text(inner(inner(entry, METHOD_ENTRY.metrics), level).get(key))),
        ...BEHAVIOUR.map((key) => text(inner(inner(entry, METHOD_ENTRY.behaviorMetrics), level).get(key))),
        ...PATH.map((key) => text(inner(entry, METHOD_ENTRY.hierarchyMetrics).get(key))),
      ]),
    ),
  ];
}

/** `summary_by_domain.csv`: a row per method, domain (by code point) and level. */
export function domainTable(results: readonly MethodResult[], levels: readonly string[]): Rows {
  return [
    ["method", "dataset", "domain", "level", ...METRICS],
    ...results.flatMap(({ name, entry }) =>
      [...inner(entry, METHOD_ENTRY.metricsByDomain).keys()].sort(compareCodePoints).flatMap((domain) =>
        levels.map((level) => {
          const metrics = inner(inner(inner(entry, METHOD_ENTRY.metricsByDomain), domain), level);
          return [
            name,
            text(entry.get(METHOD_ENTRY.datasetName)),
            domain,
            level,
            ...METRICS.map((key) => text(metrics.get(key))),
          ];
        }),
      ),
    ),
  ];
}

/** A table for papers: a row per method, three decimals. */
export function paperTable(results: readonly MethodResult[], level: string): Rows {
  const { accuracy, macroF1, balancedAccuracy, coverage, ece, aurc } = LABEL_SCORES;
  const shown = [accuracy, macroF1, balancedAccuracy, coverage, ece, aurc];
  return [
    ["Method", "Accuracy", "Macro F1", "Balanced accuracy", "Coverage", "ECE", "AURC"],
    ...results.map(({ name, entry }) => {
      const metrics = inner(inner(entry, METHOD_ENTRY.metrics), level);
      return [name, ...shown.map((key) => decimals(metrics.get(key)))];
    }),
  ];
}

/** Rows as comma-separated text. */
export const asCsv = (rows: Rows): string =>
  `${rows.map((row) => row.map(quotedCsv).join(",")).join("\n")}\n`;

/** Rows as a Markdown table. */
export function asMarkdown(rows: Rows): string {
  const [head = [], ...body] = rows;
  const line = (cells: readonly string[]): string => `| ${cells.map(markdownCell).join(" | ")} |`;
  return `${[line(head), line(head.map((_, i) => (i === 0 ? "---" : "---:"))), ...body.map(line)].join("\n")}\n`;
}

/** Escapes names from the data, so that Markdown shows them as they are. */
const markdownCell = (cell: string): string =>
  cell.replace(/[\r\n]+/g, " ").replace(/[\\|`*_<>[\]]/g, (character) => `\\${character}`);

/** `benchmark_report.md`. */
export function markdownReport(
  results: readonly MethodResult[],
  levels: readonly string[],
  title: string,
): string {
  const parts = [`# ${markdownCell(title)}\n`];
  for (const level of levels)
    parts.push(`## ${markdownCell(level)}\n`, asMarkdown(paperTable(results, level)));
  parts.push(
    "Unknown counts as wrong. Coverage is the share of cells with a label; ECE and AURC are of those cells, and smaller is better.\n",
  );
  return parts.join("\n");
}

const inner = (map: ConfigMap, key: string): ConfigMap => {
  const value = map.get(key);
  return value instanceof Map ? value : new Map();
};

function text(value: ConfigValue | undefined): string {
  if (value instanceof Float) return String(value.value);
  return value === null || value === undefined ? "" : String(value);
}

function decimals(value: ConfigValue | undefined): string {
  return value instanceof Float ? value.value.toFixed(3) : "–";
}
