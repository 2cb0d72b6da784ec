// Gradients of weights, fused with the optimiser: the gradients of a few rows of one panel are summed over the cells
// where the row's input is active, used while they are in the first-level cache and never stored as a whole. Inputs
// that no cell of the batch has still decay and move by their momentum, so the optimiser is exact.

import { multiply } from "./multiply";
import { Batch, Layer, Network, Optimizer, Scratch } from "./structs";

/** Adam or AdamW on `bytes` of weights (a multiple of 16). Kingma and Ba 2015, Loshchilov and Hutter 2019, as torch. */
export function adam(w: usize, m: usize, v: usize, g: usize, bytes: usize, o: Optimizer): void {
  const beta1 = f32x4.splat(o.beta1), rest1 = f32x4.splat(o.oneMinusBeta1);
  const beta2 = f32x4.splat(o.beta2), rest2 = f32x4.splat(o.oneMinusBeta2);
  const eps = f32x4.splat(o.eps), l2 = f32x4.splat(o.l2), decay = f32x4.splat(o.decay);
  const stepSize = f32x4.splat(o.stepSize), rootScale = f32x4.splat(o.rootScale);
  const end = w + bytes;
  if (w < end) do {
    const weight = v128.load(w);
    const gradient = f32x4.add(v128.load(g), f32x4.mul(weight, l2));
    const mean = f32x4.add(f32x4.mul(v128.load(m), beta1), f32x4.mul(gradient, rest1));
    const square = f32x4.add(f32x4.mul(v128.load(v), beta2), f32x4.mul(f32x4.mul(gradient, gradient), rest2));
    v128.store(m, mean);
    v128.store(v, square);
    const root = f32x4.add(f32x4.mul(f32x4.sqrt(square), rootScale), eps);
    v128.store(w, f32x4.sub(f32x4.mul(weight, decay), f32x4.div(f32x4.mul(stepSize, mean), root)));
    w += 16;
    m += 16;
    v += 16;
    g += 16;
  } while (w < end);
}

/**
 * Updates weight rows `first` to `last`. Row first + i's list, entries starts[i] to ends[i] of `rows` and `values`
 * (0: all 1), says in which batch rows its input is active and with which value.
 */
export function updateRows(
  layer: Layer, starts: usize, ends: usize, rows: usize, values: usize, capacity: u32, o: Optimizer, first: u32,
  last: u32, gradients: usize, zeros: usize,
): void {
  const nPanels = layer.width >> 4, n = last - first;
  let at = <usize>first << 6, grad = layer.grad;
  for (let panel: u32 = 0; panel < nPanels; panel++) {
    multiply(grad, zeros, 0, starts, ends, rows, values, 0, n, gradients);
    adam(layer.weight + at, layer.weightM + at, layer.weightV + at, gradients, <usize>n << 6, o);
    at += <usize>layer.nIn << 6;
    grad += <usize>capacity << 6;
  }
}

/** Updates the bias: its gradient is the column sum of the gradient panels over the batch, rows rising. */
export function updateBias(layer: Layer, nRows: u32, capacity: u32, o: Optimizer, scratch: Scratch): void {
  const nPanels = layer.width >> 4;
  let to = scratch.gradients;
  for (let panel: u32 = 0; panel < nPanels; panel++) {
    let g = layer.grad + (<usize>panel * <usize>capacity << 6);
    const end = g + (<usize>nRows << 6);
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    do {
      s0 = f32x4.add(s0, v128.load(g));
      s1 = f32x4.add(s1, v128.load(g, 16));
      s2 = f32x4.add(s2, v128.load(g, 32));
      s3 = f32x4.add(s3, v128.load(g, 48));
      g += 64;
    } while (g < end);
    v128.store(to, s0);
    v128.store(to, s1, 16);
    v128.store(to, s2, 32);
    v128.store(to, s3, 48);
    to += 64;
  }
  adam(layer.bias, layer.biasM, layer.biasV, scratch.gradients, <usize>layer.width << 2, o);
}

/**
 * Refreshes the transposed weights for one panel of the layer before: the 16 rows of `weight` that belong to that
 * panel's units become its columns.
 */
