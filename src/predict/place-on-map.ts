/** Places the cells of a query on the map of the reference (docs/specification/3-prediction.md#places-on-the-map). @module */
import type { DenseMatrix } from "../core/dense.ts";
import { notice } from "../errors.ts";
import type { Model } from "../model/types.ts";
import { LATENT_INTERNAL, MAP_HEAD, referenceCoordsKey } from "../schema/bundle.ts";
import { TRAIN_CONFIG } from "../schema/training.ts";
import { chosenCells, visitNeighbours } from "./neighbours.ts";
import type { PredictSettings } from "./options.ts";
import type { PredictWork } from "./plan-prediction.ts";
import type { Warning } from "./types.ts";

/** Reference cells whose places are taken: an odd number has a middle one. */
const N_NEIGHBOURS = 15;

const NO_REFERENCE: Warning = notice(
  "the model's reference is not there, so cells lie on the map where the network alone would put them",
  { hint: "keep the file of the reference beside the model" },
);

/** Predicted coordinates, and what is said of them. */
export interface PlacedOnMap {
  readonly coords: ReadonlyMap<string, DenseMatrix>;
  readonly warnings: readonly Warning[];
}

/**
 * `coords` with the places on a map that training laid out: of each cell the median, axis by axis, of those of its nearest
 * reference cells in the latent space. Without such a map they come back as they are.
 * @throws ABORTED.
 */
export async function placeOnMap(
  model: Model,
  coords: ReadonlyMap<string, DenseMatrix>,
  { knnIndexMode }: Pick<PredictSettings, "knnIndexMode">,
  work: PredictWork,
): Promise<PlacedOnMap> {
  const [queries, own] = [coords.get(LATENT_INTERNAL), coords.get(MAP_HEAD)];
  const isLaidOut = model.trainConfig.get(TRAIN_CONFIG.embedding) instanceof Map;
  if (!isLaidOut || queries === undefined || own === undefined) return { coords, warnings: [] };
  if (!(await model.hasReference())) return { coords, warnings: [NO_REFERENCE] };
  const { coords: stored } = await model.reference(work.signal);
  const reference = stored.get(referenceCoordsKey(LATENT_INTERNAL));
  const map = stored.get(referenceCoordsKey(MAP_HEAD));
  if (reference === undefined || map?.nCols !== own.nCols || map.nRows !== reference.nRows)
    return { coords, warnings: [NO_REFERENCE] };
  const places = { ...own, data: own.data.slice() };
  await visitNeighbours(
    {
      reference,
      queries,
      cells: chosenCells(queries.nRows, null),
      k: N_NEIGHBOURS,
      isApproximate: knnIndexMode !== "exact",
    },
    (cells, { k, indices }) => {
      const values = new Float32Array(k);
      cells.forEach((cell, row) => {
        for (let axis = 0; axis < map.nCols; axis++) {
          for (let j = 0; j < k; j++) values[j] = map.data[indices[row * k + j] * map.nCols + axis];
          places.data[cell * map.nCols + axis] = middleOf(values.sort());
        }
      });
    },
    work,
  );
  return { coords: new Map(coords).set(MAP_HEAD, places), warnings: [] };
}

/** Of an even number the mean of the two in the middle. */
function middleOf(sorted: Float32Array): number {
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
