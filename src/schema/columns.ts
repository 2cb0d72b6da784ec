/**
 * All columns of a prediction (docs/specification/3-prediction.md#result): name, type, write modes and
 * meaning. Exports, readers, `inspect` and the check of `docs/outputs.md` use this table.
 * @module
 */

/** `minimal`: the final label; `standard`: with confidence, margin and Unknown; `full`: everything. */
export const WRITE_MODES = ["minimal", "standard", "full"] as const;
export type WriteMode = (typeof WRITE_MODES)[number];

/** The default mode. */
export const DEFAULT_WRITE_MODE: WriteMode = "standard";

/**
 * `label` is categorical text, `score` a float32, `flag` a boolean; `reason` (why a cell is Unknown) and
 * `set` (a prediction set) are stored as labels.
 */
export type ColumnKind = "label" | "score" | "flag" | "reason" | "set";

export interface ColumnEntry {
  /** `{}` stands for the label column. */
  readonly name: `${string}{}${string}`;
  readonly kind: ColumnKind;
  /** The smallest mode that has this column. */
  readonly from: WriteMode;
  /** The option that it requires. */
  readonly needs?: "predictionSets" | "distance" | "consensus" | "probMatch";
  /** The smallest mode that has it when distances were measured, if it is another. */
  readonly fromWithDistance?: WriteMode;
  /** Earlier versions did not write it, so their results are recognised without it. */
  readonly isNewer?: boolean;
  /** Its values; empty if the kind says enough. */
  readonly range: string;
  /** Its meaning, in Markdown, with `L` for the label column. */
  readonly about: string;
}

/** The columns of one label column, in order, by the fields of a `LabelPrediction`. */
export const LABEL_COLUMNS = {
  raw: {
    name: "pred_{}_raw",
    kind: "label",
    from: "full",
    range: "classes of `L`",
    about: "the most probable label by the network",
  },
  conf: {
    name: "conf_{}",
    kind: "score",
    from: "standard",
    range: "0–1",
    about: "probability of that label, after calibration when the model has it",
  },
  margin: {
    name: "margin_{}",
    kind: "score",
    from: "standard",
    range: "0–1",
    about: "`conf_L` minus the probability of the second label; equals `conf_L` when there is one class",
  },
  isLowConf: {
    name: "is_low_conf_{}",
    kind: "flag",
    from: "full",
    range: "",
    about: "`conf_L` < `confidence_high` (0.7) or `margin_L` < `margin_threshold` (0.2)",
  },
  knn: {
    name: "pred_{}_knn",
    kind: "label",
    from: "full",
    range: "classes of `L`",
    about: "the vote of the nearest reference cells; `pred_L_raw` where KNN was not used",
  },
  knnVoteFrac: {
    name: "knn_vote_frac_{}",
    kind: "score",
    from: "full",
    range: "0–1, NaN",
    about: "share of the vote for `pred_L_knn`; **NaN where KNN was not used**",
  },
  isLowKnnConf: {
    name: "is_low_knn_conf_{}",
    kind: "flag",
    from: "full",
    range: "",
    about: "`knn_vote_frac_L` < `knn_conf_low` (0.6); false where KNN was not used",
  },
  usedKnn: {
    name: "used_knn_{}",
    kind: "flag",
    from: "full",
    range: "",
    about: "KNN decided the label: every cell under `all`, cells with `is_low_conf_L` under `low_conf_only`",
  },
  isUnknown: {
    name: "is_unknown_{}",
    kind: "flag",
    from: "standard",
    range: "",
    about: "the cell gets no label in this column",
  },
  final: {
    name: "pred_{}",
    kind: "label",
    from: "minimal",
    range: "classes of `L`, `Unknown`",
    about: "the final label",
  },
  probMatch: {
    name: "prob_match_{}",
    kind: "label",
    from: "minimal",
    needs: "probMatch",
    range: "classes of `L`, joined by a bar, `Unassigned`",
    about: "all labels with a probability above `p_thres`, of a model of CellTypist",
  },
  distance: {
    name: "distance_{}",
    kind: "score",
    from: "standard",
    needs: "distance",
    range: "0–1",
    about:
      "how far the cell and those nearest to it in the query lie from the classes, by the share of held-out reference cells that are nearer; Unknown from 1 − `known_loss` (0.95) on",
  },
  unknownReasons: {
    name: "unknown_reason_{}",
    kind: "reason",
    from: "full",
    fromWithDistance: "standard",
    range: "see below",
    about: "why `is_unknown_L` is true; none where it is false",
  },
  second: {
    name: "second_{}",
    kind: "label",
    from: "standard",
    isNewer: true,
    range: "classes of `L`",
    about: "the second most probable label; none when there is one class",
  },
  secondConf: {
    name: "second_conf_{}",
    kind: "score",
    from: "standard",
    isNewer: true,
    range: "0–1",
    about: "its probability; 0 when there is one class",
  },
  consensus: {
    name: "consensus_{}",
    kind: "label",
    from: "minimal",
    needs: "consensus",
    range: "classes of `L`, `Heterogeneous`, `Unknown`",
    about: "the label of the cell's group",
  },
  consensusShare: {
    name: "consensus_share_{}",
    kind: "score",
    from: "minimal",
    needs: "consensus",
    range: "0–1, NaN",
    about: "the share of the cells of the group that have this label; NaN for a cell of no group",
  },
  sets: {
    name: "pred_set_{}",
    kind: "set",
    from: "minimal",
    needs: "predictionSets",
    range: "classes of `L`, joined",
    about: "labels that contain the true one with the requested probability, see below",
  },
} as const satisfies Readonly<Record<string, ColumnEntry>>;
export type ColumnKey = keyof typeof LABEL_COLUMNS;

