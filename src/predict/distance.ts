/** Which cells are unlike the reference (docs/specification/3-prediction.md#distance). @module */
import type { Csr } from "../core/csr.ts";
import { AtlasmtlError, notice, option, phrase } from "../errors.ts";
import { type ColumnDistances, queryDistances } from "../model/components/query-distances.ts";
import { normalizationOf } from "../model/normalization.ts";
import type { Model } from "../model/types.ts";
import type { GeneAlignment } from "./align.ts";
import type { PredictSettings } from "./options.ts";
import { createQueryComponents, type QueryComponents } from "./query-components.ts";
import type { Warning } from "./types.ts";
import type { UnknownMode } from "./unknown-modes.ts";

/** The distances of the cells in one label column. */
export interface CellDistances extends ColumnDistances {
  /** 1 where the distance makes the cell Unknown. */
  readonly isUnlike: Uint8Array;
}

/** What a prediction knows of distances. */
export interface MeasuredDistances {
  /** What makes cells Unknown, after the model and the query have been looked at. */
  readonly mode: UnknownMode;
  /** One for each label column; null in other modes than `distance`. */
  readonly columns: readonly CellDistances[] | null;
  /** Length of the shift of the query that was taken away. */
  readonly shift: number;
  readonly warnings: readonly Warning[];
}

/** Measures distances beside the network: `start` before the rows stream, `finish` after them. */
export interface DistancePlan {
  /** Takes the matched genes; returns what takes the rows, nothing if no distance is measured. */
  start(genes: GeneAlignment): ((rows: Csr, firstRow: number) => void) | undefined;
  /** Messages call the query `source`. */
  finish(source: string): MeasuredDistances;
}

/**
 * Plans the distances of `nObs` cells. Without an option `unknown`, distances are used where the model has a component
 * space, unless the caller gives an open-set threshold.
 * @throws MISMATCH if distances are asked for and the model has no space, and from `finish` if the query's values are of
 * another kind than the reference's.
 */
export function planDistances(model: Model, settings: PredictSettings, nObs: number): DistancePlan {
  const { unknown, opensetMethod, knownLoss } = settings;
  const space = model.space ?? null;
  if (unknown === "distance" && space === null)
    throw new AtlasmtlError(
      "MISMATCH",
      phrase`${option("unknown", "distance")} needs a component space, and this model has none`,
      {
        hint: phrase`train it again with this version on counts or log-normalised values, or predict with ${option("unknown", "confidence")}`,
        subject: "artifact",
      },
    );
  const isWanted = unknown === "distance" || (unknown === null && opensetMethod === null);
  const without = (mode: UnknownMode, warnings: readonly Warning[] = []): MeasuredDistances => ({
    mode,
    columns: null,
    shift: 0,
    warnings,
  });
  if (space === null || !isWanted)
    return { start: () => undefined, finish: () => without(unknown === "off" ? "off" : "confidence") };
  let cells: QueryComponents | null = null;
  return {
    start(genes) {
      const areCounts = (settings.normalize ?? normalizationOf(model)) === "log1p_cp10k";
      cells = createQueryComponents(space, genes, nObs, areCounts);
      return cells.add;
    },
    finish(source) {
      const scores = cells?.finish() ?? null;
      if (scores === null) {
        const message = `the values of the query are not ${space.values === "log1p_cp10k" ? "counts" : "log-normalised"} as the reference's are, so its distance to the reference is not known`;
        const where = `${source} › ${settings.layer}`;
        const hint = phrase`choose the matrix that the model was trained on the like of by ${option("layer")}`;
        if (unknown === "distance") throw new AtlasmtlError("MISMATCH", message, { where, hint });
        return without("confidence", nObs === 0 ? [] : [notice(message, { where, hint })]);
      }
      const { columns, shift } = queryDistances(scores, space);
      return { mode: "distance", columns: decide(columns, knownLoss), shift, warnings: [] };
    },
  };
}

/**
 * Marks cells further away than all but `knownLoss` of the held-out cells. In a coarser column, only cells that are
 * unlike the finest classes too are marked, so that a cell is never Unknown in a coarse column and known in a fine one.
 */
function decide(columns: readonly ColumnDistances[], knownLoss: number): CellDistances[] {
  // Rounded as the percentiles are, so that they compare as they are shown.
  const limit = Math.fround(1 - knownLoss);
  const finest = columns[columns.length - 1].percentiles;
  return columns.map((column) => ({
    ...column,
    isUnlike: Uint8Array.from(column.percentiles, (share, i) =>
      share >= limit && finest[i] >= limit ? 1 : 0,
    ),
  }));
}
