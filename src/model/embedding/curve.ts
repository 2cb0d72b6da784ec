/** The curve of nearness by distance on a map (McInnes and others, 2018, section 3.2). @module */
import { exp, log } from "../../core/math.ts";

/** 1 / (1 + `a` d^(2 `b`)): how near two cells at the distance d of the map are. */
export interface NearnessCurve {
  readonly a: number;
  readonly b: number;
}

/** Points that the curve is fitted at, from 0 to `REACH` times the spread. */
const POINTS = 300;
const REACH = 3;
const MAX_STEPS = 200;
/** A step that changes the squared error by less than this share of it is the last. */
const TOLERANCE = 1e-14;
/** With more damping no step is left. */
const MAX_DAMPING = 1e12;

/**
 * The curve nearest by least squares to one that is 1 up to `minDist` and falls as exp(−(d − `minDist`) / `spread`) beyond:
 * the method of Levenberg and Marquardt in two unknowns, from a = b = 1.
 */
export function fitNearnessCurve(minDist: number, spread: number): NearnessCurve {
  const distances = Float64Array.from({ length: POINTS }, (_, i) => (REACH * spread * i) / (POINTS - 1));
  const wanted = distances.map((d) => (d < minDist ? 1 : exp(-(d - minDist) / spread)));
  let [a, b] = [1, 1];
  let error = squaredError(distances, wanted, a, b);
  let damping = 1e-3;
  for (let step = 0; step < MAX_STEPS && damping < MAX_DAMPING; step++) {
    let [aa, ab, bb, ga, gb] = [0, 0, 0, 0, 0];
    for (let i = 1; i < POINTS; i++) {
      const power = exp(2 * b * log(distances[i]));
      const value = 1 / (1 + a * power);
      const byA = -power * value * value;
      const byB = 2 * a * log(distances[i]) * byA;
      const rest = wanted[i] - value;
      aa += byA * byA;
      ab += byA * byB;
      bb += byB * byB;
      ga += byA * rest;
      gb += byB * rest;
    }
    const [da, db] = [aa * (1 + damping), bb * (1 + damping)];
    const determinant = da * db - ab * ab;
    const [nextA, nextB] = [a + (db * ga - ab * gb) / determinant, b + (da * gb - ab * ga) / determinant];
    const next =
      nextA > 0 && nextB > 0 ? squaredError(distances, wanted, nextA, nextB) : Number.POSITIVE_INFINITY;
    if (!(next < error)) {
      damping *= 10;
      continue;
    }
    const isLast = error - next <= TOLERANCE * error;
    [a, b, error] = [nextA, nextB, next];
    if (isLast) break;
    damping /= 10;
  }
  return { a, b };
}

function squaredError(distances: Float64Array, wanted: Float64Array, a: number, b: number): number {
  let sum = 0;
  for (let i = 0; i < POINTS; i++) {
    const value = distances[i] === 0 ? 1 : 1 / (1 + a * exp(2 * b * log(distances[i])));
    sum += (wanted[i] - value) * (wanted[i] - value);
  }
  return sum;
}
