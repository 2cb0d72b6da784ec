// Vectors of WIDTH bits, and elementary functions from single IEEE operations: see src/kernels/assembly/simd.ts, whose
// bits these are. A lane is one output, so that the width changes no sum. No fused multiply-add (-ffp-contract=off).
#ifndef ATLASMTL_SIMD_H
#define ATLASMTL_SIMD_H

#include "kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#else
#error "no vectors for this processor"
#endif

#define LANES (WIDTH / 32)
/** Vectors of one row of a panel. */
#define PARTS (16 / LANES)

typedef f32 f32v __attribute__((vector_size(WIDTH / 8)));
typedef i32 i32v __attribute__((vector_size(WIDTH / 8)));
typedef u32 u32v __attribute__((vector_size(WIDTH / 8)));
typedef f32 f32x4 __attribute__((vector_size(16)));
typedef i32 i32x4 __attribute__((vector_size(16)));
/** The same in memory, at any multiple of four bytes. */
typedef f32 f32v_at __attribute__((vector_size(WIDTH / 8), aligned(4), may_alias));
typedef f32 f32x4_at __attribute__((vector_size(16), aligned(4), may_alias));
typedef i32 i32x4_at __attribute__((vector_size(16), aligned(4), may_alias));

INLINE f32v load(const f32 *p) { return *(const f32v_at *)p; }
INLINE void store(f32 *p, f32v x) { *(f32v_at *)p = x; }

// Written out: a loop over lanes goes through memory, which stalls.
#if LANES == 16
#define ALL(x) {x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x}
#elif LANES == 8
#define ALL(x) {x, x, x, x, x, x, x, x}
#else
#define ALL(x) {x, x, x, x}
#endif
INLINE f32v splat(f32 x) { return (f32v)ALL(x); }
INLINE u32v splat_u(u32 x) { return (u32v)ALL(x); }

/** The lanes' numbers. */
INLINE u32v lanes(void) {
  static const u32 numbers[16] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};
  u32v all;
  memcpy(&all, numbers, sizeof all);
  return all;
}

/** `a` where the mask is set, else `b`. */
INLINE f32v choose(i32v mask, f32v a, f32v b) { return (f32v)(((i32v)a & mask) | ((i32v)b & ~mask)); }

/** f32x4.max of WebAssembly: NaN if one is, and 0 is more than -0. */
INLINE f32v maximum(f32v a, f32v b) {
  const f32v larger = choose(a > b, a, b), both = (f32v)((i32v)a & (i32v)b);
  return choose(a != a, a, choose(a == b, both, larger));
}

/** maximum(0, x). */
INLINE f32v positive(f32v x) { return (f32v)((i32v)x & ~(x <= splat(0))); }

INLINE f32v square_root(f32v x) {
#if defined(__aarch64__)
  return (f32v)vsqrtq_f32((float32x4_t)x);
#elif WIDTH == 512
  return (f32v)_mm512_sqrt_ps((__m512)x);
#elif WIDTH == 256
  return (f32v)_mm256_sqrt_ps((__m256)x);
#else
  return (f32v)_mm_sqrt_ps((__m128)x);
#endif
}

/** The lanes where the mask is set, as bits. */
INLINE u32 bits_of(i32v mask) {
#if defined(__aarch64__)
  const uint32x4_t weights = {1, 2, 4, 8};
  return vaddvq_u32(vandq_u32((uint32x4_t)mask, weights));
#elif WIDTH == 512
  return _mm512_test_epi32_mask((__m512i)mask, (__m512i)mask);
#elif WIDTH == 256
  return (u32)_mm256_movemask_ps((__m256)mask);
#else
  return (u32)_mm_movemask_ps((__m128)mask);
#endif
}

/** {@link bits_of} four lanes. */
INLINE u32 bits_of4(i32x4 mask) {
#if defined(__aarch64__)
  const uint32x4_t weights = {1, 2, 4, 8};
  return vaddvq_u32(vandq_u32((uint32x4_t)mask, weights));
#else
  return (u32)_mm_movemask_ps((__m128)mask);
#endif
}

/** i8x16.swizzle: byte i of the result is byte pattern[i] of `x`, 0 where that is 0x80. */
INLINE i32x4 swizzle(i32x4 x, i32x4 pattern) {
#if defined(__aarch64__)
  return (i32x4)vqtbl1q_u8((uint8x16_t)x, (uint8x16_t)pattern);
#else
  return (i32x4)_mm_shuffle_epi8((__m128i)x, (__m128i)pattern);
#endif
}

/** e^x for x <= 88, within 1 unit in the last place for -87 <= x; below, e^-87. Cephes' polynomial (Moshier, 1989). */
INLINE f32v exp_v(f32v x) {
  x = choose(x < splat(-87), splat(-87), x);
  const f32v t = x * splat((f32)1.44269504088896341) + splat(0.5f);
  // NaN becomes 0 here, and the polynomial carries it on.
  const i32v cut = __builtin_convertvector(choose(t == t, t, splat(0)), i32v);
  const f32v whole = __builtin_convertvector(cut, f32v);
  const i32v above = whole > t;
  const f32v n = whole - choose(above, splat(1), splat(0));
  const f32v r = (x - n * splat((f32)0.693359375)) + n * splat((f32)2.12194440e-4);
  f32v p = splat((f32)1.9875691500e-4);
  p = p * r + splat((f32)1.3981999507e-3);
  p = p * r + splat((f32)8.3334519073e-3);
  p = p * r + splat((f32)4.1665795894e-2);
  p = p * r + splat((f32)1.6666665459e-1);
  p = p * r + splat((f32)5.0000001201e-1);
  p = ((p * r) * r + r) + splat(1);
  const u32v exponent = (u32v)(cut + above) + splat_u(127);
  return p * (f32v)(exponent << 23);
}

/** ln x for normal x > 0: x = 2^e m, ln m = 2 atanh((m - 1) / (m + 1)). */
INLINE f32 log1(f32 x) {
  u32 bits;
  memcpy(&bits, &x, 4);
  i32 e = (i32)((bits >> 23) & 255) - 127;
  bits = (bits & 0x7fffff) | 0x3f800000;
  f32 m;
  memcpy(&m, &bits, 4);
  if (m > (f32)1.41421356) {
    m *= 0.5f;
    e++;
  }
  const f32 y = (m - 1) / (m + 1), s = y * y;
  const f32 series = (f32)0.33333333 + s * ((f32)0.2 + s * ((f32)0.14285714 + s * (f32)0.11111111));
  return 2 * y * (1 + s * series) + (f32)e * (f32)0.69314718;
}

/** `hash32` of core/rng.ts in each lane. */
INLINE u32v hash_v(u32v x) {
  x ^= x >> 16;
  x *= splat_u(0x7feb352d);
  x ^= x >> 15;
  x *= splat_u(0x846ca68b);
  return x ^ (x >> 16);
}

/** Sum of four lanes, in a fixed order. */
INLINE f32 sum4(f32x4 x) { return (x[0] + x[1]) + (x[2] + x[3]); }

#endif