export function transposePanel(layer: Layer, panel: u32): void {
  const nPanels = layer.width >> 4;
  let to = layer.transposed + (<usize>panel * <usize>layer.width << 6);
  for (let q: u32 = 0; q < nPanels; q++) {
    const from = layer.weight + (<usize>(q * layer.nIn + panel * 16) << 6);
    for (let j: usize = 0; j < 16; j += 4) {
      for (let u: usize = 0; u < 16; u += 4) {
        const x = from + (u << 6) + (j << 2), y = to + (j << 6) + (u << 2);
        const a = v128.load(x), b = v128.load(x, 64), c = v128.load(x, 128), d = v128.load(x, 192);
        const ab = i32x4.shuffle(a, b, 0, 4, 1, 5), ab2 = i32x4.shuffle(a, b, 2, 6, 3, 7);
        const cd = i32x4.shuffle(c, d, 0, 4, 1, 5), cd2 = i32x4.shuffle(c, d, 2, 6, 3, 7);
        v128.store(y, i64x2.shuffle(ab, cd, 0, 2));
        v128.store(y, i64x2.shuffle(ab, cd, 1, 3), 64);
        v128.store(y, i64x2.shuffle(ab2, cd2, 0, 2), 128);
        v128.store(y, i64x2.shuffle(ab2, cd2, 1, 3), 192);
      }
    }
    to += 1024;
  }
}

/** The first entry of a sorted list from `p` to `end` (byte addresses) that is at least `gene`. */
@inline
function lowerBound(p: usize, end: usize, gene: u32): usize {
  let n = (end - p) >> 2;
  while (n > 0) {
    const half = n >> 1, middle = p + (half << 2);
    const below = load<u32>(middle) < gene;
    p = below ? middle + 4 : p;
    n = below ? n - half - 1 : half;
  }
  return p;
}

/**
 * Transposes the part of a batch that has genes `first` to `last` into the network's lists by gene, by counting.
 * Ranges are independent: where a range's lists begin is the number of entries before it, which the rows tell.
 */
export function transposeGenes(network: Network, batch: Batch, first: u32, last: u32, scratch: Scratch): void {
  const n = <usize>(last - first) << 2, nRows = batch.nRows, indices = batch.indices;
  const starts = network.geneStarts + (<usize>first << 2), ends = network.geneEnds + (<usize>first << 2);
  const rowEnds = batch.bounds + (<usize>(batch.nTiles * nRows) << 2);
  const from = scratch.rangeStarts, to = scratch.rangeEnds, counts = network.geneEnds;
  let sum: u32 = 0;
  memory.fill(ends, 0, n);
  for (let r: u32 = 0; r < nRows; r++) {
    const at = <usize>r << 2, start = indices + (<usize>load<u32>(batch.bounds + at) << 2);
    const end = indices + (<usize>load<u32>(rowEnds + at) << 2);
    let p = first == 0 ? start : lowerBound(start, end, first);
    sum += <u32>((p - start) >> 2);
    store<u32>(from + at, <u32>p);
    while (p < end) {
      const gene = load<u32>(p);
      if (gene >= last) break;
      const count = counts + (<usize>gene << 2);
      store<u32>(count, load<u32>(count) + 1);
      p += 4;
    }
    store<u32>(to + at, <u32>p);
  }
  for (let i: usize = 0; i < n; i += 4) {
    const count = load<u32>(ends + i);
    store<u32>(starts + i, sum);
    store<u32>(ends + i, sum);
    sum += count;
  }
  const rows = network.geneRows, values = network.geneValues, delta = batch.values - indices;
  for (let r: u32 = 0; r < nRows; r++) {
    const at = <usize>r << 2;
    let p = <usize>load<u32>(from + at);
    const end = <usize>load<u32>(to + at);
    if (batch.values != 0) {
      for (; p < end; p += 4) {
        const place = counts + (<usize>load<u32>(p) << 2), k = load<u32>(place);
        store<u32>(rows + (<usize>k << 2), r);
        store<f32>(values + (<usize>k << 2), load<f32>(p + delta));
        store<u32>(place, k + 1);
      }
    } else {
      for (; p < end; p += 4) {
        const place = counts + (<usize>load<u32>(p) << 2), k = load<u32>(place);
        store<u32>(rows + (<usize>k << 2), r);
        store<u32>(place, k + 1);
      }
    }
  }
}
