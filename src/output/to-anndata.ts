/** Converts predictions to additions for the query's file. @module */
import type { AnnData } from "../anndata/types.ts";
import type { AddedTable, AdditionNames, Additions } from "../anndata/write/additions.ts";
import { AtlasmtlError } from "../errors.ts";
import type { Model } from "../model/types.ts";
import { probabilityNames } from "../predict/probability-tables.ts";
import type { Predictions, ProbabilityTable } from "../predict/types.ts";
import { LATENT_INTERNAL } from "../schema/bundle.ts";
import { coordsKey, DEFAULT_WRITE_MODE, METADATA_KEY, probabilitiesKey } from "../schema/columns.ts";
import {
  columnNamesOf,
  type ExportOptions,
  earlierColumns,
  outputColumns,
  type RequestedColumns,
  requireCoords,
  writtenMetadata,
} from "./columns.ts";
import { toColumn } from "./to-table.ts";

export interface ToAnnDataOptions extends ExportOptions {
  /** Write the metadata to `uns["atlasmtl"]`; on by default. */
  readonly includeMetadata?: boolean;
  /**
   * Leave out X, layers, raw, obsp, varm and varp of the query, so that the result is a small file with obs, var, obsm and
   * uns; off by default.
   */
  readonly skipMatrices?: boolean | undefined;
  /** Allows the output to be the query itself, which is then replaced; refused by default. */
  readonly inPlace?: boolean | undefined;
}

/**
 * The additions for the query of the predictions (docs/specification/3-prediction.md#result).
 *
 * They replace columns, coordinates and metadata of an earlier run: those of this run's label columns in any
 * mode, those of other label columns if their `standard` columns all exist, and all coordinates that this
 * model can predict.
 * @throws MISMATCH if `adata` has other cells; USAGE for an unknown mode, or for coordinates that prediction
 * did not keep.
 */
export function toAnnDataAdditions(
  predictions: Predictions,
  adata: Pick<AnnData, "source" | "nObs" | "obs">,
  options: ToAnnDataOptions = {},
): Additions {
  const { mode = DEFAULT_WRITE_MODE, includeCoords = false, includeMetadata = true } = options;
  requireSameCells(predictions.obsNames, adata);
  if (includeCoords) requireCoords(predictions);
  const obs = outputColumns(predictions, mode).map((column) => [column.name, toColumn(column)] as const);
  const coords = [...predictions.coords].map(([head, points]) => [coordsKey(head), points] as const);
  const labelColumns = predictions.labels.map(({ column }) => column);
  const earlier = new Set(earlierColumns(adata.obs.columns, labelColumns));
  return {
    obs: new Map(obs),
    obsm: new Map(includeCoords ? coords : []),
    obsmTables: new Map((predictions.probabilities ?? []).map((table) => addedTable(table, adata.obs.index))),
    uns: new Map(includeMetadata ? [[METADATA_KEY, writtenMetadata(predictions.metadata)]] : []),
    removeObs: (name) => earlier.has(name),
    removeObsm: (key) =>
      predictions.spaces.some((space) => coordsKey(space) === key) ||
      labelColumns.some((column) => probabilitiesKey(column) === key),
    removeUns: (key) => key === METADATA_KEY,
  };
}

function addedTable(
  { column, columns }: ProbabilityTable,
  index: readonly string[],
): readonly [string, AddedTable] {
  const made = columns.map(
    (each) => [each.name, each.kind === "score" ? () => each.values : toColumn(each)] as const,
  );
  return [probabilitiesKey(column), { nRows: index.length, index, columns: new Map(made) }];
}

/**
 * The names that a prediction by `model` will write, for checks before long work; see `checkAnnotatable`.
 * @throws USAGE for an unknown mode, or for output columns that would have the same name.
 */
export function additionNames(
  model: Pick<Model, "labelHeads" | "coordHeads">,
  adata: Pick<AnnData, "obs">,
  options: ToAnnDataOptions &
    Partial<RequestedColumns> & { readonly probabilities?: string | null | undefined } = {},
): AdditionNames {
  const { mode = DEFAULT_WRITE_MODE, includeCoords = false, includeMetadata = true } = options;
  const {
    predictionSets = false,
    distance = false,
    deepestLabel = false,
    consensus = false,
    transfer = [],
    probMatch = false,
  } = options;
  const { probabilities = null } = options;
  const tables = new Map(
    probabilities === null
      ? []
      : model.labelHeads.map(
          ({ column, classes }) =>
            [
              probabilitiesKey(column),
              { columns: new Set(probabilityNames(classes, probabilities)) },
            ] as const,
        ),
  );
  const labelColumns = model.labelHeads.map(({ column }) => column);
  const coords = new Set([...model.coordHeads.map(({ name }) => name), LATENT_INTERNAL].map(coordsKey));
  const earlier = new Set(earlierColumns(adata.obs.columns, labelColumns));
  return {
    obs: new Set(
      columnNamesOf(labelColumns, mode, {
        predictionSets,
        distance,
        deepestLabel,
        consensus,
        transfer,
        probMatch,
      }),
    ),
    obsm: includeCoords ? coords : new Set(),
    obsmTables: tables,
    uns: new Set(includeMetadata ? [METADATA_KEY] : []),
    removeObs: (name) => earlier.has(name),
    removeObsm: (key) => coords.has(key) || labelColumns.some((column) => probabilitiesKey(column) === key),
    removeUns: (key) => key === METADATA_KEY,
  };
}

/** Rows are matched by position, so the names must agree. */
function requireSameCells(
  obsNames: readonly string[],
  adata: Pick<AnnData, "source" | "nObs" | "obs">,
): void {
  const { source, nObs, obs } = adata;
  if (obsNames.length !== nObs)
    throw new AtlasmtlError(
      "MISMATCH",
      `the predictions are of ${obsNames.length} cells, ${source} has ${nObs}`,
      {
        where: `${source} › obs`,
        hint: "write predictions into the file they were made from",
      },
    );
  const at = obsNames === obs.index ? -1 : obsNames.findIndex((name, i) => name !== obs.index[i]);
  if (at >= 0)
    throw new AtlasmtlError("MISMATCH", `cell ${at} is "${obs.index[at]}" there and "${obsNames[at]}" here`, {
      where: `${source} › obs names`,
      hint: "write predictions into the file they were made from",
    });
}
