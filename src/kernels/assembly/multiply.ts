// Sparse rows times a matrix in panels: the one product of the whole network. The first layer's rows are the
// cells' genes; every later layer's rows are the activations that ReLU and dropout left (about a third), and
// on the way back the gradients they left. Adding a zero term changes no bit, so leaving zeros out is exact.

import { hash4, lanes } from "./simd";

/** What happens to a sum before it is stored. */
export const PLAIN = 0;
export const RELU = 1;
export const RELU_DROPOUT = 2;
/** Back through dropout and ReLU: times the scale where the unit was active, else 0. */
export const MASK = 3;

@inline
function finish(kind: i32, x: v128, counter: v128, threshold: v128, scale: v128, active: usize): v128 {
  if (kind == RELU) return f32x4.max(f32x4.splat(0), x);
  if (kind == RELU_DROPOUT) {
    const kept = f32x4.mul(f32x4.max(f32x4.splat(0), x), scale);
    return v128.andnot(kept, i32x4.lt_u(hash4(counter), threshold));
  }
  if (kind == MASK) return v128.and(f32x4.mul(x, scale), f32x4.gt(v128.load(active), f32x4.splat(0)));
  return x;
}

@inline
function rows(
  wide: bool, weighted: bool, kind: i32,
  matrix: usize, init: usize, initStride: usize,
  starts: usize, ends: usize, indices: usize, values: usize,
  first: u32, last: u32, out: usize, active: usize,
  counter: u32, counterStride: u32, threshold: u32, scale: f32,
): void {
  const shift: usize = wide ? 7 : 6;
  const delta = values - indices;
  const limit = i32x4.splat(<i32>threshold), factor = f32x4.splat(scale);
  for (let r = first; r < last; r++) {
    const at = <usize>r << 2, own = <usize>r << shift;
    let p = indices + (<usize>load<u32>(starts + at) << 2);
    const end = indices + (<usize>load<u32>(ends + at) << 2);
    const b = init + <usize>r * initStride;
    let s0 = v128.load(b), s1 = v128.load(b, 16), s2 = v128.load(b, 32), s3 = v128.load(b, 48);
    let s4 = s0, s5 = s0, s6 = s0, s7 = s0;
    if (wide) {
      s4 = v128.load(b, 64); s5 = v128.load(b, 80); s6 = v128.load(b, 96); s7 = v128.load(b, 112);
    }
    if (p < end) do {
      const w = matrix + (<usize>load<u32>(p) << shift);
      if (weighted) {
        const x = v128.load_splat<f32>(p + delta);
        s0 = f32x4.add(s0, f32x4.mul(x, v128.load(w)));
        s1 = f32x4.add(s1, f32x4.mul(x, v128.load(w, 16)));
        s2 = f32x4.add(s2, f32x4.mul(x, v128.load(w, 32)));
        s3 = f32x4.add(s3, f32x4.mul(x, v128.load(w, 48)));
        if (wide) {
          s4 = f32x4.add(s4, f32x4.mul(x, v128.load(w, 64)));
          s5 = f32x4.add(s5, f32x4.mul(x, v128.load(w, 80)));
          s6 = f32x4.add(s6, f32x4.mul(x, v128.load(w, 96)));
          s7 = f32x4.add(s7, f32x4.mul(x, v128.load(w, 112)));
        }
      } else {
        s0 = f32x4.add(s0, v128.load(w));
        s1 = f32x4.add(s1, v128.load(w, 16));
        s2 = f32x4.add(s2, v128.load(w, 32));
        s3 = f32x4.add(s3, v128.load(w, 48));
        if (wide) {
          s4 = f32x4.add(s4, v128.load(w, 64));
          s5 = f32x4.add(s5, v128.load(w, 80));
          s6 = f32x4.add(s6, v128.load(w, 96));
          s7 = f32x4.add(s7, v128.load(w, 112));
        }
      }
      p += 4;
    } while (p < end);
    const o = out + own, a = active + own;
    const c = i32x4.add(i32x4.splat(<i32>(counter + r * counterStride)), lanes());
    v128.store(o, finish(kind, s0, c, limit, factor, a));
    v128.store(o, finish(kind, s1, i32x4.add(c, i32x4.splat(4)), limit, factor, a + 16), 16);
    v128.store(o, finish(kind, s2, i32x4.add(c, i32x4.splat(8)), limit, factor, a + 32), 32);
    v128.store(o, finish(kind, s3, i32x4.add(c, i32x4.splat(12)), limit, factor, a + 48), 48);
    if (wide) {
      v128.store(o, finish(kind, s4, i32x4.add(c, i32x4.splat(16)), limit, factor, a + 64), 64);
      v128.store(o, finish(kind, s5, i32x4.add(c, i32x4.splat(20)), limit, factor, a + 80), 80);
      v128.store(o, finish(kind, s6, i32x4.add(c, i32x4.splat(24)), limit, factor, a + 96), 96);
      v128.store(o, finish(kind, s7, i32x4.add(c, i32x4.splat(28)), limit, factor, a + 112), 112);
    }
  }
}

