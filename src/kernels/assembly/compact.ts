// From dense panels to lists of their nonzero entries, four lanes at a time: a mask of the nonzero lanes picks a
// shuffle that moves them to the front. Lists must have room for four entries more than they hold.

import { lanes } from "./simd";
import { Scratch } from "./structs";

/** Appends the nonzero lanes of `x` and the lanes of `labels` beside them; returns the new end of the list. */
@inline
function append(table: usize, p: usize, delta: usize, x: v128, labels: v128): usize {
  const mask = i32x4.bitmask(f32x4.ne(x, f32x4.splat(0)));
  const pattern = v128.load(table + (<usize>mask << 4));
  v128.store(p, i8x16.swizzle(labels, pattern));
  v128.store(p + delta, i8x16.swizzle(x, pattern));
  return p + (<usize>popcnt<i32>(mask) << 2);
}

/**
 * Lists of the nonzero columns of rows `first` to `last` of `panels` (`width` columns, `capacity` rows), columns
 * rising. Row r gets list r - first of the scratch.
 */
export function compactRows(
  panels: usize, capacity: u32, width: u32, first: u32, last: u32, scratch: Scratch, table: usize,
): void {
  const panelBytes = <usize>capacity << 6, base = scratch.rowIndices, delta = scratch.rowValues - base;
  for (let r = first; r < last; r++) {
    const start = (r - first) * scratch.rowStride;
    let p = base + (<usize>start << 2);
    let labels = lanes();
    let x = panels + (<usize>r << 6);
    const stop = x + (<usize>width >> 4) * panelBytes;
    do {
      p = append(table, p, delta, v128.load(x), labels);
      p = append(table, p, delta, v128.load(x, 16), i32x4.add(labels, i32x4.splat(4)));
      p = append(table, p, delta, v128.load(x, 32), i32x4.add(labels, i32x4.splat(8)));
      p = append(table, p, delta, v128.load(x, 48), i32x4.add(labels, i32x4.splat(12)));
      labels = i32x4.add(labels, i32x4.splat(16));
      x += panelBytes;
    } while (x < stop);
    const at = <usize>(r - first) << 2;
    store<u32>(scratch.rowStarts + at, start);
    store<u32>(scratch.rowEnds + at, <u32>((p - base) >> 2));
  }
}

/**
 * For each of the 16 units of panel `panel` the list of batch rows where it is active, rows rising, with the
 * activation beside it.
 */
export function compactColumns(
  panels: usize, panel: u32, nRows: u32, capacity: u32, scratch: Scratch, table: usize,
): void {
  const source = panels + (<usize>panel * <usize>capacity << 6);
  const base = scratch.columnRows, delta = scratch.columnValues - base;
  const stride = capacity + 4, blocked = nRows & ~3;
  for (let u: u32 = 0; u < 16; u += 4) {
    let p0 = base + (<usize>(u * stride) << 2), p1 = p0 + (<usize>stride << 2);
    let p2 = p1 + (<usize>stride << 2), p3 = p2 + (<usize>stride << 2);
    let x = source + (<usize>u << 2);
    let rows = lanes();
    for (let r: u32 = 0; r < blocked; r += 4) {
      const a = v128.load(x), b = v128.load(x, 64), c = v128.load(x, 128), d = v128.load(x, 192);
      const ab = i32x4.shuffle(a, b, 0, 4, 1, 5), ab2 = i32x4.shuffle(a, b, 2, 6, 3, 7);
      const cd = i32x4.shuffle(c, d, 0, 4, 1, 5), cd2 = i32x4.shuffle(c, d, 2, 6, 3, 7);
      p0 = append(table, p0, delta, i64x2.shuffle(ab, cd, 0, 2), rows);
      p1 = append(table, p1, delta, i64x2.shuffle(ab, cd, 1, 3), rows);
      p2 = append(table, p2, delta, i64x2.shuffle(ab2, cd2, 0, 2), rows);
      p3 = append(table, p3, delta, i64x2.shuffle(ab2, cd2, 1, 3), rows);
      rows = i32x4.add(rows, i32x4.splat(4));
      x += 256;
    }
    for (let r = blocked; r < nRows; r++) {
      p0 = appendOne(p0, delta, load<f32>(x), r);
      p1 = appendOne(p1, delta, load<f32>(x, 4), r);
      p2 = appendOne(p2, delta, load<f32>(x, 8), r);
      p3 = appendOne(p3, delta, load<f32>(x, 12), r);
      x += 64;
    }
    const starts = scratch.columnStarts + (<usize>u << 2), ends = scratch.columnEnds + (<usize>u << 2);
    for (let j: u32 = 0; j < 4; j++) store<u32>(starts + (<usize>j << 2), (u + j) * stride);
    store<u32>(ends, <u32>((p0 - base) >> 2));
    store<u32>(ends, <u32>((p1 - base) >> 2), 4);
    store<u32>(ends, <u32>((p2 - base) >> 2), 8);
    store<u32>(ends, <u32>((p3 - base) >> 2), 12);
  }
}

@inline
function appendOne(p: usize, delta: usize, x: f32, label: u32): usize {
  store<u32>(p, label);
  store<f32>(p + delta, x);
  return p + (<usize>u32(x != 0) << 2);
}

/** The same lists for a row-major array of queries: `dim` floats a row, columns rising. */
export function compactDense(
  source: usize, dim: u32, first: u32, last: u32, scratch: Scratch, table: usize,
): void {
  const delta = scratch.rowValues - scratch.rowIndices, blocked = dim & ~3;
  for (let r = first; r < last; r++) {
    const start = (r - first) * scratch.rowStride, x = source + (<usize>r * <usize>dim << 2);
    let p = scratch.rowIndices + (<usize>start << 2);
    let labels = lanes();
    for (let d: u32 = 0; d < blocked; d += 4) {
      p = append(table, p, delta, v128.load(x + (<usize>d << 2)), labels);
      labels = i32x4.add(labels, i32x4.splat(4));
    }
    for (let d = blocked; d < dim; d++) p = appendOne(p, delta, load<f32>(x + (<usize>d << 2)), d);
    const at = <usize>(r - first) << 2;
    store<u32>(scratch.rowStarts + at, start);
    store<u32>(scratch.rowEnds + at, <u32>((p - scratch.rowIndices) >> 2));
  }
}
