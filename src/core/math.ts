/**
 * Exponential and logarithm that give the same bits on every platform.
 *
 * ECMAScript leaves `Math.exp` and `Math.log` to the implementation; results must not
 * (docs/specification/2-training.md#reproducibility).
 * Accurate to about one unit in the last place of float64.
 * @module
 */

const LN2_HI = 0.6931471803691238;
const LN2_LO = 1.9082149292705877e-10;

const words = new Float64Array(1);
const bits = new Uint32Array(words.buffer);
const HIGH = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0;

/** Exact powers of two from 2^−1022 to 2^1023, in a table: composing the bits of each would be slower. */
const POWERS = Float64Array.from({ length: 2046 }, (_, i) => {
  bits[HIGH] = (i + 1) << 20;
  bits[1 - HIGH] = 0;
  return words[0];
});

/** 2^k for −1022 ≤ k ≤ 1023, exact. */
const powerOfTwo = (k: number): number => POWERS[k + 1022];

/**
 * e^x.
 *
 * Source: range reduction by ln 2 and the rational approximation of FreeBSD's msun (Sun, 1993).
 */
export function exp(x: number): number {
  if (Number.isNaN(x)) return x;
  if (x > 709.782712893384) return Number.POSITIVE_INFINITY;
  if (x < -745.1332191019411) return 0;
  const k = Math.floor(x * Math.LOG2E + 0.5);
  const hi = x - k * LN2_HI;
  const lo = k * LN2_LO;
  const r = hi - lo;
  const t = r * r;
  const c =
    r -
    t *
      (0.16666666666666602 +
        t *
          (-0.0027777777777015593 +
            t * (0.00006613756321437934 + t * (-0.0000016533902205465252 + t * 4.1381367970572385e-8))));
  const y = 1 - (lo - (r * c) / (2 - c) - hi);
  if (k > 1023) return y * 2 * powerOfTwo(1023);
  return k >= -1022 ? y * powerOfTwo(k) : y * powerOfTwo(k + 200) * powerOfTwo(-200);
}

/**
 * The natural logarithm; NaN below zero, −∞ at zero.
 *
 * Source: as {@link exp}; x = 2^k (1 + f) with √2/2 < 1 + f < √2.
 */
export function log(x: number): number {
  if (!(x > 0)) return x === 0 ? Number.NEGATIVE_INFINITY : Number.NaN;
  if (x === Number.POSITIVE_INFINITY) return x;
  let k = 0;
  if (x < 2.2250738585072014e-308) {
    x *= 18014398509481984;
    k = -54;
  }
  words[0] = x;
  let high = bits[HIGH];
  k += (high >>> 20) - 1023;
  high &= 0xfffff;
  const carry = (high + 0x95f64) & 0x100000;
  bits[HIGH] = high | (carry ^ 0x3ff00000);
  k += carry >>> 20;
  const f = words[0] - 1;
  const s = f / (2 + f);
  const z = s * s;
  const w = z * z;
  const t1 = w * (0.3999999999940942 + w * (0.22222198432149784 + w * 0.15313837699209373));
  const t2 =
    z * (0.6666666666666735 + w * (0.2857142874366239 + w * (0.1818357216161805 + w * 0.14798198605116586)));
  const half = 0.5 * f * f;
  return k * LN2_HI - (half - (s * (half + t1 + t2) + k * LN2_LO) - f);
}
