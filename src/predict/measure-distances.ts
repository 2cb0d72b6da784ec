/** Measures how far the cells of a query are from the reference while they stream. @module */
import { grouped } from "../core/shown.ts";
import { AtlasmtlError, notice, option, phrase } from "../errors.ts";
import { type ColumnDistances, queryDistances } from "../model/components/query-distances.ts";
import type { ComponentSpace } from "../model/components/types.ts";
import type { GeneAlignment } from "./align.ts";
import type { MeasuredCells } from "./choose-rung.ts";
import {
  type CellDistances,
  type DistancePlan,
  notMeasured,
  type QueryShift,
  UNLIKE_SCORE,
} from "./measured-distances.ts";
import type { PredictSettings } from "./options.ts";
import {
  createQueryComponents,
  type PlacedQuery,
  placedQuery,
  type QueryComponents,
} from "./query-components.ts";
import { smoothDistances } from "./smooth-distances.ts";
import type { Warning } from "./types.ts";
import type { GivenValues } from "./value-plan.ts";

/**
 * Plans the distances in `space` of a query of which `nCells` cells are read. The shift of the query is measured whatever makes cells Unknown.
 * @throws MISMATCH from `finish` if distances are asked for and the values are of another kind than the reference's;
 * BAD_DATA if a distance is not finite.
 */
export function measureDistances(
  space: ComponentSpace,
  settings: PredictSettings,
  nCells: number,
  hasViews: boolean,
): DistancePlan {
  const canAdapt = hasViews && !settings.adapt;
  const { unknown, knownLoss, opensetMethod } = settings;
  const isDistance = unknown === "distance" || (unknown === null && opensetMethod === null);
  let read: QueryComponents | null = null;
  let query: { readonly genes: GeneAlignment; readonly given: GivenValues } | null = null;
  let known: MeasuredCells | null = null;
  return {
    start(genes, given) {
      query = { genes, given };
      const made = createQueryComponents(space, genes, nCells, given);
      read = made;
      return (rows, firstRow) => {
        if (known === null) made.add(rows, firstRow);
      };
    },
    know(measured) {
      known = measured;
    },
    cells: () => (known === null ? (read?.cells() ?? null) : null),
    async finish(cells, source, work) {
      const placed = (): PlacedQuery | null =>
        cells === null || query === null ? null : placedQuery(space, query.genes, query.given, cells);
      const found = known?.placed ?? placed();
      if (found === null || query === null) {
        const message = `the values of the query are not ${space.values === "log1p_cp10k" ? "counts" : "log-normalised"} as the reference's are, so its distance to the reference is not known`;
        const where = `${source} › ${settings.layer}`;
        const hint = phrase`choose the matrix that the model was trained on the like of by ${option("layer")}`;
        if (unknown === "distance") throw new AtlasmtlError("MISMATCH", message, { where, hint });
        return notMeasured(
          unknown,
          cells?.scores.nRows === 0 || !isDistance ? [] : [notice(message, { where, hint })],
        );
      }
      const {
        columns,
        shift: length,
        shiftScore: score,
      } = known?.distances ?? (await queryDistances(found.scores, space, "classes", work.signal));
      if (!Number.isFinite(length + (score ?? 0)))
        throw new AtlasmtlError("BAD_DATA", "the distance of the query to the reference is not finite", {
          where: `${source} › ${settings.layer}`,
          hint: "check that the values of the query are on the scale the model was trained with",
        });
      const shift = { length, score, depthRatio: found.depthRatio };
      const warnings = unlikeWarnings(shift, query.genes, source, canAdapt);
      if (!isDistance) return { ...notMeasured(unknown, warnings), shift };
      const smoothed = await smoothDistances(columns, found.scores, space, work);
      return { mode: "distance", columns: decide(columns, smoothed, knownLoss), shift, warnings };
    },
  };
}

function unlikeWarnings(
  { score, depthRatio }: QueryShift,
  { nMatched, nGenes }: GeneAlignment,
  source: string,
  canAdapt: boolean,
): Warning[] {
  if (score === null || score <= UNLIKE_SCORE) return [];
  const facts = [
    `its cells lie ${score.toFixed(1)} times as far from their types as reference cells that training held out`,
    `${grouped(nMatched)} of ${grouped(nGenes)} genes are there`,
    ...(depthRatio === null
      ? []
      : [`a cell has ${depthRatio.toPrecision(2)} times the counts of a reference cell`]),
  ];
  return [
    notice(
      `this query is unlike the reference: ${facts.join(", ")}; confidences and prediction sets may not hold`,
      {
        where: source,
        hint: canAdapt
          ? phrase`let the model learn from the query's surest cells with ${option("adapt", true)}, check some labels by marker genes, or take a reference that is more like the query`
          : "check some labels by marker genes, or take a reference that is more like the query",
      },
    ),
  ];
}

/**
 * Marks cells whose distance is at least 1 − `knownLoss`. In a coarser column, only cells that are
 * unlike the finest classes too are marked, so that a cell is never Unknown in a coarse column and known in a fine one.
 */
function decide(
  columns: readonly ColumnDistances[],
  smoothed: readonly Float32Array[],
  knownLoss: number,
): CellDistances[] {
  // Rounded as the distances are, so that they compare as they are shown.
  const limit = Math.fround(1 - knownLoss);
  const finest = smoothed[smoothed.length - 1];
  return columns.map(({ column, classes, spread }, c) => ({
    column,
    classes,
    spread,
    distances: smoothed[c],
    isUnlike: Uint8Array.from(smoothed[c], (distance, i) =>
      distance >= limit && finest[i] >= limit ? 1 : 0,
    ),
  }));
}
