/**
 * Names, kinds and order of every output column, once (docs/specification/3-prediction.md#result).
 * @module
 */
import { toPlain } from "../core/config.ts";
import { didYouMean } from "../core/nearest.ts";
import { compareCodePoints } from "../core/order.ts";
import { AtlasmtlError } from "../errors.ts";
import type { LabelPrediction, PredictedLabels, Predictions } from "../predict/types.ts";
import { UNKNOWN_REASONS } from "../predict/unknown.ts";
import { setLabels } from "./set-text.ts";

/** `minimal`: the final label; `standard`: with confidence, margin and Unknown; `full`: everything. */
export const WRITE_MODES = ["minimal", "standard", "full"] as const;
export type WriteMode = (typeof WRITE_MODES)[number];

/** What every export takes. */
export interface ExportOptions {
  readonly mode?: WriteMode;
}

/** The mode when none is asked for. */
export const DEFAULT_WRITE_MODE: WriteMode = "standard";

/** The name of the column of obs_names in tables. */
export const INDEX_COLUMN = "obs_name";
/** The uns entry that holds the metadata, and the key of the metadata in Parquet files. */
export const METADATA_KEY = "atlasmtl";

/** The obsm key of predicted coordinates of one head, or of `latent_internal`. */
export const coordsKey = (head: string): string => `X_pred_${head}`;

/** One column of one value per cell. */
export type OutputColumn =
  | { readonly name: string; readonly kind: "label"; readonly labels: PredictedLabels }
  | { readonly name: string; readonly kind: "score"; readonly values: Float32Array }
  | { readonly name: string; readonly kind: "flag"; readonly values: Uint8Array };

type Values =
  | { readonly kind: "label"; readonly labels: PredictedLabels }
  | { readonly kind: "score"; readonly values: Float32Array }
  | { readonly kind: "flag"; readonly values: Uint8Array };

/** The columns of the deepest label, after those of the label columns. */
const DEEPEST_COLUMNS = ["pred_deepest", "pred_deepest_level"] as const;

interface ColumnSpec {
  readonly prefix: string;
  readonly suffix: string;
  /** The smallest mode that has this column. */
  readonly from: WriteMode;
  /** Null when the prediction does not have it. */
  readonly read: (prediction: LabelPrediction) => Values | null;
  /** Only there when prediction sets were asked for. */
  readonly ofSets?: true;
}

const label = (labels: PredictedLabels): Values => ({ kind: "label", labels });
const score = (values: Float32Array): Values => ({ kind: "score", values });
const flag = (values: Uint8Array): Values => ({ kind: "flag", values });

/** The columns of one label column, in order. */
const SPECS: readonly ColumnSpec[] = [
  { prefix: "pred_", suffix: "_raw", from: "full", read: (p) => label(p.raw) },
  { prefix: "conf_", suffix: "", from: "standard", read: (p) => score(p.conf) },
  { prefix: "margin_", suffix: "", from: "standard", read: (p) => score(p.margin) },
  { prefix: "is_low_conf_", suffix: "", from: "full", read: (p) => flag(p.isLowConf) },
  { prefix: "pred_", suffix: "_knn", from: "full", read: (p) => label(p.knn) },
  { prefix: "knn_vote_frac_", suffix: "", from: "full", read: (p) => score(p.knnVoteFrac) },
  { prefix: "is_low_knn_conf_", suffix: "", from: "full", read: (p) => flag(p.isLowKnnConf) },
  { prefix: "used_knn_", suffix: "", from: "full", read: (p) => flag(p.usedKnn) },
  { prefix: "is_unknown_", suffix: "", from: "standard", read: (p) => flag(p.isUnknown) },
  { prefix: "pred_", suffix: "", from: "minimal", read: (p) => label(p.final) },
  {
    prefix: "unknown_reason_",
    suffix: "",
    from: "full",
    read: (p) => label({ codes: p.unknownReasons, categories: UNKNOWN_REASONS }),
  },
  {
    prefix: "pred_set_",
    suffix: "",
    from: "minimal",
    ofSets: true,
    read: ({ sets }) => (sets === undefined ? null : label(setLabels(sets))),
  },
];

/** The names of the columns of one label column. */
export function predictionNames(column: string) {
  return {
    raw: `pred_${column}_raw`,
    conf: `conf_${column}`,
    margin: `margin_${column}`,
    isLowConf: `is_low_conf_${column}`,
    knn: `pred_${column}_knn`,
    knnVoteFrac: `knn_vote_frac_${column}`,
    isLowKnnConf: `is_low_knn_conf_${column}`,
    usedKnn: `used_knn_${column}`,
    isUnknown: `is_unknown_${column}`,
    unknownReasons: `unknown_reason_${column}`,
    final: `pred_${column}`,
    sets: `pred_set_${column}`,
  } as const;
}

