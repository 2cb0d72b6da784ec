/** Central finite differences and random inputs, the oracle of the loss gradients. */
import { expect } from "vitest";
import { randomUniform, streamKey } from "../../src/core/rng.ts";

/** `n` numbers in [low, high), a function of the seed. */
export function randomNumbers(seed: number, n: number, low = -2, high = 2): Float64Array {
  const key = streamKey(seed, "numbers");
  return Float64Array.from({ length: n }, (_, i) => low + (high - low) * randomUniform(key, i));
}

/** `n` integers in [low, high). */
export function randomIntegers(seed: number, n: number, low: number, high: number): Int32Array {
  return Int32Array.from(randomNumbers(seed, n, low, high), Math.floor);
}

/** Holds `gradient` against the central difference of `f` at `x`, element by element. */
export function expectGradient(
  f: (x: Float64Array) => number,
  x: Float64Array,
  gradient: Float64Array,
  tolerance = 1e-7,
): void {
  const h = 1e-5;
  for (let i = 0; i < x.length; i++) {
    const moved = x.slice();
    moved[i] = x[i] + h;
    const above = f(moved);
    moved[i] = x[i] - h;
    const numeric = (above - f(moved)) / (2 * h);
    expect(Math.abs(gradient[i] - numeric), `element ${i}: ${gradient[i]} for ${numeric}`).toBeLessThan(
      tolerance,
    );
  }
}
