/** Counts and means of a prediction. @module */
import { HETEROGENEOUS } from "../predict/group-labels.ts";
import { setSizes } from "../predict/prediction-sets.ts";
import type {
  DeepestLabels,
  LabelPrediction,
  LabelsOfGroups,
  Predictions,
  TransferredColumn,
} from "../predict/types.ts";
import { NO_REASON, UNKNOWN } from "../predict/unknown.ts";
import { UNKNOWN_REASONS } from "../schema/prediction.ts";

/** One label column of a prediction. Shares are of all cells, in [0, 1]; null if there are no cells. */
export interface LabelSummary {
  readonly column: string;
  /** Number of different predicted labels; Unknown counts as one. */
  readonly nLabels: number;
  readonly meanConfidence: number | null;
  readonly lowConfidence: number | null;
  /** Cells whose label comes from the KNN vote. */
  readonly usedKnn: number | null;
  readonly unknown: number | null;
  /** When distances were measured: why cells are Unknown, and the class that most cells unlike the reference are nearest to. */
  readonly unknownBy?: UnknownShares;
  /** With prediction sets: the mean number of labels in a set, and the share of sets with one label. */
  readonly sets?: { readonly meanSize: number; readonly single: number };
}

/** Shares of all cells that are Unknown for one reason. */
export interface UnknownShares {
  readonly lowConfidence: number;
  readonly unlikeReference: number;
  readonly noCounts: number;
  readonly other: number;
  /** Null if no cell is unlike the reference. */
  readonly nearest: string | null;
}

/** A transferred column over the cells that got a value; null if there are none. */
export type TransferSummary =
  | {
      readonly column: string;
      readonly kind: "number";
      readonly mean: number | null;
      readonly meanSpread: number | null;
    }
  | {
      readonly column: string;
      readonly kind: "label";
      readonly nLabels: number;
      readonly meanShare: number | null;
    };

export interface PredictionSummary {
  readonly nCells: number;
  /** Cells that are Unknown because they have no counts in the model's genes. */
  readonly noCounts: number;
  readonly labels: readonly LabelSummary[];
  /** With labels of groups: how many groups, and by label column how many labels they have, `Heterogeneous` and Unknown apart. */
  readonly groups?: {
    readonly by: string;
    readonly nGroups: number;
    readonly levels: readonly {
      readonly column: string;
      readonly nLabels: number;
      readonly heterogeneous: number;
      readonly unknown: number;
    }[];
  };
  /** With deepest labels: the share of cells by the column of their deepest label; `Unknown` for cells without one. */
  readonly deepest?: Readonly<Record<string, number | null>>;
  /** With transferred columns. */
  readonly transferred?: readonly TransferSummary[];
}

const NO_COUNTS = UNKNOWN_REASONS.indexOf("no_counts");

/** Computes a {@link PredictionSummary}. */
export function summarise({
  obsNames,
  labels,
  groups,
  deepest,
  transferred,
}: Predictions): PredictionSummary {
  return {
    nCells: obsNames.length,
    noCounts: labels[0]?.unknownReasons.reduce((n, reason) => n + (reason === NO_COUNTS ? 1 : 0), 0) ?? 0,
    labels: labels.map(summariseLabel),
    ...(groups === undefined ? {} : { groups: groupSummary(groups) }),
    ...(deepest === undefined ? {} : { deepest: deepestShares(deepest) }),
    ...(transferred === undefined ? {} : { transferred: transferred.columns.map(transferSummary) }),
  };
}

function groupSummary({ by, sizes, levels }: LabelsOfGroups): NonNullable<PredictionSummary["groups"]> {
  return {
    by,
    nGroups: sizes.length,
    levels: levels.map(({ column, labels: { codes, categories } }) => {
      const named = (name: string): number =>
        codes.reduce((n, code) => n + (categories[code] === name ? 1 : 0), 0);
      const given = new Set(codes);
      for (const name of [HETEROGENEOUS, UNKNOWN]) given.delete(categories.lastIndexOf(name));
      return { column, nLabels: given.size, heterogeneous: named(HETEROGENEOUS), unknown: named(UNKNOWN) };
    }),
  };
}

function transferSummary(column: TransferredColumn): TransferSummary {
  const present = (values: Float32Array): Float32Array => values.filter((value) => !Number.isNaN(value));
  if (column.kind === "number")
    return {
      column: column.column,
      kind: "number",
      mean: mean(present(column.mean)),
      meanSpread: mean(present(column.spread)),
    };
  const given = new Set(column.labels.codes);
  given.delete(-1);
  return {
    column: column.column,
    kind: "label",
    nLabels: given.size,
    meanShare: mean(present(column.share)),
  };
}

function summariseLabel(label: LabelPrediction): LabelSummary {
  return {
    column: label.column,
    nLabels: new Set(label.final.codes).size,
    meanConfidence: mean(label.conf),
    lowConfidence: mean(label.isLowConf),
    usedKnn: mean(label.usedKnn),
    unknown: mean(label.isUnknown),
    ...(label.distance === undefined ? {} : { unknownBy: unknownShares(label) }),
    ...(label.sets === undefined ? {} : { sets: setSizes(label.sets) }),
  };
}

function unknownShares({ unknownReasons, nearest }: LabelPrediction): UnknownShares {
  const [low, unlike] = [
    UNKNOWN_REASONS.indexOf("low_confidence"),
    UNKNOWN_REASONS.indexOf("unlike_reference"),
  ];
  const nCells = Math.max(1, unknownReasons.length);
  const counts = { low: 0, unlike: 0, empty: 0, other: 0 };
  const near = new Uint32Array(nearest?.categories.length ?? 0);
  unknownReasons.forEach((reason, i) => {
    if (reason === NO_REASON) return;
    if (reason === low) counts.low++;
    else if (reason === unlike) counts.unlike++;
    else if (reason === NO_COUNTS) counts.empty++;
    else counts.other++;
    if (reason === unlike && nearest !== undefined) near[nearest.codes[i]]++;
  });
  const most = near.reduce((best, n, code) => (n > near[best] ? code : best), 0);
  return {
    lowConfidence: counts.low / nCells,
    unlikeReference: counts.unlike / nCells,
    noCounts: counts.empty / nCells,
    other: counts.other / nCells,
    nearest: counts.unlike === 0 ? null : (nearest?.categories[most] ?? null),
  };
}

function mean(values: ArrayLike<number>): number | null {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return values.length === 0 ? null : sum / values.length;
}

function deepestShares({ columns }: DeepestLabels): Readonly<Record<string, number | null>> {
  const { codes, categories } = columns;
  const share = (code: number): number | null =>
    codes.length === 0 ? null : codes.reduce((n, own) => n + (own === code ? 1 : 0), 0) / codes.length;
  return Object.fromEntries([
    ...categories.map((column, code) => [column, share(code)] as const),
    [UNKNOWN, share(-1)] as const,
  ]);
}