function specsOf(mode: WriteMode, withSets: boolean): readonly ColumnSpec[] {
  const rank = WRITE_MODES.indexOf(mode);
  if (rank < 0)
    throw new AtlasmtlError(
      "USAGE",
      `the write mode is "${mode}"; expected ${WRITE_MODES.join(", ")}.${didYouMean(mode, WRITE_MODES)}`,
    );
  return SPECS.filter(
    ({ from, ofSets }) => WRITE_MODES.indexOf(from) <= rank && (withSets || ofSets === undefined),
  );
}

/**
 * The columns of all label columns, label column by label column, then those of the deepest label.
 * @throws USAGE for an unknown mode, naming the nearest, and for label columns whose output columns would
 * have the same name (such as `type` and `type_raw` in `full` mode).
 */
export function outputColumns(predictions: Predictions, mode: WriteMode): OutputColumn[] {
  const { labels, deepest } = predictions;
  const columns: OutputColumn[] = labels.flatMap((prediction) =>
    specsOf(mode, true).flatMap(({ prefix, suffix, read }) => {
      const values = read(prediction);
      return values === null ? [] : [{ name: `${prefix}${prediction.column}${suffix}`, ...values }];
    }),
  );
  if (deepest !== undefined) {
    const [labelName, levelName] = DEEPEST_COLUMNS;
    columns.push(
      { name: labelName, ...label(deepest.labels) },
      { name: levelName, ...label(deepest.columns) },
    );
  }
  requireDistinct(columns.map(({ name }) => name));
  return columns;
}

/** Which columns there are only on request. */
export interface RequestedColumns {
  readonly predictionSets: boolean;
  readonly deepestLabel: boolean;
}

/** The names of {@link outputColumns}. @throws as it does. */
export function columnNamesOf(
  labelColumns: readonly string[],
  mode: WriteMode,
  { predictionSets, deepestLabel }: RequestedColumns,
): string[] {
  const specs = specsOf(mode, predictionSets);
  const names: string[] = labelColumns.flatMap((column) =>
    specs.map(({ prefix, suffix }) => `${prefix}${column}${suffix}`),
  );
  if (deepestLabel) names.push(...DEEPEST_COLUMNS);
  requireDistinct(names);
  return names;
}

function requireDistinct(names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    throw new AtlasmtlError("USAGE", `The column "${twice}" would be written twice.`, {
      hint: "Choose a write mode with fewer columns, or leave out prediction sets and the deepest label.",
    });
}

/** The names that any mode and option may write for one label column. */
export function columnNames(labelColumn: string): string[] {
  return SPECS.map(({ prefix, suffix }) => `${prefix}${labelColumn}${suffix}`);
}

/**
 * The columns of `existing` that an earlier prediction wrote: those of this run's label columns, and those of
 * every other label column whose `standard` columns are all there, and the deepest label's when both are there.
 */
export function earlierColumns(existing: readonly string[], labelColumns: readonly string[]): string[] {
  const names = new Set(existing);
  const earlier = new Set(labelColumns.flatMap(columnNames));
  if (DEEPEST_COLUMNS.every((name) => names.has(name))) for (const name of DEEPEST_COLUMNS) earlier.add(name);
  const standard = specsOf("standard", false);
  const [confidence] = standard;
  for (const name of existing) {
    if (!name.startsWith(confidence.prefix)) continue;
    const column = name.slice(confidence.prefix.length);
    if (standard.every(({ prefix, suffix }) => names.has(`${prefix}${column}${suffix}`)))
      for (const written of columnNames(column)) earlier.add(written);
  }
  return existing.filter((name) => earlier.has(name));
}

/** The same labels with only the categories that occur, sorted by code point, as pandas makes them. */
export function observedLabels({ codes, categories }: PredictedLabels): PredictedLabels {
  const occurs = new Uint8Array(categories.length);
  for (const code of codes) if (code >= 0) occurs[code] = 1;
  const observed = categories.filter((_, code) => occurs[code] === 1).sort(compareCodePoints);
  const codeOf = new Map(observed.map((name, code) => [name, code]));
  const renumbered = categories.map((name) => codeOf.get(name) ?? -1);
  return { codes: codes.map((code) => (code < 0 ? -1 : renumbered[code])), categories: observed };
}

/** What a file of one table holds beside the names of the cells. */
export interface TableContent {
  readonly columns: readonly OutputColumn[];
  /** The run's metadata as JSON, under {@link METADATA_KEY} in the file's own metadata. */
  readonly metadata: string;
}

/** The columns of a mode and the metadata, for Arrow and Parquet. @throws USAGE for an unknown mode. */
export function tableContent(predictions: Predictions, { mode }: ExportOptions): TableContent {
  return {
    columns: outputColumns(predictions, mode ?? DEFAULT_WRITE_MODE),
    metadata: JSON.stringify(toPlain(predictions.metadata)),
  };
}
