/** The weighted graph of near cells that a map is drawn from (McInnes and others, 2018, section 3.1). @module */
import { exp, log } from "../../core/math.ts";
import type { Neighbours } from "../../kernels/types.ts";

/** Undirected: each edge stands in the rows of both of its cells, with one weight, 0 < weight ≤ 1. */
export interface FuzzyGraph {
  /** [cells + 1] */
  readonly starts: Uint32Array;
  /** The other cell of each edge, rising within a row. */
  readonly ends: Uint32Array;
  readonly weights: Float32Array;
}

/** Halvings of the range of a scale, and the error of the sum at which it is good enough. */
const MAX_HALVINGS = 64;
const TOLERANCE = 1e-5;
/** A scale is at least this share of the mean distance. */
const LEAST_SCALE = 1e-3;

/**
 * How strongly each cell is bound to its neighbours, in the order of `found`: exp(−(d − nearest) / scale), where the nearest
 * neighbour that does not lie on the cell itself has strength 1, and the scale of each cell makes the sum log₂ `n`.
 */
export function neighbourStrengths(
  { k, distances }: Pick<Neighbours, "k" | "distances">,
  n: number,
): Float32Array {
  const strengths = new Float32Array(distances.length);
  const target = log(n) / Math.LN2;
  const meanOfAll = meanOf(distances);
  for (let start = 0; start < distances.length; start += k) {
    const own = distances.subarray(start, start + k);
    const nearest = own.find((distance) => distance > 0) ?? 0;
    const mean = nearest > 0 ? meanOf(own) : meanOfAll;
    const scale = Math.max(scaleFor(own, nearest, target), LEAST_SCALE * mean);
    for (let j = 0; j < k; j++) {
      const beyond = own[j] - nearest;
      strengths[start + j] = beyond <= 0 || scale === 0 ? 1 : exp(-beyond / scale);
    }
  }
  return strengths;
}

function meanOf(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value;
  return values.length === 0 ? 0 : sum / values.length;
}

/** By bisection. */
function scaleFor(distances: Float64Array, nearest: number, target: number): number {
  let [low, high, scale] = [0, Number.POSITIVE_INFINITY, 1];
  for (let step = 0; step < MAX_HALVINGS; step++) {
    let sum = 0;
    for (const distance of distances) {
      const beyond = distance - nearest;
      sum += beyond <= 0 ? 1 : exp(-beyond / scale);
    }
    if (Math.abs(sum - target) < TOLERANCE) break;
    if (sum > target) high = scale;
    else low = scale;
    scale = high === Number.POSITIVE_INFINITY ? 2 * scale : (low + high) / 2;
  }
  return scale;
}

/**
 * Joins the neighbours of all cells, [cells, k] without the cell itself: an edge that has the strengths p and q in its two
 * directions weighs p + q − pq.
 */
export function joinNeighbours(
  { k, indices }: Pick<Neighbours, "k" | "indices">,
  strengths: Float32Array,
): FuzzyGraph {
  const n = indices.length / k;
  const out = sortedRows(k, indices, strengths);
  const back = transposed(n, k, out.ends, out.weights);
  const starts = new Uint32Array(n + 1);
  const ends = new Uint32Array(2 * indices.length);
  const weights = new Float32Array(2 * indices.length);
  let used = 0;
  for (let cell = 0; cell < n; cell++) {
    let [i, j] = [cell * k, back.starts[cell]];
    const [lastI, lastJ] = [i + k, back.starts[cell + 1]];
    while (i < lastI || j < lastJ) {
      const a = i < lastI ? out.ends[i] : Number.POSITIVE_INFINITY;
      const b = j < lastJ ? back.ends[j] : Number.POSITIVE_INFINITY;
      const p = a <= b ? out.weights[i++] : 0;
      const q = b <= a ? back.weights[j++] : 0;
      const weight = p + q - p * q;
      if (weight > 0) {
        ends[used] = Math.min(a, b);
        weights[used++] = weight;
      }
    }
    starts[cell + 1] = used;
  }
  return { starts, ends: ends.subarray(0, used), weights: weights.subarray(0, used) };
}

/** The neighbours of each cell by their number. */
function sortedRows(k: number, indices: Uint32Array, strengths: Float32Array) {
  const ends = indices.slice();
  const weights = strengths.slice();
  for (let start = 0; start < ends.length; start += k)
    for (let i = start + 1; i < start + k; i++) {
      const [end, weight] = [ends[i], weights[i]];
      let at = i;
      for (; at > start && ends[at - 1] > end; at--) {
        ends[at] = ends[at - 1];
        weights[at] = weights[at - 1];
      }
      ends[at] = end;
      weights[at] = weight;
    }
  return { ends, weights };
}

/** The cells whose neighbour each cell is, rising. */
function transposed(n: number, k: number, ends: Uint32Array, weights: Float32Array): FuzzyGraph {
  const starts = new Uint32Array(n + 1);
  for (const end of ends) starts[end + 1]++;
  for (let cell = 0; cell < n; cell++) starts[cell + 1] += starts[cell];
  const next = starts.slice(0, n);
  const backEnds = new Uint32Array(ends.length);
  const backWeights = new Float32Array(ends.length);
  for (let e = 0; e < ends.length; e++) {
    const at = next[ends[e]]++;
    backEnds[at] = Math.floor(e / k);
    backWeights[at] = weights[e];
  }
  return { starts, ends: backEnds, weights: backWeights };
}
