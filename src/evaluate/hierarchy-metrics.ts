/**
 * Measures how consistent the levels of a hierarchy are (docs/specification/5-benchmark.md#metrics).
 *
 * All arrays are per cell; rates are shares of cells, 0 to 1, NaN for a share of zero cells.
 * @module
 */
import { compareCodePoints } from "../core/order.ts";
import { AtlasmtlError } from "../errors.ts";
import type { PredictedLabels } from "../predict/types.ts";
import { UNKNOWN } from "../predict/unknown.ts";
import { joinLabels, NO_LABEL, requireSameCells, share } from "./paired-labels.ts";

/** The true and the predicted labels of one level. */
export interface ScoredLevel {
  readonly truth: PredictedLabels;
  readonly predicted: PredictedLabels;
}

export interface FullPathMetrics {
  /** Cells with a true label on every level. */
  readonly nTotal: number;
  /** Share of cells that are right on every level. */
  readonly fullPathAccuracy: number;
  /** Share of cells that are Unknown on no level. */
  readonly fullPathCoverage: number;
  /** Share of the covered cells that are right on every level; 0 if no cell is covered. */
  readonly fullPathCoveredAccuracy: number;
}

/**
 * Scores whole paths, over one or more levels.
 * @throws MISMATCH if the levels differ in length, USAGE without a level.
 */
export function scoreFullPath(levels: readonly ScoredLevel[]): FullPathMetrics {
  if (levels.length === 0) throw new AtlasmtlError("USAGE", "full-path metrics need at least one level");
  const joined = levels.map(({ truth, predicted }) => joinLabels(truth, predicted));
  const nCells = joined[0].truth.length;
  for (const level of joined) requireSameCells(nCells, level.truth.length);
  let nTotal = 0;
  let covered = 0;
  let right = 0;
  for (let i = 0; i < nCells; i++) {
    if (joined.some((level) => level.truth[i] === NO_LABEL)) continue;
    nTotal++;
    if (joined.some((level) => level.predicted[i] === NO_LABEL)) continue;
    covered++;
    if (joined.every((level) => level.truth[i] === level.predicted[i])) right++;
  }
  return {
    nTotal,
    fullPathAccuracy: share(right, nTotal),
    fullPathCoverage: share(covered, nTotal),
    fullPathCoveredAccuracy: covered === 0 ? 0 : right / covered,
  };
}

/**
 * The share of cells whose predicted child belongs to their predicted parent, among cells where both are
 * known and the child is mapped.
 * @throws MISMATCH when the lengths differ.
 */
export function pathConsistencyRate(
  parent: PredictedLabels,
  child: PredictedLabels,
  childToParent: ReadonlyMap<string, string>,
): number {
  const fit = pathFit(parent, child, childToParent);
  let compared = 0;
  let consistent = 0;
  for (const value of fit) {
    if (value !== NOT_COMPARED) compared++;
    if (value === CONSISTENT) consistent++;
  }
  return share(consistent, compared);
}

const NOT_COMPARED = 0;
const CONSISTENT = 1;
const BROKEN = 2;

/** For each cell whether the predicted child belongs to the predicted parent. */
function pathFit(
  parent: PredictedLabels,
  child: PredictedLabels,
  childToParent: ReadonlyMap<string, string>,
): Uint8Array {
  requireSameCells(parent.codes.length, child.codes.length);
  const expected = child.categories.map((name) => (name === UNKNOWN ? undefined : childToParent.get(name)));
  const actual = parent.categories.map((name) => (name === UNKNOWN ? undefined : name));
  const fit = new Uint8Array(child.codes.length);
  for (let i = 0; i < fit.length; i++) {
    const belongsTo = expected[child.codes[i]];
    const predicted = actual[parent.codes[i]];
    if (belongsTo === undefined || predicted === undefined) continue;
    fit[i] = belongsTo === predicted ? CONSISTENT : BROKEN;
  }
  return fit;
}

/** The four outcomes of one edge, which add up to 1, and the share of contradicting pairs. */
export interface EdgeRates {
  /** Cells with a true parent and a true child. */
  readonly nCells: number;
  readonly parentCorrectChildCorrectRate: number;
  readonly parentCorrectChildWrongRate: number;
  readonly parentWrongChildCorrectRate: number;
  readonly parentWrongChildWrongRate: number;
  /** Parent and child both known, and the child belongs to another parent. */
  readonly pathBreakRate: number;
}

export interface ParentEdgeRates extends EdgeRates {
  /** The true parent of these cells. */
  readonly parent: string;
}

export interface EdgeBreakdown extends EdgeRates {
  /** The same by true parent, sorted by code point; parents without a cell are left out. */
  readonly perParent: readonly ParentEdgeRates[];
}

/**
 * Counts the kinds of errors of one parent–child edge; Unknown counts as wrong.
 * @throws MISMATCH when the lengths differ.
 */
export function scoreEdge(
  parent: ScoredLevel,
  child: ScoredLevel,
  childToParent: ReadonlyMap<string, string>,
): EdgeBreakdown {
  const parents = joinLabels(parent.truth, parent.predicted);
  const children = joinLabels(child.truth, child.predicted);
  requireSameCells(parents.truth.length, children.truth.length);
  const fit = pathFit(parent.predicted, child.predicted, childToParent);
  const total = new EdgeCounts();
  const byParent = parents.names.map(() => new EdgeCounts());
  for (let i = 0; i < fit.length; i++) {
    const trueParent = parents.truth[i];
    if (trueParent === NO_LABEL || children.truth[i] === NO_LABEL) continue;
    const parentRight = parents.predicted[i] === trueParent;
    const childRight = children.predicted[i] === children.truth[i];
    for (const counts of [total, byParent[trueParent]])
      counts.add(parentRight, childRight, fit[i] === BROKEN);
  }
  const perParent = parents.names
    .map((name, code) => ({ parent: name, ...byParent[code].rates() }))
    .filter(({ nCells }) => nCells > 0)
    .sort((a, b) => compareCodePoints(a.parent, b.parent));
  return { ...total.rates(), perParent };
}

class EdgeCounts {
  private nCells = 0;
  private readonly outcomes: [number, number, number, number] = [0, 0, 0, 0];
  private broken = 0;

  add(parentRight: boolean, childRight: boolean, broken: boolean): void {
    this.nCells++;
    this.outcomes[(parentRight ? 0 : 2) + (childRight ? 0 : 1)]++;
    if (broken) this.broken++;
  }

  rates(): EdgeRates {
    const [bothRight, childWrong, parentWrong, bothWrong] = this.outcomes;
    return {
      nCells: this.nCells,
      parentCorrectChildCorrectRate: share(bothRight, this.nCells),
      parentCorrectChildWrongRate: share(childWrong, this.nCells),
      parentWrongChildCorrectRate: share(parentWrong, this.nCells),
      parentWrongChildWrongRate: share(bothWrong, this.nCells),
      pathBreakRate: share(this.broken, this.nCells),
    };
  }
}
