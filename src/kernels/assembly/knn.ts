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

/** What the filter keeps per query. */
@unmanaged
class Query {
  /** Squared norm, and norm. */
  square: f64;
  norm: f64;
  /** The part of the bound that does not depend on the panel; changes with the kth distance. */
  base: f64;
}

@inline
function baseLimit(kth: f64, query: Query, normError: f64, tiny: f64): f64 {
  const limit = kth - query.square;
  return limit + abs<f64>(limit) * 2e-7 + normError * query.square + tiny;
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

/** The bound for one panel. Where float32 could overflow it is NaN, which lets everything pass. */
@inline
function panelLimit(query: Query, radius: f64, crossError: f64, normError: f64): f32 {
  const limit = query.base + radius * (crossError * query.norm + normError * radius);
  return radius < 1e18 && query.norm < 1e18 ? <f32>limit : NaN;
}

/** The lanes of four references that the bound does not exclude. */
@inline
function candidates(norms: usize, sums: usize, limit: v128): v128 {
  const s = f32x4.add(v128.load(norms), f32x4.mul(f32x4.splat(-2), v128.load(sums)));
  return v128.not(f32x4.ge(s, limit));
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
  const dim = search.dim, k = search.k, sums = scratch.line, states = scratch.columnValues;
  const first = task * search.chunkRows, last = min(first + search.chunkRows, search.nQueries);
  const nPanels = (search.nReferences + 15) >> 4, n = last - first, last8 = <usize>(k - 1) << 3;
  const crossError = <f64>search.crossError, normError = <f64>search.normError;
  // Products below the smallest float32 lose at most half of it each.
  const tiny = (<f64>dim + 8) * 3e-45;
  compactDense(search.queries, dim, first, last, scratch, search.compactTable);
  for (let i: u32 = 0; i < n; i++) {
    const query = changetype<Query>(states + <usize>i * offsetof<Query>());
    const x = search.queries + (<usize>(first + i) * <usize>dim << 2);
    let sum: f64 = 0;
    for (let d: u32 = 0; d < dim; d++) {
      const value = <f64>load<f32>(x + (<usize>d << 2));
      sum += value * value;
    }
    query.square = sum;
    query.norm = sqrt<f64>(sum);
    query.base = Infinity;
    const at = <usize>(first + i) * <usize>k;
    for (let j: usize = 0; j < <usize>k; j++) {
      store<f64>(search.distances + ((at + j) << 3), Infinity);
      store<u32>(search.indices + ((at + j) << 2), 0);
    }
  }
  for (let panel: u32 = 0; panel < nPanels; panel++) {
    const references = search.references + (<usize>panel * <usize>dim << 6), norms = search.norms + (<usize>panel << 6);
    const radius = <f64>load<f32>(search.panelNorms + (<usize>panel << 2));
    multiply(
      references, search.zeros, 0, scratch.rowStarts, scratch.rowEnds, scratch.rowIndices, scratch.rowValues, 0, n,
      sums,
    );
    for (let i: u32 = 0; i < n; i++) {
      const query = changetype<Query>(states + <usize>i * offsetof<Query>()), own = sums + (<usize>i << 6);
      const limit = f32x4.splat(panelLimit(query, radius, crossError, normError));
      const a = candidates(norms, own, limit), b = candidates(norms + 16, own + 16, limit);
      const c = candidates(norms + 32, own + 32, limit), d = candidates(norms + 48, own + 48, limit);
      if (!v128.any_true(v128.or(v128.or(a, b), v128.or(c, d)))) continue;
      let mask = i32x4.bitmask(a) | (i32x4.bitmask(b) << 4) | (i32x4.bitmask(c) << 8) | (i32x4.bitmask(d) << 12);
      const at = <usize>(first + i) * <usize>k, x = search.queries + (<usize>(first + i) * <usize>dim << 2);
      const distances = search.distances + (at << 3), indices = search.indices + (at << 2);
      do {
        const lane = <u32>ctz<i32>(mask), row = panel * 16 + lane;
        if (row >= search.nReferences) break;
        const distance = exactSquared(x, references + (<usize>lane << 2), dim);
        if (distance < load<f64>(distances + last8)) insert(distances, indices, k, distance, row);
        mask &= mask - 1;
      } while (mask != 0);
      query.base = baseLimit(load<f64>(distances + last8), query, normError, tiny);
    }
  }
}
