/** Arithmetic on vectors, in one fixed order. @module */

/** The sum of the products of two vectors of one length, first to last. */
export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}
