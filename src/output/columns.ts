/** The columns of a prediction as they are written, by the table of `schema/columns.ts`. @module */
import { type ConfigMap, toPlain } from "../core/config.ts";
import { didYouMean } from "../core/nearest.ts";
import { compareCodePoints } from "../core/order.ts";
import { AtlasmtlError, option, phrase } from "../errors.ts";
import { storedColumn } from "../predict/probability-store.ts";
import type {
  FieldOf,
  LabelPrediction,
  PredictedLabels,
  Predictions,
  ProbabilityColumn,
  Transferred,
} from "../predict/types.ts";
import {
  type ColumnEntry,
  type ColumnKey,
  type ColumnKind,
  coordColumn,
  DEEPEST_COLUMNS,
  DEFAULT_WRITE_MODE,
  INDEX_COLUMN,
  LABEL_COLUMN_ENTRIES,
  labelColumnOf,
  nameOf,
  probabilityColumn,
  TRANSFER_COLUMNS,
  TRANSFER_DISTANCE,
  transferNames,
  transferredColumnOf,
  WRITE_MODES,
  type WriteMode,
} from "../schema/columns.ts";
import { PREDICTION_METADATA, UNKNOWN_REASONS } from "../schema/prediction.ts";
import { setLabels } from "./set-text.ts";

/** Input of every export. */
export interface ExportOptions {
  readonly mode?: WriteMode;
  /** Write predicted coordinates and the latent space as well; off by default. */
  readonly includeCoords?: boolean | undefined;
}

/** Input of an export as comma-separated text. */
export interface CsvOptions extends ExportOptions {
  /**
   * Write an apostrophe before texts that a spreadsheet takes for formulas: those that begin with `=`, `+`, `-`, `@`, a
   * tab or a carriage return. Off by default; what atlasmtl reads of such a table has none.
   */
  readonly guardFormulas?: boolean | undefined;
}

/** One column of one value per cell. */
export type OutputColumn =
  | { readonly name: string; readonly kind: "label"; readonly labels: PredictedLabels }
  | (ProbabilityColumn & { readonly kind: "score" })
  | { readonly name: string; readonly kind: "flag"; readonly values: Uint8Array };

type Values =
  | { readonly kind: "label"; readonly labels: PredictedLabels }
  | { readonly kind: "score"; readonly values: Float32Array }
  | { readonly kind: "flag"; readonly values: Uint8Array };

/**
 * The values of a column of one kind, from a field of a prediction; null if the prediction does not have it.
 */
const VALUES: { readonly [K in ColumnKind]: (field: FieldOf<K>) => Values | null } = {
  label: (labels) => (labels === undefined ? null : { kind: "label", labels }),
  score: (values) => (values === undefined ? null : { kind: "score", values }),
  flag: (values) => ({ kind: "flag", values }),
  reason: (codes) => ({ kind: "label", labels: { codes, categories: UNKNOWN_REASONS } }),
  set: (sets) => (sets === undefined ? null : { kind: "label", labels: setLabels(sets) }),
};
function valuesOf(prediction: LabelPrediction, key: ColumnKey, kind: ColumnKind): Values | null {
  const read = VALUES[kind] as (field: LabelPrediction[ColumnKey]) => Values | null;
  return read(prediction[key]);
}

/** Which columns of a label column are there only in some predictions. */
interface OptionalColumns {
  readonly predictionSets: boolean;
  /** Distances to the reference were measured. */
  readonly distance: boolean;
  /** Groups have labels. */
  readonly consensus: boolean;
  /** All labels that are probable enough were asked for. */
  readonly probMatch: boolean;
}

function entriesOf(mode: WriteMode, has: OptionalColumns): typeof LABEL_COLUMN_ENTRIES {
  const rank = WRITE_MODES.indexOf(mode);
  if (rank < 0)
    throw new AtlasmtlError(
      "USAGE",
      `the write mode is "${mode}", expected ${WRITE_MODES.join(", ")}${didYouMean(mode, WRITE_MODES)}`,
    );
  return LABEL_COLUMN_ENTRIES.filter(([, { from, fromWithDistance, needs }]) => {
    const first = has.distance ? (fromWithDistance ?? from) : from;
    return WRITE_MODES.indexOf(first) <= rank && (needs === undefined || has[needs]);
  });
}

/**
 * The output columns of each label column in turn, then those of the deepest label and of transferred columns.
 * @throws USAGE for an unknown mode, with the most similar one, and for label columns whose output columns
 * would have the same name (such as `type` and `type_raw` in `full` mode).
 */
