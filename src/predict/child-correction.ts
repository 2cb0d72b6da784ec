/** Refining child logits within the predicted parent (contract 2 §8, inference). @module */
import { exp } from "../core/math.ts";
import type { ForwardResult, Linear } from "../kernels/types.ts";
import type { ChildCorrection, ChildCorrectionModule } from "../model/types.ts";

/**
 * Adds the correction to the child logits of a block, in place.
 *
 * A cell is corrected by the module of its predicted parent (the largest uncorrected parent logit, the first
 * of equals); cells of other parents keep their logits. Sums run in float64 in feature order.
 */
export function applyChildCorrection(correction: ChildCorrection, block: ForwardResult): void {
  const byParent = new Map(correction.modules.map((module) => [module.parentIndex, module]));
  const parentLogits = block.logits[correction.parentHead];
  const childLogits = block.logits[correction.childHead];
  if (block.nRows === 0) return;
  const nParents = parentLogits.length / block.nRows;
  const nChildren = childLogits.length / block.nRows;
  const width = block.latent.length / block.nRows;
  for (let r = 0; r < block.nRows; r++) {
    const parents = parentLogits.subarray(r * nParents, (r + 1) * nParents);
    const module = byParent.get(argmax(parents));
    if (module === undefined) continue;
    const children = childLogits.subarray(r * nChildren, (r + 1) * nChildren);
    const own = module.childIndices.map((child) => children[child]);
    const latent = block.latent.subarray(r * width, (r + 1) * width);
    const features =
      correction.featureMode === "standard"
        ? [...latent, ...parents, ...own]
        : [...rerankerFeatures(own), ...parents];
    const change = residual(module, features);
    for (let s = 0; s < own.length; s++)
      children[module.childIndices[s]] = own[s] + correction.residualScale * change[s];
  }
}

/** `[logits, softmax, top1, top2, top1 − top2]` of the children of one parent; top2 of a lone child is 0. */
function rerankerFeatures(logits: readonly number[]): number[] {
  const largest = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const weights = logits.map((logit) => exp(logit - largest));
  const sum = weights.reduce((a, b) => a + b, 0);
  const probabilities = weights.map((weight) => Math.fround(weight / sum));
  const sorted = [...probabilities].sort((a, b) => b - a);
  const top1 = sorted[0];
  const top2 = sorted[1] ?? 0;
  return [...logits, ...probabilities, top1, top2, top1 - top2];
}

function residual(module: ChildCorrectionModule, features: readonly number[]): number[] {
  const hidden = linear(module.hidden, features).map((value) => Math.max(value, 0));
  return linear(module.output, hidden);
}

function linear(layer: Linear, input: readonly number[]): number[] {
  const output: number[] = [];
  for (let o = 0; o < layer.nOut; o++) {
    let sum = layer.bias[o];
    for (let i = 0; i < layer.nIn; i++) sum += layer.weight[o * layer.nIn + i] * input[i];
    output.push(sum);
  }
  return output;
}

function argmax(values: Float32Array): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[best]) best = i;
  return best;
}
