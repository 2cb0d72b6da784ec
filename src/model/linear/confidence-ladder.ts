/**
 * How sure a model may be of a query that is unlike its reference: temperatures and set thresholds of held-out cells under
 * growing stress (docs/specification/2-training.md#confidence-ladder).
 * @module
 */
import type { Csr } from "../../core/csr.ts";
import { normalizedRows, TARGET_SUM } from "../../core/normalize.ts";
import { createPauser, nextTurn, type Pause, throwIfAborted } from "../../core/progress.ts";
import { permutation, streamKey } from "../../core/rng.ts";
import { fitTemperature, type HeadLogits, MOST_SURE } from "../calibrate.ts";
import { createProjection, projectRows } from "../components/projection.ts";
import { shiftScoreOf } from "../components/query-distances.ts";
import type { ComponentSpace, ComponentValues } from "../components/types.ts";
import { fitSetThresholds } from "../conformal.ts";
import { gatherRows } from "../encode.ts";
import type { ViewLabels } from "./fit-views.ts";
import type { JointScorer } from "./joint-scores.ts";
import { DOUBTED_WEIGHT } from "./network-doubt.ts";
import { fitRiskThresholds } from "./risk-thresholds.ts";
import { stressedCells } from "./stressed-cells.ts";
import type { ViewCells } from "./train-views.ts";
import type { MeanCalibration, Rung } from "./types.ts";

const DEPTHS = [1, 0.5, 0.25, 0.125];
const GAINS = [0, 0.4, 0.8, 1.2];
/** Few cells are stressed several times, many are drawn from. */
const LEAST_CELLS = 30;
const USUAL_CELLS = 300;
const MOST_CELLS = 1500;

/** Held-out cells with the values of the matrix, a matrix of their own, and their labels. */
export interface StressCells {
  readonly x: Csr;
  readonly values: ComponentValues;
  readonly labels: readonly ViewLabels[];
}

/** Takes the cells `heldOut` of `x`; none where there are too few. */
export function cellsToStress(
  { x, values, labels, heldOut }: Pick<ViewCells, "x" | "values" | "labels" | "heldOut">,
  key: number,
): StressCells {
  const rows = rowsToStress(heldOut, key);
  const own = labels.map((label) => ({ ...label, codes: Int32Array.from(rows, (row) => label.codes[row]) }));
  return { x: gatherRows(x, rows), values, labels: own };
}

/**
 * Stresses the cells and scores them; the rungs in rising order of stress, one without stress if they have no counts, none if
 * there are no cells.
 * @throws ABORTED by the signal.
 */
export async function fitConfidenceLadder(
  { x: cells, values, labels }: StressCells,
  score: JointScorer,
  space: ComponentSpace,
  options: { readonly key: number; readonly signal?: AbortSignal | undefined },
): Promise<readonly Rung[]> {
  if (cells.nRows === 0) return [];
  const shiftOf = createShiftScore(space, options.signal);
  const pause = createPauser(options.signal);
  const isCounts = values === "log1p_cp10k";
  const rungs: Rung[] = [];
  for (const depth of isCounts ? DEPTHS : [1])
    for (const gain of isCounts ? GAINS : [0]) {
      throwIfAborted(options.signal);
      await nextTurn();
      const key = streamKey(options.key, `stress ${depth} ${gain}`);
      const stressed = isCounts ? stressedCells(cells, { depth, gain }, key) : cells;
      const { mean, doubted } = await score(stressed, labels);
      const shiftScore = await shiftOf(stressed);
      const calibration = await calibrate(mean, pause);
      rungs.push({
        depth,
        gain,
        shiftScore,
        ...calibration,
        doubted: doubted && {
          networkWeight: DOUBTED_WEIGHT,
          disagreements: doubted.disagreements,
          ...(await calibrate(doubted.mean, pause)),
        },
      });
    }
  return rungs;
}

async function calibrate(heads: readonly HeadLogits[], pause: Pause): Promise<MeanCalibration> {
  const temperatures: number[] = [];
  for (const head of heads) temperatures.push(await fitTemperature(head, MOST_SURE, pause));
  const setThresholds = heads.map((head, j) => fitSetThresholds(head, temperatures[j]));
  await pause();
  return {
    temperatures,
    setThresholds,
    riskThresholds: heads.map((head, j) => fitRiskThresholds(head, temperatures[j])),
  };
}

/** At most {@link MOST_CELLS} of the rows, rising; each several times where there are few. */
function rowsToStress(heldOut: Uint32Array, key: number): Uint32Array {
  if (heldOut.length < LEAST_CELLS) return new Uint32Array(0);
  if (heldOut.length > MOST_CELLS)
    return permutation(key, heldOut.length)
      .subarray(0, MOST_CELLS)
      .map((at) => heldOut[at])
      .sort();
  const times = Math.ceil(USUAL_CELLS / heldOut.length);
  return Uint32Array.from({ length: times * heldOut.length }, (_, i) => heldOut[Math.floor(i / times)]);
}

function createShiftScore(
  space: ComponentSpace,
  signal: AbortSignal | undefined,
): (cells: Csr) => Promise<number | null> {
  const { components, scaling } = space;
  const projection = createProjection(components, scaling, null);
  return async (cells) => {
    const { nComponents: nCols } = components;
    const scores = { nRows: cells.nRows, nCols, data: new Float32Array(cells.nRows * nCols) };
    const shown = space.values === "log1p_cp10k" ? normalizedRows(cells, TARGET_SUM) : cells;
    projectRows(shown, scaling, projection, scores, 0);
    return shiftScoreOf(scores, space, signal);
  };
}
