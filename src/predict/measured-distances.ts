/** What a prediction knows of distances, and who measures them. @module */
import type { Csr } from "../core/csr.ts";
import type { WorkOptions } from "../core/progress.ts";
import type { Engine } from "../kernels/types.ts";
import type { ColumnDistances } from "../model/components/query-distances.ts";
import type { UnknownMode } from "../schema/prediction-options.ts";
import type { GeneAlignment } from "./align.ts";
import type { MeasuredCells } from "./choose-rung.ts";
import type { PlacedCells } from "./query-components.ts";
import type { Warning } from "./types.ts";
import type { GivenValues } from "./value-plan.ts";

/** The distances of the cells in one label column. */
export interface CellDistances extends Omit<ColumnDistances, "percentiles"> {
  /** 0 to 1, with those of the nearest cells (`smooth-distances.ts`). */
  readonly distances: Float32Array;
  /** 1 where the distance makes the cell Unknown. */
  readonly isUnlike: Uint8Array;
}

/** From this shift score on a query is said to be unlike the reference (docs/decisions/0021-default-of-several-views.md). */
export const UNLIKE_SCORE = 1.6;

/** How the query as a whole lies off the reference. */
export interface QueryShift {
  /** Length of the common shift, in units of the spread within classes of the last label column. */
  readonly length: number;
  /** About 1 for cells as those of the reference; null if too few cells say so. */
  readonly score: number | null;
  /** Median counts per cell on the matched genes, query to reference; null unless both are counts. */
  readonly depthRatio: number | null;
}

/** What a prediction knows of distances. */
export interface MeasuredDistances {
  /** What makes cells Unknown, after the model and the query have been looked at. */
  readonly mode: UnknownMode;
  /** One for each label column; null in other modes than `distance`. */
  readonly columns: readonly CellDistances[] | null;
  /** Null if the model has no component space or the query's values are of another kind. */
  readonly shift: QueryShift | null;
  readonly warnings: readonly Warning[];
}

/** Measures distances beside the network: `start` before the rows stream, `finish` after all cells were placed. */
export interface DistancePlan {
  /** Takes the matched genes and what is known of the values; returns what takes the rows, nothing if no distance is measured. */
  start(genes: GeneAlignment, given: GivenValues): ((rows: Csr, firstRow: number) => void) | undefined;
  /** Takes what is known of all cells already; rows are then passed over. */
  know(measured: MeasuredCells): void;
  /** The cells of the rows that were taken; null if no distance is measured, or all cells are known already. */
  cells(): PlacedCells | null;
  /** Distances of `cells`, which are all of the query. Messages call it `source`. @throws ABORTED by the signal. */
  finish(
    cells: PlacedCells | null,
    source: string,
    work: Pick<WorkOptions, "signal"> & { readonly engine: Engine },
  ): Promise<MeasuredDistances>;
}

/** The prediction goes on without distances. */
export function notMeasured(
  unknown: UnknownMode | null,
  warnings: readonly Warning[] = [],
): MeasuredDistances {
  return { mode: unknown === "off" ? "off" : "confidence", columns: null, shift: null, warnings };
}
