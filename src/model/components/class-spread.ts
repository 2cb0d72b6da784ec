/**
 * How much wider a query lies about the classes than held-out cells of the reference do
 * (docs/specification/3-prediction.md#distance, docs/decisions/0046-unknown-by-neighbours.md).
 * @module
 */
import { exp, log } from "../../core/math.ts";
import { medianOf, quantileOf } from "../../core/quantiles.ts";
import type { NearestClasses } from "./class-distances.ts";
import { distanceRatio, LEAST_CLASS_CELLS, QUARTILE, rowsByClass } from "./query-shift.ts";
import type { ClassDistances } from "./types.ts";

/** The share of the cells of a class, the nearest, that its spread is taken from: new types lie further out. */
const NEAREST = 0.05;
/** The spread of a class of few cells is drawn towards that of all classes, by as many cells as these. */
const WEIGHT = 30;

export interface Spread {
  /** Median over the classes, at least 1. */
  readonly spread: number;
  /** What the distances of the cells that are nearest to class `c` are divided by. */
  readonly divisors: (c: number) => number;
}

type HeldOut = Pick<ClassDistances, "heldOut" | "quartiles">;

/** The same for all classes: the square root of the median ratio of first quartiles. */
export function commonSpread(nearest: NearestClasses, { quartiles }: HeldOut): Spread {
  const spread = Math.max(1, distanceRatio(nearest, quartiles, QUARTILE) ?? 1);
  const root = Math.sqrt(spread);
  return { spread, divisors: () => root };
}

/**
 * By class, the ratio of the 5 % quantile of its distances to that of held-out cells, at least 1, to the power of 2/3. That of
 * held-out cells is the first quartile of the class times the ratio that both quantiles have over all classes. So a class that
 * lies off as a whole is brought back, and one around which cells of a new type lie is not, as long as it has cells of its own.
 */
export function classSpreads(nearest: NearestClasses, { heldOut, quartiles }: HeldOut): Spread {
  const toNearest = quantileOf(heldOut, NEAREST) / quantileOf(heldOut, QUARTILE);
  const ratios = new Map<number, { readonly n: number; readonly ratio: number }>();
  for (const [c, rows] of rowsByClass(nearest)) {
    const usual = quartiles[c] * toNearest;
    if (rows.length < LEAST_CLASS_CELLS || !(usual > 0)) continue;
    const rising = Float64Array.from(rows, (row) => nearest.distances[row]).sort();
    ratios.set(c, { n: rows.length, ratio: quantileOf(rising, NEAREST) / usual });
  }
  const ofAll = ratios.size === 0 ? 1 : medianOf([...ratios.values()].map(({ ratio }) => ratio));
  const divisors = new Map<number, number>();
  for (const [c, { n, ratio }] of ratios)
    divisors.set(c, divisorOf((n * ratio + WEIGHT * ofAll) / (n + WEIGHT)));
  return { spread: Math.max(1, ofAll), divisors: (c) => divisors.get(c) ?? divisorOf(ofAll) };
}

/** max(1, `spread`)^(2/3) */
const divisorOf = (spread: number): number => (spread > 1 ? exp((2 / 3) * log(spread)) : 1);
