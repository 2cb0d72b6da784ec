/** A dense linear layer, forward and backward. Source: contract 2 §2. @module */
import type { Linear } from "../types.ts";

/** `out = x · weightᵀ + bias` for `nRows` rows; `x` is `[nRows, nIn]`, `out` `[nRows, nOut]`. */
export function linearForward(x: Float64Array, nRows: number, layer: Linear, out: Float64Array): void {
  const { nIn, nOut, weight, bias } = layer;
  const nBlocked = nOut - (nOut % 4);
  for (let r = 0; r < nRows; r++) {
    const row = r * nIn;
    const to = r * nOut;
    // Four outputs at a time: independent sums keep the processor busy, each still in ascending order.
    for (let o = 0; o < nBlocked; o += 4) {
      let [a, b, c, d] = [0, 0, 0, 0];
      const w0 = o * nIn;
      const w1 = w0 + nIn;
      const w2 = w1 + nIn;
      const w3 = w2 + nIn;
      for (let i = 0; i < nIn; i++) {
        const value = x[row + i]!;
        a += value * weight[w0 + i]!;
        b += value * weight[w1 + i]!;
        c += value * weight[w2 + i]!;
        d += value * weight[w3 + i]!;
      }
      out[to + o] = a + bias[o]!;
      out[to + o + 1] = b + bias[o + 1]!;
      out[to + o + 2] = c + bias[o + 2]!;
      out[to + o + 3] = d + bias[o + 3]!;
    }
    for (let o = nBlocked; o < nOut; o++) {
      let sum = 0;
      for (let i = 0; i < nIn; i++) sum += x[row + i]! * weight[o * nIn + i]!;
      out[to + o] = sum + bias[o]!;
    }
  }
}

/** Adds the gradient with respect to `x` to `dx` (`[nRows, nIn]`). */
export function linearBackwardInput(
  dOut: Float64Array,
  nRows: number,
  layer: Linear,
  dx: Float64Array,
): void {
  const { nIn, nOut, weight } = layer;
  for (let r = 0; r < nRows; r++) {
    const row = r * nIn;
    for (let o = 0; o < nOut; o++) {
      const g = dOut[r * nOut + o]!;
      if (g === 0) continue;
      const w = o * nIn;
      for (let i = 0; i < nIn; i++) dx[row + i] = dx[row + i]! + g * weight[w + i]!;
    }
  }
}

/** Overwrites `dWeight` (`[nOut, nIn]`) and `dBias` with the gradients of a batch, rows in ascending order. */
export function linearBackwardWeights(
  x: Float64Array,
  dOut: Float64Array,
  nRows: number,
  layer: Linear,
  dWeight: Float64Array,
  dBias: Float64Array,
): void {
  const { nIn, nOut } = layer;
  dWeight.fill(0);
  dBias.fill(0);
  for (let r = 0; r < nRows; r++) {
    const row = r * nIn;
    for (let o = 0; o < nOut; o++) {
      const g = dOut[r * nOut + o]!;
      if (g === 0) continue;
      dBias[o] = dBias[o]! + g;
      const w = o * nIn;
      for (let i = 0; i < nIn; i++) dWeight[w + i] = dWeight[w + i]! + g * x[row + i]!;
    }
  }
}
