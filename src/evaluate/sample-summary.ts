/** What a sample of a study says in a screenful: its labels, Unknown, confidence and likeness to the reference. @module */
import { type ConfigMap, type ConfigValue, Float, keyed } from "../core/config.ts";
import { compareCodePoints } from "../core/order.ts";
import type { PredictedLabels, Predictions } from "../predict/types.ts";
import { PREDICTION_METADATA } from "../schema/prediction.ts";
import { SAMPLE_BATCH, SAMPLE_LABELS, SAMPLE_SUMMARY } from "../schema/study.ts";

/** One label column of a sample. */
export interface SampleLabels {
  readonly column: string;
  /** Cells by final label, `Unknown` included, the most frequent first. */
  readonly counts: ReadonlyMap<string, number>;
  /** Cells that are Unknown. */
  readonly unknown: number;
  /** Null without cells. */
  readonly meanConfidence: number | null;
}

/** The cells of a sample with one value of an obs column. */
export interface SampleBatch {
  readonly batch: string;
  readonly nCells: number;
  /** Cells that are Unknown on the finest level. */
  readonly unknown: number;
}

export interface SampleSummary {
  readonly nCells: number;
  /** Share of the model's genes that the sample has, 0 to 1. */
  readonly geneShare: number;
  /** How far cells lie from their types, in terms of held-out reference cells (1); null if it was not measured. */
  readonly shiftScore: number | null;
  /** Coarse to fine. */
  readonly labels: readonly SampleLabels[];
  /** Empty without a column of batches. */
  readonly batches: readonly SampleBatch[];
  /** The messages of its warnings. */
  readonly warnings: readonly string[];
}

/** Summarises one prediction; `batches` are the cells' values of an obs column. */
export function summariseSample(
  predictions: Predictions,
  batches: PredictedLabels | null = null,
): SampleSummary {
  const { labels, metadata, obsNames, warnings } = predictions;
  const number = (key: string): number | null => numberOf(metadata.get(key));
  const matched = number(PREDICTION_METADATA.nGenesMatched) ?? 0;
  const missing = number(PREDICTION_METADATA.nGenesMissing) ?? 0;
  const finest = labels.at(-1)?.isUnknown ?? new Uint8Array(0);
  return {
    nCells: obsNames.length,
    geneShare: matched + missing === 0 ? 1 : matched / (matched + missing),
    shiftScore: number(PREDICTION_METADATA.shiftScore),
    labels: labels.map(({ column, final, isUnknown, conf }) => ({
      column,
      counts: countsOf(final),
      unknown: sum(isUnknown),
      meanConfidence: conf.length === 0 ? null : sum(conf) / conf.length,
    })),
    batches: batches === null ? [] : batchesOf(batches, finest),
    warnings: warnings.map(({ message }) => message),
  };
}

function countsOf({ codes, categories }: PredictedLabels): ReadonlyMap<string, number> {
  const counts = new Uint32Array(categories.length);
  for (const code of codes) if (code >= 0) counts[code]++;
  return mostFirst(categories.map((name, code) => [name, counts[code]] as const).filter(([, n]) => n > 0));
}

/** The most frequent first; a file keeps no order. */
const mostFirst = (counts: readonly (readonly [string, number])[]): ReadonlyMap<string, number> =>
  new Map([...counts].sort(([nameA, a], [nameB, b]) => b - a || compareCodePoints(nameA, nameB)));

function batchesOf({ codes, categories }: PredictedLabels, isUnknown: Uint8Array): SampleBatch[] {
  const [cells, unknown] = [new Uint32Array(categories.length), new Uint32Array(categories.length)];
  codes.forEach((code, cell) => {
    if (code < 0) return;
    cells[code]++;
    unknown[code] += isUnknown[cell];
  });
  return categories
    .map((batch, code) => ({ batch, nCells: cells[code], unknown: unknown[code] }))
    .filter(({ nCells }) => nCells > 0);
}

function sum(values: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += values[i];
  return total;
}

/** For the record of a run. */
export function sampleToConfig(sample: SampleSummary): ConfigMap {
  const float = (value: number | null): ConfigValue => (value === null ? null : new Float(value));
  return keyed(SAMPLE_SUMMARY, {
    nCells: sample.nCells,
    geneShare: new Float(sample.geneShare),
    shiftScore: float(sample.shiftScore),
    labels: sample.labels.map(({ column, counts, unknown, meanConfidence }) =>
      keyed(SAMPLE_LABELS, { column, counts, unknown, meanConfidence: float(meanConfidence) }),
    ),
    batches: sample.batches.map(({ batch, nCells, unknown }) =>
      keyed(SAMPLE_BATCH, { batch, nCells, unknown }),
    ),
    warnings: sample.warnings,
  });
}

/** From the parsed JSON of a record; null for anything else. */
export function sampleFromJson(json: unknown): SampleSummary | null {
  const of = fields(json);
  const [nCells, geneShare] = [numberOf(of(SAMPLE_SUMMARY.nCells)), numberOf(of(SAMPLE_SUMMARY.geneShare))];
  const [labels, batches, warnings] = [SAMPLE_SUMMARY.labels, SAMPLE_SUMMARY.batches, SAMPLE_SUMMARY.warnings]
    .map(of)
    .map((list) => (Array.isArray(list) ? (list as unknown[]) : null));
  if (nCells === null || geneShare === null || labels === null || batches === null || warnings === null)
    return null;
  return {
    nCells,
    geneShare,
    shiftScore: numberOf(of(SAMPLE_SUMMARY.shiftScore)),
    labels: labels.map(fields).map((label) => ({
      column: String(label(SAMPLE_LABELS.column)),
      counts: mostFirst(
        Object.entries((label(SAMPLE_LABELS.counts) ?? {}) as object).map(([name, n]) => [
          name,
          numberOf(n) ?? 0,
        ]),
      ),
      unknown: numberOf(label(SAMPLE_LABELS.unknown)) ?? 0,
      meanConfidence: numberOf(label(SAMPLE_LABELS.meanConfidence)),
    })),
    batches: batches.map(fields).map((batch) => ({
      batch: String(batch(SAMPLE_BATCH.batch)),
      nCells: numberOf(batch(SAMPLE_BATCH.nCells)) ?? 0,
      unknown: numberOf(batch(SAMPLE_BATCH.unknown)) ?? 0,
    })),
    warnings: warnings.map(String),
  };
}

function fields(json: unknown): (key: string) => unknown {
  return (key) =>
    json !== null && typeof json === "object" && Object.hasOwn(json, key)
      ? (json as Readonly<Record<string, unknown>>)[key]
      : undefined;
}

function numberOf(value: unknown): number | null {
  if (value instanceof Float) return value.value;
  return typeof value === "number" ? value : null;
}