export function outputColumns(predictions: Predictions, mode: WriteMode): OutputColumn[] {
  const { labels, deepest, transferred } = predictions;
  const distance = labels.some((label) => label.distance !== undefined);
  const entries = entriesOf(mode, { predictionSets: true, distance, consensus: true, probMatch: true });
  const columns: OutputColumn[] = labels.flatMap((prediction) =>
    entries.flatMap(([key, entry]) => {
      const values = valuesOf(prediction, key, entry.kind);
      return values === null ? [] : [{ name: nameOf(entry, prediction.column), ...values }];
    }),
  );
  if (deepest !== undefined)
    for (const key of ["labels", "columns"] as const)
      columns.push({ name: DEEPEST_COLUMNS[key], kind: "label", labels: deepest[key] });
  if (transferred !== undefined) columns.push(...transferColumns(transferred, mode));
  requireDistinct(columns.map(({ name }) => name));
  return columns;
}

function transferColumns({ columns, distance }: Transferred, mode: WriteMode): OutputColumn[] {
  const has = ({ from }: Pick<ColumnEntry, "from">): boolean =>
    WRITE_MODES.indexOf(from) <= WRITE_MODES.indexOf(mode);
  const { value, spread, share } = TRANSFER_COLUMNS;
  const score = (entry: Pick<ColumnEntry, "name" | "from">, column: string, values: Float32Array) =>
    has(entry) ? [{ name: nameOf(entry, column), kind: "score" as const, values }] : [];
  return [
    ...columns.flatMap((each): OutputColumn[] =>
      each.kind === "number"
        ? [...score(value, each.column, each.mean), ...score(spread, each.column, each.spread)]
        : [
            { name: nameOf(value, each.column), kind: "label", labels: each.labels },
            ...score(share, each.column, each.share),
          ],
    ),
    ...(has(TRANSFER_DISTANCE)
      ? [{ name: TRANSFER_DISTANCE.name, kind: "score" as const, values: distance }]
      : []),
  ];
}

/**
 * The columns of a table of cells: {@link outputColumns}, then the probabilities of each label column and the coordinates.
 * @throws like it; USAGE for coordinates that prediction did not keep.
 */
export function tableColumns(predictions: Predictions, options: ExportOptions): OutputColumn[] {
  const { mode = DEFAULT_WRITE_MODE, includeCoords = false } = options;
  const { probabilities = [] } = predictions;
  const coords = includeCoords ? coordColumns(predictions) : [];
  const columns = [
    ...outputColumns(predictions, mode),
    ...probabilities.flatMap(({ column, columns: own }) =>
      own.map((each) => renamed(each, probabilityColumn(column, each.name), predictions.obsNames.length)),
    ),
    ...coords,
  ];
  if (probabilities.length + coords.length > 0)
    requireDistinct([INDEX_COLUMN, ...columns.map(({ name }) => name)]);
  return columns;
}

function renamed(column: ProbabilityColumn, name: string, nObs: number): OutputColumn {
  if (column.kind === "label" || column.part === undefined) return { ...column, name };
  return storedColumn(name, nObs, column.part);
}

/** The scores of cells `start` to `end`; those of other cells are not read. */
export function scoresOf(
  column: OutputColumn & { readonly kind: "score" },
  start: number,
  end: number,
): Float32Array {
  return column.part?.(start, end) ?? column.values.subarray(start, end);
}

/** A column for each axis of each array of coordinates, called by the key that it has in obsm. */
function coordColumns(predictions: Predictions): OutputColumn[] {
  requireCoords(predictions);
  return [...predictions.coords].flatMap(([head, { nRows, nCols, data }]) =>
    Array.from({ length: nCols }, (_, axis) => {
      const values = new Float32Array(nRows);
      for (let row = 0; row < nRows; row++) values[row] = data[row * nCols + axis];
      return { name: coordColumn(head, axis + 1), kind: "score" as const, values };
    }),
  );
}

/** @throws USAGE if prediction kept no coordinates. */
export function requireCoords({ coords }: Predictions): void {
  if (coords.size === 0)
    throw new AtlasmtlError("USAGE", "there are no coordinates to write: prediction did not keep them", {
      where: phrase`${option("includeCoords")}`,
      hint: phrase`predict with ${option("keepCoords", true)}`,
    });
}

