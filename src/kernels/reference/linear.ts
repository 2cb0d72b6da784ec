/** A dense linear layer, forward and backward. Source: docs/specification/2-training.md#network. @module */
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
        const value = x[row + i];
        a += value * weight[w0 + i];
        b += value * weight[w1 + i];
        c += value * weight[w2 + i];
        d += value * weight[w3 + i];
      }
      out[to + o] = a + bias[o];
      out[to + o + 1] = b + bias[o + 1];
      out[to + o + 2] = c + bias[o + 2];
      out[to + o + 3] = d + bias[o + 3];
    }
    for (let o = nBlocked; o < nOut; o++) {
      let sum = 0;
      for (let i = 0; i < nIn; i++) sum += x[row + i] * weight[o * nIn + i];
      out[to + o] = sum + bias[o];
    }
  }
}

/** Adds the gradient with respect to `x` to `dx` (`[nRows, nIn]`), outputs in ascending order. */
export function linearBackwardInput(
  dOut: Float64Array,
  nRows: number,
  layer: Linear,
  dx: Float64Array,
): void {
  const { nIn, nOut, weight } = layer;
  const active = new Uint32Array(nOut);
  for (let r = 0; r < nRows; r++) {
    let n = 0;
    for (let o = 0; o < nOut; o++) if (dOut[r * nOut + o] !== 0) active[n++] = o;
    addScaled(weight, nIn, active, n, (o) => dOut[r * nOut + o], dx, r * nIn);
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
  const active = new Uint32Array(nRows);
  for (let o = 0; o < nOut; o++) {
    let n = 0;
    for (let r = 0; r < nRows; r++) if (dOut[r * nOut + o] !== 0) active[n++] = r;
    let sum = 0;
    for (let a = 0; a < n; a++) sum += dOut[active[a] * nOut + o];
    dBias[o] = sum;
    addScaled(x, nIn, active, n, (r) => dOut[r * nOut + o], dWeight, o * nIn);
  }
}

/**
 * Adds the rows `active[0]` to `active[n − 1]` of `rows` (`[.., width]`), each times its factor, to `to` from `at` on.
 * Four at a time, which saves memory traffic; each sum is still in the order of `active`.
 */
function addScaled(
  rows: Float32Array | Float64Array,
  width: number,
  active: Uint32Array,
  n: number,
  factor: (row: number) => number,
  to: Float64Array,
  at: number,
): void {
  const nBlocked = n - (n % 4);
  for (let k = 0; k < nBlocked; k += 4) {
    const [r0, r1, r2, r3] = [active[k], active[k + 1], active[k + 2], active[k + 3]];
    const [g0, g1, g2, g3] = [factor(r0), factor(r1), factor(r2), factor(r3)];
    const [x0, x1, x2, x3] = [r0 * width, r1 * width, r2 * width, r3 * width];
    for (let i = 0; i < width; i++)
      to[at + i] = to[at + i] + g0 * rows[x0 + i] + g1 * rows[x1 + i] + g2 * rows[x2 + i] + g3 * rows[x3 + i];
  }
  for (let k = nBlocked; k < n; k++) {
    const g = factor(active[k]);
    const x = active[k] * width;
    for (let i = 0; i < width; i++) to[at + i] = to[at + i] + g * rows[x + i];
  }
}
