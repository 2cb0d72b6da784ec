// Exact nearest neighbours. A float32 product filters, float64 decides: a reference is passed over only when its
// approximate distance, with a proven bound of the rounding error, cannot enter the list. What passes gets its
// squared distance in float64, summed over dimensions in order, and is inserted in row order, so ties go to the
// lower row. The result is that of brute force in float64, to the bit.

import { compactDense } from "./compact";
import { multiply } from "./multiply";
import { Scratch, Search } from "./structs";

/** Squared Euclidean distance of a query to column `lane` of a panel, in float64, dimensions in order. */
function exactSquared(query: usize, column: usize, dim: u32): f64 {
  let sum: f64 = 0;
  for (let d: u32 = 0; d < dim; d++) {
    const e = <f64>load<f32>(query) - <f64>load<f32>(column);
    sum += e * e;
    query += 4;
    column += 64;
  }
  return sum;
}

/**
 * The filter's bound for the kth squared distance so far, a query of squared norm `square` and a panel whose
 * largest norm is `radius`; rounded up.
 */
@inline
function filterLimit(kth: f64, square: f64, radius: f64, cross: f64, norm: f64): f32 {
  // Where float32 could overflow the filter lets everything pass.
  if (!(radius < 1e18 && square < 1e36)) return NaN;
  const slack = cross * sqrt<f64>(square) * radius + norm * (radius * radius + square);
  const limit = kth - square + slack;
  return <f32>(limit + abs<f64>(limit) * 2e-7);
}

function insert(distances: usize, indices: usize, k: u32, distance: f64, row: u32): void {
  let i = k - 1;
  while (i > 0 && load<f64>(distances + (<usize>(i - 1) << 3)) > distance) {
    store<f64>(distances + (<usize>i << 3), load<f64>(distances + (<usize>(i - 1) << 3)));
    store<u32>(indices + (<usize>i << 2), load<u32>(indices + (<usize>(i - 1) << 2)));
    i--;
  }
  store<f64>(distances + (<usize>i << 3), distance);
  store<u32>(indices + (<usize>i << 2), row);
}

/** Norms of the references of panels `first` to `last`. */
export function prepareReferences(search: Search, first: u32, last: u32): void {
  const dim = search.dim;
  for (let panel = first; panel < last; panel++) {
    let top: f64 = 0;
    for (let j: u32 = 0; j < 16; j++) {
      const row = panel * 16 + j;
      let x = search.references + (<usize>panel * <usize>dim << 6) + (<usize>j << 2);
      let sum: f64 = 0;
      for (let d: u32 = 0; d < dim; d++) {
        const value = <f64>load<f32>(x);
        sum += value * value;
        x += 64;
      }
      if (sum > top) top = sum;
      store<f32>(search.norms + (<usize>row << 2), row < search.nReferences ? <f32>sum : <f32>Infinity);
    }
    store<f32>(search.panelNorms + (<usize>panel << 2), <f32>(sqrt<f64>(top) * 1.000001));
  }
}

/**
 * Task: queries task x chunkRows and on.
 *
 * With u = 2^-24, R the panel's largest norm and q the query's: the product's error is at most (dim + 1) u q R
 * and rounding norm, doubling and subtraction add at most 2 u (R^2 + 2 q R). `crossError` and `normError` hold
 * these factors with slack, so a reference whose filter value is at least
 * kth - q^2 + crossError q R + normError (R^2 + q^2) is farther than the kth.
 */
export function searchNeighbours(search: Search, task: u32, thread: u32): void {
  const scratch = changetype<Scratch>(search.scratch + <usize>thread * offsetof<Scratch>());
  const dim = search.dim, k = search.k, sums = scratch.line;
  const first = task * search.chunkRows, last = min(first + search.chunkRows, search.nQueries);
  const nPanels = (search.nReferences + 15) >> 4, n = last - first;
  const cross = <f64>search.crossError, norm = <f64>search.normError, limits = scratch.columnValues;
  compactDense(search.queries, dim, first, last, scratch, search.compactTable);
  for (let i: u32 = 0; i < n; i++) {
    const query = search.queries + (<usize>(first + i) * <usize>dim << 2);
    let sum: f64 = 0;
    for (let d: u32 = 0; d < dim; d++) {
      const value = <f64>load<f32>(query + (<usize>d << 2));
      sum += value * value;
    }
    store<f64>(limits + (<usize>i << 3), sum);
    for (let j: u32 = 0; j < k; j++) {
      const at = <usize>(first + i) * <usize>k + <usize>j;
      store<f64>(search.distances + (at << 3), Infinity);
      store<u32>(search.indices + (at << 2), 0);
    }
  }
  const minusTwo = f32x4.splat(-2);
  for (let panel: u32 = 0; panel < nPanels; panel++) {
    const references = search.references + (<usize>panel * <usize>dim << 6), norms = search.norms + (<usize>panel << 6);
    const radius = <f64>load<f32>(search.panelNorms + (<usize>panel << 2));
    multiply(
      references, search.zeros, 0, scratch.rowStarts, scratch.rowEnds, scratch.rowIndices, scratch.rowValues, 0, n,
      sums,
    );
    for (let i: u32 = 0; i < n; i++) {
      const at = <usize>(first + i) * <usize>k, distances = search.distances + (at << 3), indices = search.indices + (at << 2);
      const square = load<f64>(limits + (<usize>i << 3));
      let limit = filterLimit(load<f64>(distances + (<usize>(k - 1) << 3)), square, radius, cross, norm);
      for (let j: u32 = 0; j < 16; j += 4) {
        const s = f32x4.add(
          v128.load(norms + (<usize>j << 2)),
          f32x4.mul(minusTwo, v128.load(sums + (<usize>i << 6) + (<usize>j << 2))),
        );
        let mask = i32x4.bitmask(v128.not(f32x4.ge(s, f32x4.splat(limit))));
        while (mask != 0) {
          const lane = <u32>ctz<i32>(mask), row = panel * 16 + j + lane;
          mask &= mask - 1;
          if (row >= search.nReferences) break;
          const query = search.queries + (<usize>(first + i) * <usize>dim << 2);
          const distance = exactSquared(query, references + (<usize>(j + lane) << 2), dim);
          if (distance < load<f64>(distances + (<usize>(k - 1) << 3))) {
            insert(distances, indices, k, distance, row);
            limit = filterLimit(load<f64>(distances + (<usize>(k - 1) << 3)), square, radius, cross, norm);
          }
        }
      }
    }
  }
}
