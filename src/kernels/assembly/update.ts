// Gradients of weights, fused with the optimiser: a weight's gradient is summed in registers over the cells
// where its input is active, used at once and never stored. Inputs that no cell of the batch has still decay and
// move by their momentum, so the optimiser is exact.

import { Batch, Layer, Optimizer, Scratch } from "./structs";

/** One Adam or AdamW update of four weights (Kingma and Ba 2015; Loshchilov and Hutter 2019; as torch). */
@inline
function adam(w: usize, m: usize, v: usize, g: v128, o: Optimizer): void {
  const weight = v128.load(w);
  g = f32x4.add(g, f32x4.mul(weight, v128.load_splat<f32>(changetype<usize>(o), offsetof<Optimizer>("l2"))));
  const mean = f32x4.add(f32x4.mul(v128.load(m), f32x4.splat(o.beta1)), f32x4.mul(g, f32x4.splat(o.oneMinusBeta1)));
  const square = f32x4.add(
    f32x4.mul(v128.load(v), f32x4.splat(o.beta2)),
    f32x4.mul(f32x4.mul(g, g), f32x4.splat(o.oneMinusBeta2)),
  );
  const root = f32x4.add(f32x4.mul(f32x4.sqrt(square), f32x4.splat(o.rootScale)), f32x4.splat(o.eps));
  v128.store(m, mean);
  v128.store(v, square);
  v128.store(
    w,
    f32x4.sub(f32x4.mul(weight, f32x4.splat(o.decay)), f32x4.div(f32x4.mul(f32x4.splat(o.stepSize), mean), root)),
  );
}

@inline
function columns(
  wide: bool, weighted: bool, layer: Layer, capacity: u32, optimizer: Optimizer, first: u32, last: u32,
  scratch: Scratch,
): void {
  const shift: usize = wide ? 7 : 6;
  const rows = scratch.columnRows, delta = scratch.columnValues - rows;
  const nPanels = layer.width >> (wide ? 5 : 4), n = last - first;
  const panelBytes = <usize>layer.nIn << shift, gradBytes = <usize>capacity << shift;
  let grad = layer.grad;
  let base = <usize>first << shift;
  for (let panel: u32 = 0; panel < nPanels; panel++) {
    let w = layer.weight + base, m = layer.weightM + base, v = layer.weightV + base;
    for (let u: u32 = 0; u < n; u++) {
      let p = rows + (<usize>load<u32>(scratch.columnStarts + (<usize>u << 2)) << 2);
      const end = rows + (<usize>load<u32>(scratch.columnEnds + (<usize>u << 2)) << 2);
      let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
      if (p < end) do {
        const g = grad + <usize>load<u32>(p);
        if (weighted) {
          const x = v128.load_splat<f32>(p + delta);
          s0 = f32x4.add(s0, f32x4.mul(x, v128.load(g)));
          s1 = f32x4.add(s1, f32x4.mul(x, v128.load(g, 16)));
          s2 = f32x4.add(s2, f32x4.mul(x, v128.load(g, 32)));
          s3 = f32x4.add(s3, f32x4.mul(x, v128.load(g, 48)));
          if (wide) {
            s4 = f32x4.add(s4, f32x4.mul(x, v128.load(g, 64)));
            s5 = f32x4.add(s5, f32x4.mul(x, v128.load(g, 80)));
            s6 = f32x4.add(s6, f32x4.mul(x, v128.load(g, 96)));
            s7 = f32x4.add(s7, f32x4.mul(x, v128.load(g, 112)));
          }
        } else {
          s0 = f32x4.add(s0, v128.load(g));
          s1 = f32x4.add(s1, v128.load(g, 16));
          s2 = f32x4.add(s2, v128.load(g, 32));
          s3 = f32x4.add(s3, v128.load(g, 48));
          if (wide) {
            s4 = f32x4.add(s4, v128.load(g, 64));
            s5 = f32x4.add(s5, v128.load(g, 80));
            s6 = f32x4.add(s6, v128.load(g, 96));
            s7 = f32x4.add(s7, v128.load(g, 112));
          }
        }
        p += 4;
      } while (p < end);
      adam(w, m, v, s0, optimizer);
      adam(w + 16, m + 16, v + 16, s1, optimizer);
      adam(w + 32, m + 32, v + 32, s2, optimizer);
      adam(w + 48, m + 48, v + 48, s3, optimizer);
      if (wide) {
        adam(w + 64, m + 64, v + 64, s4, optimizer);
        adam(w + 80, m + 80, v + 80, s5, optimizer);
        adam(w + 96, m + 96, v + 96, s6, optimizer);
        adam(w + 112, m + 112, v + 112, s7, optimizer);
      }
      w += <usize>1 << shift;
      m += <usize>1 << shift;
      v += <usize>1 << shift;
    }
    base += panelBytes;
    grad += gradBytes;
  }
}

function wideOnes(layer: Layer, capacity: u32, o: Optimizer, first: u32, last: u32, scratch: Scratch): void {
  columns(true, false, layer, capacity, o, first, last, scratch);
}
function narrowOnes(layer: Layer, capacity: u32, o: Optimizer, first: u32, last: u32, scratch: Scratch): void {
  columns(false, false, layer, capacity, o, first, last, scratch);
}
function wideValues(layer: Layer, capacity: u32, o: Optimizer, first: u32, last: u32, scratch: Scratch): void {
  columns(true, true, layer, capacity, o, first, last, scratch);
}
function narrowValues(layer: Layer, capacity: u32, o: Optimizer, first: u32, last: u32, scratch: Scratch): void {
  columns(false, true, layer, capacity, o, first, last, scratch);
}

/**
 * Updates weight rows `first` to `last`. The scratch's column lists say, for each of these rows, which batch rows
 * its input is active in (byte offsets in a gradient panel) and with which value (`weighted`, else 1).
 */