function wideOnes(
  kind: i32, matrix: usize, init: usize, initStride: usize, starts: usize, ends: usize, indices: usize,
  first: u32, last: u32, out: usize, counter: u32, counterStride: u32, threshold: u32, scale: f32,
): void {
  if (kind == RELU_DROPOUT)
    rows(true, false, RELU_DROPOUT, matrix, init, initStride, starts, ends, indices, indices, first, last, out, 0,
      counter, counterStride, threshold, scale);
  else
    rows(true, false, RELU, matrix, init, initStride, starts, ends, indices, indices, first, last, out, 0, 0, 0, 0, 1);
}

function narrowOnes(
  kind: i32, matrix: usize, init: usize, initStride: usize, starts: usize, ends: usize, indices: usize,
  first: u32, last: u32, out: usize, counter: u32, counterStride: u32, threshold: u32, scale: f32,
): void {
  if (kind == RELU_DROPOUT)
    rows(false, false, RELU_DROPOUT, matrix, init, initStride, starts, ends, indices, indices, first, last, out, 0,
      counter, counterStride, threshold, scale);
  else
    rows(false, false, RELU, matrix, init, initStride, starts, ends, indices, indices, first, last, out, 0, 0, 0, 0, 1);
}

function wideValues(
  kind: i32, matrix: usize, init: usize, initStride: usize, starts: usize, ends: usize, indices: usize,
  values: usize, first: u32, last: u32, out: usize, active: usize, counter: u32, counterStride: u32,
  threshold: u32, scale: f32,
): void {
  if (kind == RELU_DROPOUT)
    rows(true, true, RELU_DROPOUT, matrix, init, initStride, starts, ends, indices, values, first, last, out, 0,
      counter, counterStride, threshold, scale);
  else if (kind == RELU)
    rows(true, true, RELU, matrix, init, initStride, starts, ends, indices, values, first, last, out, 0, 0, 0, 0, 1);
  else if (kind == MASK)
    rows(true, true, MASK, matrix, init, initStride, starts, ends, indices, values, first, last, out, active, 0, 0,
      0, scale);
  else
    rows(true, true, PLAIN, matrix, init, initStride, starts, ends, indices, values, first, last, out, 0, 0, 0, 0, 1);
}

function narrowValues(
  kind: i32, matrix: usize, init: usize, initStride: usize, starts: usize, ends: usize, indices: usize,
  values: usize, first: u32, last: u32, out: usize, active: usize, counter: u32, counterStride: u32,
  threshold: u32, scale: f32,
): void {
  if (kind == RELU_DROPOUT)
    rows(false, true, RELU_DROPOUT, matrix, init, initStride, starts, ends, indices, values, first, last, out, 0,
      counter, counterStride, threshold, scale);
  else if (kind == RELU)
    rows(false, true, RELU, matrix, init, initStride, starts, ends, indices, values, first, last, out, 0, 0, 0, 0, 1);
  else if (kind == MASK)
    rows(false, true, MASK, matrix, init, initStride, starts, ends, indices, values, first, last, out, active, 0, 0,
      0, scale);
  else
    rows(false, true, PLAIN, matrix, init, initStride, starts, ends, indices, values, first, last, out, 0, 0, 0, 0, 1);
}

/**
 * For rows `first` to `last` and one panel of `1 << shift` bytes a row:
 * out[r] = finish(init[r] + sum over the row's list, in list order, of value x matrix[index]).
 *
 * Row r's list is entries starts[r] to ends[r] of `indices` and `values` (0: every value is 1, which takes the
 * kinds RELU and RELU_DROPOUT). `init` advances by `initStride` bytes a row: 0 for a bias. Unit u of row r draws
 * number `counter + r * counterStride + u`.
 */
export function multiply(
  shift: u32, kind: i32, matrix: usize, init: usize, initStride: usize, starts: usize, ends: usize,
  indices: usize, values: usize, first: u32, last: u32, out: usize, active: usize, counter: u32,
  counterStride: u32, threshold: u32, scale: f32,
): void {
  if (values == 0) {
    if (shift == 7)
      wideOnes(kind, matrix, init, initStride, starts, ends, indices, first, last, out, counter, counterStride,
        threshold, scale);
    else
      narrowOnes(kind, matrix, init, initStride, starts, ends, indices, first, last, out, counter, counterStride,
        threshold, scale);
  } else if (shift == 7)
    wideValues(kind, matrix, init, initStride, starts, ends, indices, values, first, last, out, active, counter,
      counterStride, threshold, scale);
  else
    narrowValues(kind, matrix, init, initStride, starts, ends, indices, values, first, last, out, active, counter,
      counterStride, threshold, scale);
}
