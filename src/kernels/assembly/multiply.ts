// Sparse rows times a matrix in panels: the one product of the whole engine. The first layer's rows are the cells'
// genes; every later layer's rows are the activations that ReLU and dropout left (about a third); on the way back
// they are the gradients; for weight gradients they are, per input, the cells that have it; for neighbours, queries.
//
// Entries are taken in pairs, in list order: s += (a + b). That halves the chain of additions, which is what
// bounds the loop, and eight loads with four sums is what V8 keeps in registers (with eight sums it spills, and
// the loop is three times slower).

import { hash4, lanes } from "./simd";

/** Sums rows whose every value is 1. */
function multiplyOnes(
  matrix: usize, init: usize, initStride: usize, starts: usize, ends: usize, indices: usize,
  first: u32, last: u32, out: usize,
): void {
  init += <usize>first * initStride;
  out += <usize>first << 6;
  for (let r = first; r < last; r++) {
    let p = indices + (<usize>load<u32>(starts + (<usize>r << 2)) << 2);
    const end = indices + (<usize>load<u32>(ends + (<usize>r << 2)) << 2);
    let s0 = v128.load(init), s1 = v128.load(init, 16), s2 = v128.load(init, 32), s3 = v128.load(init, 48);
    const pairsEnd = p + ((end - p) & ~7);
    if (p < pairsEnd) do {
      const a = matrix + (<usize>load<u32>(p) << 6), b = matrix + (<usize>load<u32>(p, 4) << 6);
      s0 = f32x4.add(s0, f32x4.add(v128.load(a), v128.load(b)));
      s1 = f32x4.add(s1, f32x4.add(v128.load(a, 16), v128.load(b, 16)));
      s2 = f32x4.add(s2, f32x4.add(v128.load(a, 32), v128.load(b, 32)));
      s3 = f32x4.add(s3, f32x4.add(v128.load(a, 48), v128.load(b, 48)));
      p += 8;
    } while (p < pairsEnd);
    if (p < end) {
      const a = matrix + (<usize>load<u32>(p) << 6);
      s0 = f32x4.add(s0, v128.load(a));
      s1 = f32x4.add(s1, v128.load(a, 16));
      s2 = f32x4.add(s2, v128.load(a, 32));
      s3 = f32x4.add(s3, v128.load(a, 48));
    }
    v128.store(out, s0);
    v128.store(out, s1, 16);
    v128.store(out, s2, 32);
    v128.store(out, s3, 48);
    init += initStride;
    out += 64;
  }
}

function multiplyValues(
  matrix: usize, init: usize, initStride: usize, starts: usize, ends: usize, indices: usize, values: usize,
  first: u32, last: u32, out: usize,
): void {
  const delta = values - indices;
  init += <usize>first * initStride;
  out += <usize>first << 6;
  for (let r = first; r < last; r++) {
    let p = indices + (<usize>load<u32>(starts + (<usize>r << 2)) << 2);
    const end = indices + (<usize>load<u32>(ends + (<usize>r << 2)) << 2);
    let s0 = v128.load(init), s1 = v128.load(init, 16), s2 = v128.load(init, 32), s3 = v128.load(init, 48);
    const pairsEnd = p + ((end - p) & ~7);
    if (p < pairsEnd) do {
      const a = matrix + (<usize>load<u32>(p) << 6), b = matrix + (<usize>load<u32>(p, 4) << 6);
      const x = v128.load_splat<f32>(p + delta), y = v128.load_splat<f32>(p + delta, 4);
      s0 = f32x4.add(s0, f32x4.add(f32x4.mul(x, v128.load(a)), f32x4.mul(y, v128.load(b))));
      s1 = f32x4.add(s1, f32x4.add(f32x4.mul(x, v128.load(a, 16)), f32x4.mul(y, v128.load(b, 16))));
      s2 = f32x4.add(s2, f32x4.add(f32x4.mul(x, v128.load(a, 32)), f32x4.mul(y, v128.load(b, 32))));
      s3 = f32x4.add(s3, f32x4.add(f32x4.mul(x, v128.load(a, 48)), f32x4.mul(y, v128.load(b, 48))));
      p += 8;
    } while (p < pairsEnd);
    if (p < end) {
      const a = matrix + (<usize>load<u32>(p) << 6), x = v128.load_splat<f32>(p + delta);
      s0 = f32x4.add(s0, f32x4.mul(x, v128.load(a)));
      s1 = f32x4.add(s1, f32x4.mul(x, v128.load(a, 16)));
      s2 = f32x4.add(s2, f32x4.mul(x, v128.load(a, 32)));
      s3 = f32x4.add(s3, f32x4.mul(x, v128.load(a, 48)));
    }
    v128.store(out, s0);
    v128.store(out, s1, 16);
    v128.store(out, s2, 32);
    v128.store(out, s3, 48);
    init += initStride;
    out += 64;
  }
}

/**
 * For rows `first` to `last` of one panel: out[r] = init[r] + the sum over row r's list of value x matrix[index].
 *
 * Row r's list is entries starts[r] to ends[r] of `indices` and `values`; `values` 0 means that all are 1. `init`
 * advances by `initStride` bytes a row: 0 for a bias. `out` may be `init`.
 */
export function multiply(
  matrix: usize, init: usize, initStride: usize, starts: usize, ends: usize, indices: usize, values: usize,
  first: u32, last: u32, out: usize,
): void {
  if (values == 0) multiplyOnes(matrix, init, initStride, starts, ends, indices, first, last, out);
  else multiplyValues(matrix, init, initStride, starts, ends, indices, values, first, last, out);
}

/** ReLU in place on rows `first` to `last` of a panel. NaN stays NaN, so that a diverged training shows. */
export function relu(panel: usize, first: u32, last: u32): void {
  const zero = f32x4.splat(0), end = panel + (<usize>last << 6);
  for (let p = panel + (<usize>first << 6); p < end; p += 16) v128.store(p, f32x4.max(zero, v128.load(p)));
}

/**
 * ReLU and dropout in place: unit u of row r is kept, and scaled, when hash32(counter + r x stride + u) reaches the
 * threshold (core/rng.ts).
 */
export function reluDropout(
  panel: usize, first: u32, last: u32, counter: u32, stride: u32, threshold: u32, scale: f32,
): void {
  const limit = i32x4.splat(threshold), factor = f32x4.splat(scale), zero = f32x4.splat(0);
  let p = panel + (<usize>first << 6);
  for (let r = first; r < last; r++) {
    let c = i32x4.add(i32x4.splat(counter + r * stride), lanes());
    const end = p + 64;
    do {
      const kept = f32x4.mul(f32x4.max(zero, v128.load(p)), factor);
      v128.store(p, v128.andnot(kept, i32x4.lt_u(hash4(c), limit)));
      c = i32x4.add(c, i32x4.splat(4));
      p += 16;
    } while (p < end);
  }
}

/** Back through dropout and ReLU, in place: times the scale where the unit was active, else 0. */
export function mask(panel: usize, active: usize, first: u32, last: u32, scale: f32): void {
  const factor = f32x4.splat(scale), zero = f32x4.splat(0), delta = active - panel, end = panel + (<usize>last << 6);
  for (let p = panel + (<usize>first << 6); p < end; p += 16)
    v128.store(p, v128.and(f32x4.mul(v128.load(p), factor), f32x4.gt(v128.load(p + delta), zero)));
}
