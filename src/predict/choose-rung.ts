/**
 * Chooses how sure the model may be of a query: the rung of its ladder whose held-out cells are as unlike the reference as
 * the query is (docs/specification/3-prediction.md#confidence).
 * @module
 */
import { log } from "../core/math.ts";
import type { WorkOptions } from "../core/progress.ts";
import type { Engine } from "../kernels/types.ts";
import { type QueryDistances, queryDistances, shiftScoreOf } from "../model/components/query-distances.ts";
import type { DoubtedCalibration, Rung } from "../model/linear/types.ts";
import { doubtedColumns } from "./ask-views.ts";
import type { CalledModel } from "./narrow-model.ts";
import { createQueryComponents, type PlacedQuery } from "./query-components.ts";
import type { QueryRows } from "./query-rows.ts";

/** The cells of a query in the component space, and how far they are from the reference there. */
export interface MeasuredCells {
  readonly placed: PlacedQuery;
  readonly distances: QueryDistances;
}

export interface ChosenRung {
  /**
   * Null where the model has no ladder, or the sample does not say how unlike the reference it is. In label columns whose
   * network is doubted the calibration is that of the mean in which it weighs less.
   */
  readonly rung: Rung | null;
  /** What the network weighs beside 1 for each view, by label column; null where it is not doubted. */
  readonly networkWeights: readonly number[] | null;
  /** Whether the query is unlike the reference in the way that adaptation mends: see {@link isShifted}. */
  readonly isShifted: boolean;
  /** What the sample says; null where it is not all cells, in order, or says nothing. */
  readonly measured: MeasuredCells | null;
}

/**
 * The rung for a query of `nObs` cells, by a sample of them, whose network output `kept` narrows.
 * @throws BAD_DATA for values that cannot be used, ABORTED by the signal.
 */
export async function chooseRung(
  { model, kept }: Pick<CalledModel, "model" | "kept">,
  query: Pick<QueryRows, "genes" | "sample" | "given" | "knowScores">,
  nObs: number,
  { engine, signal }: { readonly engine: Engine } & Pick<WorkOptions, "signal">,
): Promise<ChosenRung> {
  const linear = model.linear ?? null;
  const space = model.space ?? null;
  if (linear === null || linear.ladder.length === 0 || space === null || space.values !== "log1p_cp10k")
    return NOTHING;
  const sample = await query.sample();
  const nCells = sample.reduce((sum, { values }) => sum + values.nRows, 0);
  const cells = createQueryComponents(space, query.genes, nCells, query.given);
  let first = 0;
  for (const { values } of sample) {
    cells.add(values, first);
    first += values.nRows;
  }
  const placed = cells.finish();
  if (placed === null) return NOTHING;
  // A sample of as many cells is all of them.
  const measured =
    nCells === nObs
      ? { placed, distances: await queryDistances(placed.scores, space, "classes", signal) }
      : null;
  const shiftScore = measured?.distances.shiftScore ?? (await shiftScoreOf(placed.scores, space, signal));
  if (shiftScore === null) return { ...NOTHING, measured };
  const rung = nearestRung(linear.ladder, placed.depthRatio ?? 1, shiftScore);
  const { doubted } = rung;
  if (doubted === null) return { ...NOTHING, rung, measured };
  const { isDoubted, scored } = await doubtedColumns(model, linear, kept, query, sample, { engine, signal });
  if (measured !== null) query.knowScores?.(scored);
  if (!isDoubted.includes(true))
    return { ...NOTHING, rung, measured, isShifted: isShifted(shiftScore, nCells, linear.ladder) };
  return {
    rung: ofColumns(rung, doubted, isDoubted),
    networkWeights: isDoubted.map((own) => (own ? doubted.networkWeight : 1)),
    isShifted: false,
    measured,
  };
}

const NOTHING: ChosenRung = { rung: null, networkWeights: null, isShifted: false, measured: null };

/** So much farther than held-out cells is shifted, and fewer cells than this say nothing (decision record 45). */
const SHIFTED = 1.05;
const LEAST_CELLS = 100;

/**
 * Whether cells lie farther from their types than those do that training held out. Only a network that the views do not
 * doubt says so: from labels that the members disagree on there is little to learn.
 */
function isShifted(shiftScore: number, nCells: number, [asHeldOut]: readonly Rung[]): boolean {
  const usual = asHeldOut.shiftScore;
  return usual !== null && nCells >= LEAST_CELLS && shiftScore > SHIFTED * usual;
}

/** The rung with the calibration `doubted` in the columns that are. */
function ofColumns(rung: Rung, doubted: DoubtedCalibration, isDoubted: readonly boolean[]): Rung {
  const from = (j: number) => (isDoubted[j] ? doubted : rung);
  return {
    ...rung,
    temperatures: isDoubted.map((_, j) => from(j).temperatures[j]),
    setThresholds: isDoubted.map((_, j) => from(j).setThresholds[j]),
    riskThresholds: isDoubted.map((_, j) => from(j).riskThresholds[j]),
  };
}

/** Of the rungs whose depth is nearest, the one whose shift score is. */
function nearestRung(rungs: readonly Rung[], depthRatio: number, shiftScore: number): Rung {
  const far = (a: number, b: number) => Math.abs(log(a) - log(b));
  const depth = nearest(rungs, (rung) => far(rung.depth, Math.max(depthRatio, 1e-6))).depth;
  const asDeep = rungs.filter((rung) => rung.depth === depth);
  return nearest(asDeep, (rung) =>
    rung.shiftScore === null ? Number.POSITIVE_INFINITY : far(rung.shiftScore, Math.max(shiftScore, 1e-6)),
  );
}

/** The first of the least. */
function nearest<T>(items: readonly T[], distance: (item: T) => number): T {
  return items.reduce((best, item) => (distance(item) < distance(best) ? item : best));
}
