/** Chooses the cells that the map draws. @module */
import { permutation, streamKey } from "../../../core/rng.ts";
import type { PredictedLabels } from "../../../predict/types.ts";
import type { ReportEmbedding } from "../types.ts";

/** Maximum number of dots. */
const MAX_DOTS = 20_000;
/** Of every label at least so many dots, or all its cells. */
const LEAST_DOTS = 30;

/** The cells that are drawn, and how they were chosen. */
export interface DrawnCells {
  /** In random order, so that no label hides another. */
  readonly cells: Uint32Array;
  /** How many cells have a place. */
  readonly nPlaced: number;
  /** Of each label at least so many cells are drawn, or all; null if all cells are. */
  readonly least: number | null;
}

/**
 * All cells that have a place; of more than `limit` a random sample in which each label of `labelings` has at least {@link LEAST_DOTS} cells, or
 * all of its cells. Where there are too many labels for that, they have fewer, and the rest of the sample is as large as this part.
 */
export function drawnCells(
  { points }: ReportEmbedding,
  labelings: readonly PredictedLabels[],
  limit = MAX_DOTS,
): DrawnCells {
  const isPlaced = (cell: number): boolean =>
    Number.isFinite(points.data[2 * cell]) && Number.isFinite(points.data[2 * cell + 1]);
  const shuffled = permutation(streamKey(0, "report dots"), points.nRows).filter(isPlaced);
  const nPlaced = shuffled.length;
  if (nPlaced <= limit) return { cells: shuffled, nPlaced, least: null };
  const nLabels = labelings.reduce((sum, { categories }) => sum + categories.length, 0);
  const least = Math.max(1, Math.min(LEAST_DOTS, Math.floor(limit / 2 / Math.max(1, nLabels))));
  const seen = labelings.map(({ categories }) => new Uint8Array(categories.length));
  const isTaken = new Uint8Array(nPlaced);
  let nTaken = 0;
  const take = (i: number): void => {
    isTaken[i] = 1;
    nTaken++;
  };
  shuffled.forEach((cell, i) => {
    if (nTaken === limit) return;
    let isNeeded = false;
    labelings.forEach(({ codes }, l) => {
      const code = codes[cell];
      if (code < 0 || seen[l][code] >= least) return;
      seen[l][code]++;
      isNeeded = true;
    });
    if (isNeeded) take(i);
  });
  for (let i = 0; i < nPlaced && nTaken < limit; i++) if (isTaken[i] === 0) take(i);
  return { cells: shuffled.filter((_, i) => isTaken[i] === 1), nPlaced, least };
}