/** The two columns of the deepest label, both labels, which follow those of the label columns. */
export const DEEPEST_COLUMNS = { labels: "pred_deepest", columns: "pred_deepest_level" } as const;

/**
 * The columns that a transferred obs column of the reference has, `{}` its name
 * (docs/specification/3-prediction.md#transferred-columns). They follow those of the deepest label.
 */
export const TRANSFER_COLUMNS = {
  value: { name: "transfer_{}", from: "minimal" },
  spread: { name: "transfer_sd_{}", from: "standard" },
  share: { name: "transfer_share_{}", from: "standard" },
} as const satisfies Readonly<Record<string, Pick<ColumnEntry, "name" | "from">>>;

/** The mean distance to the neighbours, once for all transferred columns, after them. */
export const TRANSFER_DISTANCE = { name: "transfer_distance", from: "standard" } as const;

/** Every name that the result of a transferred column may have. */
export const transferNames = (column: string): string[] =>
  Object.values(TRANSFER_COLUMNS).map((entry) => nameOf(entry, column));

/** The obsm key of the table of probabilities of a label column. */
export const probabilitiesKey = (labelColumn: string): string => `prob_${labelColumn}`;

/** The columns of that table when it has the most probable labels only; `{}` is the rank, from 1 on. */
export const TOP_COLUMNS = { label: "label_{}", probability: "prob_{}" } as const;

/** The name, in tables of cells, of a column of the table of probabilities. */
export const probabilityColumn = (labelColumn: string, name: string): string =>
  `${probabilitiesKey(labelColumn)}:${name}`;

/** The name of the column of obs_names in tables. */
export const INDEX_COLUMN = "obs_name";
/** The uns entry that holds the metadata, and the key of the metadata in Parquet and Arrow files. */
export const METADATA_KEY = "atlasmtl";

/** The obsm key of predicted coordinates of one head, or of `latent_internal`. */
export const coordsKey = (head: string): string => `X_pred_${head}`;
/** The column of one axis of them in a table; the first axis is 1. */
export const coordColumn = (head: string, axis: number): string => `${coordsKey(head)}:${axis}`;

/** The table with its keys, in order. */
export const LABEL_COLUMN_ENTRIES = Object.entries(LABEL_COLUMNS) as readonly (readonly [
  ColumnKey,
  ColumnEntry,
])[];

/** The name of one column of one label column. */
export function columnName(key: ColumnKey, labelColumn: string): string {
  return nameOf(LABEL_COLUMNS[key], labelColumn);
}

/** The name of a column of `labelColumn`. */
export function nameOf({ name }: Pick<ColumnEntry, "name">, labelColumn: string): string {
  const [prefix, suffix] = name.split("{}");
  return `${prefix}${labelColumn}${suffix}`;
}

/** The label column L for which `name` is the column `key`; null if there is none. */
export function labelColumnOf(key: ColumnKey, name: string): string | null {
  return columnOf(LABEL_COLUMNS[key], name);
}

/** The transferred column for which `name` is the column `key`; null if there is none. */
export function transferredColumnOf(key: keyof typeof TRANSFER_COLUMNS, name: string): string | null {
  return columnOf(TRANSFER_COLUMNS[key], name);
}

function columnOf(entry: Pick<ColumnEntry, "name">, name: string): string | null {
  const [prefix, suffix] = entry.name.split("{}");
  const isLonger = name.length > prefix.length + suffix.length;
  return isLonger && name.startsWith(prefix) && name.endsWith(suffix)
    ? name.slice(prefix.length, name.length - suffix.length)
    : null;
}

/** True if a name has the form of a prediction column. */
export function isPredictionColumn(name: string): boolean {
  return (
    LABEL_COLUMN_ENTRIES.some(([key]) => labelColumnOf(key, name) !== null) ||
    transferredColumnOf("value", name) !== null
  );
}