export function updateRows(
  layer: Layer, weighted: bool, capacity: u32, o: Optimizer, first: u32, last: u32, scratch: Scratch,
): void {
  if (layer.shift == 7) {
    if (weighted) wideValues(layer, capacity, o, first, last, scratch);
    else wideOnes(layer, capacity, o, first, last, scratch);
  } else if (weighted) narrowValues(layer, capacity, o, first, last, scratch);
  else narrowOnes(layer, capacity, o, first, last, scratch);
}

/** Updates the bias: its gradient is the column sum of the gradient panels over the batch, rows rising. */
export function updateBias(layer: Layer, nRows: u32, capacity: u32, o: Optimizer): void {
  const shift = layer.shift, rowBytes = <usize>1 << shift, panelBytes = <usize>capacity << shift;
  const width = <usize>layer.width << 2;
  for (let i: usize = 0; i < width; i += 32) {
    let g = layer.grad + (i >> shift) * panelBytes + (i & (rowBytes - 1));
    let a = f32x4.splat(0), b = a;
    for (let r: u32 = 0; r < nRows; r++) {
      a = f32x4.add(a, v128.load(g));
      b = f32x4.add(b, v128.load(g, 16));
      g += rowBytes;
    }
    adam(layer.bias + i, layer.biasM + i, layer.biasV + i, a, o);
    adam(layer.bias + i + 16, layer.biasM + i + 16, layer.biasV + i + 16, b, o);
  }
}

/**
 * Refreshes the transposed weights for one panel of the layer before (`1 << inShift` bytes): the rows of `weight`
 * that belong to that panel's units become its columns.
 */
export function transposePanel(layer: Layer, inShift: u32, panel: u32): void {
  const units = (<u32>1 << inShift) >> 2, shift = layer.shift, block = (<u32>1 << shift) >> 2;
  const nPanels = layer.width / block;
  let to = layer.transposed + (<usize>panel * <usize>layer.width << inShift);
  for (let q: u32 = 0; q < nPanels; q++) {
    const from = layer.weight + (<usize>(q * layer.nIn + panel * units) << shift);
    for (let j: u32 = 0; j < block; j += 4) {
      for (let u: u32 = 0; u < units; u += 4) {
        const x = from + (<usize>u << shift) + (<usize>j << 2);
        const a = v128.load(x), b = v128.load(x + (<usize>1 << shift));
        const c = v128.load(x + (<usize>2 << shift)), d = v128.load(x + (<usize>3 << shift));
        const ab = i32x4.shuffle(a, b, 0, 4, 1, 5), ab2 = i32x4.shuffle(a, b, 2, 6, 3, 7);
        const cd = i32x4.shuffle(c, d, 0, 4, 1, 5), cd2 = i32x4.shuffle(c, d, 2, 6, 3, 7);
        const y = to + (<usize>j << inShift) + (<usize>u << 2);
        v128.store(y, i64x2.shuffle(ab, cd, 0, 2));
        v128.store(y + (<usize>1 << inShift), i64x2.shuffle(ab, cd, 1, 3));
        v128.store(y + (<usize>2 << inShift), i64x2.shuffle(ab2, cd2, 0, 2));
        v128.store(y + (<usize>3 << inShift), i64x2.shuffle(ab2, cd2, 1, 3));
      }
    }
    to += <usize>block << inShift;
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
 * Column lists of genes `first` to `last`: the part of the batch's CSR that has them, transposed by counting.
 * Within a gene, batch rows rise.
 */
export function transposeGenes(batch: Batch, shift: u32, first: u32, last: u32, scratch: Scratch): void {
  const n = last - first, starts = scratch.columnStarts, ends = scratch.columnEnds;
  const from = scratch.rangeStarts, to = scratch.rangeEnds, indices = batch.indices;
  memory.fill(ends, 0, <usize>n << 2);
  for (let r: u32 = 0; r < batch.nRows; r++) {
    const at = <usize>r << 2;
    const end = indices + (<usize>load<u32>(batch.indptr + at, 4) << 2);
    let p = lowerBound(indices + (<usize>load<u32>(batch.indptr + at) << 2), end, first);
    store<u32>(from + at, <u32>p);
    while (p < end) {
      const gene = load<u32>(p);
      if (gene >= last) break;
      const count = ends + (<usize>(gene - first) << 2);
      store<u32>(count, load<u32>(count) + 1);
      p += 4;
    }
    store<u32>(to + at, <u32>p);
  }
  let sum: u32 = 0;
  for (let i: usize = 0; i < <usize>n << 2; i += 4) {
    const count = load<u32>(ends + i);
    store<u32>(starts + i, sum);
    store<u32>(ends + i, sum);
    sum += count;
  }
  const rows = scratch.columnRows, values = scratch.columnValues;
  const weighted = batch.values != 0, delta = batch.values - indices;
  const origin = ends - (<usize>first << 2);
  for (let r: u32 = 0; r < batch.nRows; r++) {
    const at = <usize>r << 2, label = r << shift;
    let p = <usize>load<u32>(from + at);
    const end = <usize>load<u32>(to + at);
    if (weighted) {
      for (; p < end; p += 4) {
        const place = origin + (<usize>load<u32>(p) << 2), k = load<u32>(place);
        store<u32>(rows + (<usize>k << 2), label);
        store<f32>(values + (<usize>k << 2), load<f32>(p + delta));
        store<u32>(place, k + 1);
      }
    } else {
      for (; p < end; p += 4) {
        const place = origin + (<usize>load<u32>(p) << 2), k = load<u32>(place);
        store<u32>(rows + (<usize>k << 2), label);
        store<u32>(place, k + 1);
      }
    }
  }
}
