/** Detects cells that are far from the reference (docs/specification/3-prediction.md#open-set). @module */
import type { DenseMatrix } from "../core/dense.ts";
import type { WorkOptions } from "../core/progress.ts";
import { AtlasmtlError, option, phrase } from "../errors.ts";
import type { Engine } from "../kernels/types.ts";
import type { ReferenceLabels } from "../model/types.ts";
import { chosenCells, visitNeighbours } from "./neighbours.ts";
import { labelPrototypes } from "./prototypes.ts";

/** The open-set decision for every cell. */
export interface Openset {
  /** Distance to the reference. */
  readonly scores: Float64Array;
  /** 1 if the score is above the threshold. */
  readonly isOutside: Uint8Array;
  /** Share of such cells; 0 without cells. */
  readonly unknownRate: number;
  /** Number of centroids under `prototype`, else null. */
  readonly nPrototypes: number | null;
}

/** Marks scores (distances in the KNN space) above the threshold. */
export function flagOutside(scores: Float64Array, threshold: number, nPrototypes: number | null): Openset {
  const isOutside = Uint8Array.from(scores, (score) => (score > threshold ? 1 : 0));
  const nOutside = isOutside.reduce((sum, flag) => sum + flag, 0);
  return { scores, isOutside, unknownRate: scores.length === 0 ? 0 : nOutside / scores.length, nPrototypes };
}

/**
 * The distance of every query point to the nearest centroid of the labels.
 * @throws BAD_DATA when no reference cell has a label.
 */
export async function prototypeDistances(
  reference: DenseMatrix,
  labels: ReferenceLabels,
  queries: DenseMatrix,
  work: WorkOptions & { readonly engine: Engine },
): Promise<{ readonly scores: Float64Array; readonly nPrototypes: number }> {
  const { points } = labelPrototypes(reference, labels.codes, labels.categories.length);
  if (points.nRows === 0)
    throw new AtlasmtlError("BAD_DATA", "no reference cell has a label to make centroids of", {
      where: "reference › labels",
      hint: phrase`choose another ${option("opensetLabelColumn")}`,
    });
  const scores = new Float64Array(queries.nRows);
  await visitNeighbours(
    { reference: points, queries, cells: chosenCells(queries.nRows, null), k: 1 },
    (block, neighbours) => {
      block.forEach((cell, row) => {
        scores[cell] = neighbours.distances[row];
      });
    },
    work,
  );
  return { scores, nPrototypes: points.nRows };
}
