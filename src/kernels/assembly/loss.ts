// Softmax cross-entropy and Huber, one row at a time, with the gradient of the logits.

import { exp1, exp4, log1, sum4 } from "./simd";
import { Batch, Head, Layer, Network, Scratch } from "./structs";

/** Copies one row of panels to a row-major line. */
function rowOut(panels: usize, capacity: u32, width: u32, row: u32, line: usize): void {
  const stop = line + (<usize>width << 2);
  let from = panels + (<usize>row << 6);
  do {
    v128.store(line, v128.load(from));
    v128.store(line, v128.load(from, 16), 16);
    v128.store(line, v128.load(from, 32), 32);
    v128.store(line, v128.load(from, 48), 48);
    line += 64;
    from += <usize>capacity << 6;
  } while (line < stop);
}

/** Copies a row-major line to one row of panels. */
function rowIn(panels: usize, capacity: u32, width: u32, row: u32, line: usize): void {
  const stop = line + (<usize>width << 2);
  let to = panels + (<usize>row << 6);
  do {
    v128.store(to, v128.load(line));
    v128.store(to, v128.load(line, 16), 16);
    v128.store(to, v128.load(line, 32), 32);
    v128.store(to, v128.load(line, 48), 48);
    line += 64;
    to += <usize>capacity << 6;
  } while (line < stop);
}

/**
 * Cross-entropy of `n` logits against class `label`; writes scale x (softmax - onehot) to `grad` and returns the
 * unscaled loss. `logits` and `grad` are 16-byte aligned.
 */
export function crossEntropy(logits: usize, grad: usize, n: u32, label: u32, scale: f32): f32 {
  const blocked = (<usize>n & ~3) << 2, all = <usize>n << 2;
  let top = load<f32>(logits);
  if (blocked > 0) {
    let m = v128.load(logits);
    for (let i: usize = 16; i < blocked; i += 16) m = f32x4.max(m, v128.load(logits + i));
    top = max<f32>(
      max<f32>(f32x4.extract_lane(m, 0), f32x4.extract_lane(m, 1)),
      max<f32>(f32x4.extract_lane(m, 2), f32x4.extract_lane(m, 3)),
    );
  }
  for (let i = blocked; i < all; i += 4) top = max<f32>(top, load<f32>(logits + i));
  const shiftBy = f32x4.splat(top);
  let sums = f32x4.splat(0);
  for (let i: usize = 0; i < blocked; i += 16) {
    const e = exp4(f32x4.sub(v128.load(logits + i), shiftBy));
    v128.store(grad + i, e);
    sums = f32x4.add(sums, e);
  }
  let sum = sum4(sums);
  for (let i = blocked; i < all; i += 4) {
    const e = exp1(load<f32>(logits + i) - top);
    store<f32>(grad + i, e);
    sum += e;
  }
  const f: f32 = scale / sum, factor = f32x4.splat(f);
  for (let i: usize = 0; i < blocked; i += 16) v128.store(grad + i, f32x4.mul(v128.load(grad + i), factor));
  for (let i = blocked; i < all; i += 4) store<f32>(grad + i, load<f32>(grad + i) * f);
  const own = grad + (<usize>label << 2);
  store<f32>(own, load<f32>(own) - scale);
  return log1(sum) + (top - load<f32>(logits + (<usize>label << 2)));
}

/** Huber loss (delta 1) summed over `n` elements; writes scale x derivative to `grad`. */
export function huber(predicted: usize, target: usize, grad: usize, n: u32, scale: f32): f32 {
  let sum: f32 = 0;
  for (let i: usize = 0; i < <usize>n << 2; i += 4) {
    const e: f32 = load<f32>(predicted + i) - load<f32>(target + i);
    const a = abs<f32>(e);
    sum += a < 1 ? <f32>0.5 * e * e : a - <f32>0.5;
    store<f32>(grad + i, (e > 1 ? <f32>1 : e < -1 ? <f32>-1 : e) * scale);
  }
  return sum;
}

/** Loss of every head for rows `first` to `last`: writes `rowLoss` and the head layer's gradient panels. */
export function headLosses(network: Network, head: Layer, batch: Batch, first: u32, last: u32, scratch: Scratch): void {
  const nLabels = network.nLabelHeads, nCoords = network.nCoordHeads, nHeads = nLabels + nCoords;
  const line = scratch.line, grad = scratch.lineGrad, heads = network.heads;
  let coordWidth: u32 = 0;
  for (let c: u32 = 0; c < nCoords; c++)
    coordWidth += changetype<Head>(heads + <usize>(nLabels + c) * offsetof<Head>()).size;
  for (let r = first; r < last; r++) {
    rowOut(head.activation, network.capacity, head.width, r, line);
    memory.fill(grad, 0, <usize>head.width << 2);
    const rowLoss = network.rowLoss + (<usize>(r * nHeads) << 2);
    for (let j: u32 = 0; j < nLabels; j++) {
      const h = changetype<Head>(heads + <usize>j * offsetof<Head>());
      const at = <usize>(r * nLabels + j) << 2, o = <usize>h.offset << 2;
      const label = load<i32>(batch.labels + at);
      let loss: f32 = 0;
      if (label >= 0) loss = crossEntropy(line + o, grad + o, h.size, label, load<f32>(batch.labelScales + at));
      store<f32>(rowLoss + (<usize>j << 2), loss);
    }
    let target = batch.targets + (<usize>(r * coordWidth) << 2);
    for (let c: u32 = 0; c < nCoords; c++) {
      const h = changetype<Head>(heads + <usize>(nLabels + c) * offsetof<Head>());
      const o = <usize>h.offset << 2;
      const loss = huber(line + o, target, grad + o, h.size, load<f32>(batch.coordScales + (<usize>c << 2)));
      store<f32>(rowLoss + (<usize>(nLabels + c) << 2), loss);
      target += <usize>h.size << 2;
    }
    rowIn(head.grad, network.capacity, head.width, r, grad);
  }
}

/** Copies each head's outputs, and z, of rows `first` to `last` to their row-major places. */
export function outputs(network: Network, head: Layer, latent: Layer, first: u32, last: u32, scratch: Scratch): void {
  const nHeads = network.nLabelHeads + network.nCoordHeads, line = scratch.line;
  for (let r = first; r < last; r++) {
    rowOut(head.activation, network.capacity, head.width, r, line);
    for (let j: u32 = 0; j < nHeads; j++) {
      const h = changetype<Head>(network.heads + <usize>j * offsetof<Head>());
      const bytes = <usize>h.size << 2;
      memory.copy(h.output + <usize>r * bytes, line + (<usize>h.offset << 2), bytes);
    }
    rowOut(latent.activation, network.capacity, latent.width, r, line);
    const bytes = <usize>latent.nOut << 2;
    memory.copy(network.latentOutput + <usize>r * bytes, line, bytes);
  }
}
