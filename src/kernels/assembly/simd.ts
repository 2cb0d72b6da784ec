// Elementary functions from single IEEE operations, so that every platform gives the same bits. No fused
// multiply-add, no relaxed SIMD.

/** The lanes' numbers. */
@inline export function lanes(): v128 { return i32x4(0, 1, 2, 3); }

/** e^x within 1 unit in the last place for -87 <= x <= 88; below, e^-87. Cephes' polynomial (Moshier, 1989). */
@inline
export function exp4(x: v128): v128 {
  x = f32x4.pmax(x, f32x4.splat(-87));
  const n = f32x4.floor(f32x4.add(f32x4.mul(x, f32x4.splat(1.44269504088896341)), f32x4.splat(0.5)));
  const r = f32x4.add(
    f32x4.sub(x, f32x4.mul(n, f32x4.splat(0.693359375))),
    f32x4.mul(n, f32x4.splat(2.12194440e-4)),
  );
  let p = f32x4.splat(1.9875691500e-4);
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.3981999507e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(8.3334519073e-3));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(4.1665795894e-2));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(1.6666665459e-1));
  p = f32x4.add(f32x4.mul(p, r), f32x4.splat(5.0000001201e-1));
  p = f32x4.add(f32x4.add(f32x4.mul(f32x4.mul(p, r), r), r), f32x4.splat(1));
  return f32x4.mul(p, i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23));
}

/** {@link exp4} of one number: the same bits as in a lane. */
export function exp1(x: f32): f32 {
  return f32x4.extract_lane(exp4(f32x4.splat(x)), 0);
}

/** ln x for normal x > 0: x = 2^e m, ln m = 2 atanh((m - 1) / (m + 1)). */
export function log1(x: f32): f32 {
  const bits = reinterpret<i32>(x);
  let e = ((bits >> 23) & 255) - 127;
  let m = reinterpret<f32>((bits & 0x7fffff) | 0x3f800000);
  if (m > <f32>1.41421356) {
    m *= <f32>0.5;
    e++;
  }
  const y: f32 = (m - 1) / (m + 1);
  const s: f32 = y * y;
  const series: f32 = <f32>0.33333333 + s * (<f32>0.2 + s * (<f32>0.14285714 + s * <f32>0.11111111));
  return 2 * y * (1 + s * series) + <f32>e * <f32>0.69314718;
}

/** `hash32` of core/rng.ts in four lanes. */
@inline
export function hash4(x: v128): v128 {
  x = v128.xor(x, i32x4.shr_u(x, 16));
  x = i32x4.mul(x, i32x4.splat(0x7feb352d));
  x = v128.xor(x, i32x4.shr_u(x, 15));
  x = i32x4.mul(x, i32x4.splat(<i32>0x846ca68b));
  return v128.xor(x, i32x4.shr_u(x, 16));
}

/** Sum of four lanes, in a fixed order. */
@inline
export function sum4(x: v128): f32 {
  const a: f32 = f32x4.extract_lane(x, 0) + f32x4.extract_lane(x, 1);
  const b: f32 = f32x4.extract_lane(x, 2) + f32x4.extract_lane(x, 3);
  return a + b;
}

/** For tests: exp of `n` (a multiple of 4) numbers in place. */
export function expArray(x: usize, n: usize): void {
  for (let i: usize = 0; i < n << 2; i += 16) v128.store(x + i, exp4(v128.load(x + i)));
}
