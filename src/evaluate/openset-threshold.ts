/**
 * Fits the open-set threshold to distances of labelled cells (docs/specification/3-prediction.md#open-set).
 * @module
 */
import { AtlasmtlError, option, phrase } from "../errors.ts";

/** A threshold and its effect on the cells that it was fitted to. */
export interface OpensetThreshold {
  readonly threshold: number;
  /** `separation`: uses cells of unseen types; `quantile`: uses cells of known types alone. */
  readonly rule: "separation" | "quantile";
  readonly nKnown: number;
  readonly nUnseen: number;
  /** Share of the cells of known types above the threshold. */
  readonly knownOutside: number;
  /** Share of the cells of unseen types above the threshold; null without any. */
  readonly unseenOutside: number | null;
  /**
   * AUROC: the probability that a cell of an unseen type is farther than one of a known type, ties count
   * half; null without any.
   */
  readonly auroc: number | null;
}

/**
 * Minimum share of known cells that is kept. In the accuracy study 0.99 detects one unseen cell of eight,
 * 0.95 one of four; without a bound six of ten are detected, and a third of the known cells is lost.
 */
export const DEFAULT_OPENSET_QUANTILE = 0.95;

/** @throws USAGE for a quantile outside (0, 1]. */
export function checkOpensetQuantile(quantile: number): void {
  if (!(quantile > 0 && quantile <= 1))
    throw new AtlasmtlError(
      "USAGE",
      phrase`${option("quantile")} is ${quantile}, expected a share above 0, up to 1`,
    );
}

/**
 * The distance above which a cell is predicted to be of an unseen type.
 *
 * The lower bound is the distance that at most 1 − `quantile` of the known cells exceed. Without cells of
 * unseen types it is the threshold. With them, the threshold is the distance that best separates both
 * (Youden's index; the middle between the two neighbouring distances; of equals, the larger), if that is
 * above the bound. Without the bound, types that are hardly farther than known ones would cost a large part
 * of the known cells.
 * @throws USAGE for a quantile outside (0, 1], BAD_DATA without known cells.
 */
export function chooseOpensetThreshold(
  known: Float64Array,
  unseen: Float64Array,
  quantile = DEFAULT_OPENSET_QUANTILE,
): OpensetThreshold {
  checkOpensetQuantile(quantile);
  if (known.length === 0)
    throw new AtlasmtlError("BAD_DATA", "no cell is of a type that the model knows", {
      hint: "give held-out cells of known types, with cells of unseen types where you have them",
    });
  const inside = known.slice().sort();
  const outside = unseen.slice().sort();
  const least = inside[Math.max(0, Math.ceil(quantile * inside.length - 1e-9) - 1)];
  const threshold = outside.length === 0 ? least : Math.max(least, separation(inside, outside));
  const above = (sorted: Float64Array): number =>
    (sorted.length - countUpTo(sorted, threshold)) / sorted.length;
  return {
    threshold,
    rule: outside.length === 0 ? "quantile" : "separation",
    nKnown: inside.length,
    nUnseen: outside.length,
    knownOutside: above(inside),
    unseenOutside: outside.length === 0 ? null : above(outside),
    auroc: outside.length === 0 ? null : auroc(inside, outside),
  };
}

/** The middle of the gap that best separates known from unseen cells; both are sorted. */
function separation(known: Float64Array, unseen: Float64Array): number {
  const distances = [...new Set([...known, ...unseen])].sort((a, b) => a - b);
  // Below the smallest distance every cell is outside.
  let most = 0;
  let threshold = 0;
  for (let i = 0; i < distances.length; i++) {
    const distance = distances[i];
    const index = countUpTo(known, distance) / known.length - countUpTo(unseen, distance) / unseen.length;
    if (index < most) continue;
    most = index;
    threshold = i + 1 < distances.length ? (distance + distances[i + 1]) / 2 : distance;
  }
  return threshold;
}

/** Number of elements of `sorted` that are at most `value`. */
function countUpTo(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function countBelow(sorted: Float64Array, value: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

function auroc(known: Float64Array, unseen: Float64Array): number {
  let wins = 0;
  for (const distance of unseen) wins += (countBelow(known, distance) + countUpTo(known, distance)) / 2;
  return wins / (known.length * unseen.length);
}