/** Which optional columns are present. */
export interface RequestedColumns extends OptionalColumns {
  readonly deepestLabel: boolean;
  /** Transferred columns of the reference. */
  readonly transfer?: readonly string[] | undefined;
}

/** The names of {@link outputColumns}, with all that a transferred column may have. @throws like it. */
export function columnNamesOf(
  labelColumns: readonly string[],
  mode: WriteMode,
  { deepestLabel, transfer = [], ...optional }: RequestedColumns,
): string[] {
  const entries = entriesOf(mode, optional);
  const names: string[] = labelColumns.flatMap((column) => entries.map(([, entry]) => nameOf(entry, column)));
  if (deepestLabel) names.push(...DEEPEST_NAMES);
  if (transfer.length > 0) names.push(...transfer.flatMap(transferNames), TRANSFER_DISTANCE.name);
  requireDistinct(names);
  return names;
}

const DEEPEST_NAMES: readonly string[] = Object.values(DEEPEST_COLUMNS);

function requireDistinct(names: readonly string[]): void {
  const seen = new Set<string>();
  const twice = names.find((name) => seen.size === seen.add(name).size);
  if (twice !== undefined)
    throw new AtlasmtlError("USAGE", `the column "${twice}" would be written twice`, {
      hint: "choose a write mode with fewer columns, or leave out prediction sets and the deepest label",
    });
}

/** The names that any mode and option may write for one label column. */
export function columnNames(labelColumn: string): string[] {
  return LABEL_COLUMN_ENTRIES.map(([, entry]) => nameOf(entry, labelColumn));
}

/**
 * The columns of `existing` that an earlier prediction wrote: those of this run's label columns, those of
 * every other label column whose `standard` columns all exist, those of the deepest label if both exist, and those of a
 * transferred column that has a spread or a share if the distance exists.
 */
export function earlierColumns(existing: readonly string[], labelColumns: readonly string[]): string[] {
  const names = new Set(existing);
  const earlier = new Set(labelColumns.flatMap(columnNames));
  if (DEEPEST_NAMES.every((name) => names.has(name))) for (const name of DEEPEST_NAMES) earlier.add(name);
  if (names.has(TRANSFER_DISTANCE.name)) {
    earlier.add(TRANSFER_DISTANCE.name);
    for (const name of existing)
      for (const key of ["spread", "share"] as const) {
        const column = transferredColumnOf(key, name);
        if (column !== null && names.has(nameOf(TRANSFER_COLUMNS.value, column)))
          for (const written of transferNames(column)) earlier.add(written);
      }
  }
  const standard = entriesOf("standard", {
    predictionSets: false,
    distance: false,
    consensus: false,
    probMatch: false,
  });
  for (const name of existing) {
    const column = labelColumnOf("conf", name);
    if (
      column !== null &&
      standard.every(([, entry]) => entry.isNewer === true || names.has(nameOf(entry, column)))
    )
      for (const written of columnNames(column)) earlier.add(written);
  }
  return existing.filter((name) => earlier.has(name));
}

/** The labels with only the categories that occur, sorted by code point, as in pandas. */
export function observedLabels({ codes, categories }: PredictedLabels): PredictedLabels {
  const occurs = new Uint8Array(categories.length);
  for (const code of codes) if (code >= 0) occurs[code] = 1;
  const observed = categories.filter((_, code) => occurs[code] === 1).sort(compareCodePoints);
  const codeOf = new Map(observed.map((name, code) => [name, code]));
  const renumbered = categories.map((name) => codeOf.get(name) ?? -1);
  return { codes: codes.map((code) => (code < 0 ? -1 : renumbered[code])), categories: observed };
}

/** The content of a table file, besides the names of the cells. */
export interface TableContent {
  readonly columns: readonly OutputColumn[];
  /** The run's metadata as JSON, under {@link METADATA_KEY} in the file's own metadata. */
  readonly metadata: string;
}

/** The columns of a mode and the metadata, for Arrow and Parquet. @throws USAGE for an unknown mode. */
export function tableContent(predictions: Predictions, options: ExportOptions): TableContent {
  return {
    columns: tableColumns(predictions, options),
    metadata: JSON.stringify(toPlain(writtenMetadata(predictions.metadata))),
  };
}

/**
 * The metadata as results and reports have them: without the time and memory of the run, so that the same prediction
 * gives the same bytes. Run manifests have all.
 */
export function writtenMetadata(metadata: ConfigMap): ConfigMap {
  return new Map([...metadata].filter(([key]) => key !== PREDICTION_METADATA.predictionRuntime));
}
