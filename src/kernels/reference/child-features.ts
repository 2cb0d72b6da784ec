/**
 * The input features of a module of child correction, forward and backward. Source:
 * docs/specification/2-training.md#child-correction.
 * @module
 */

import { exp } from "../../core/math.ts";
import type { ChildFeatureMode } from "../../schema/training-options.ts";

/** Outputs of the base network for a batch, or gradients by them; row-major `[nRows, width]`. */
export interface ChildOutputs {
  readonly latent: Float64Array;
  readonly parents: Float64Array;
  readonly children: Float64Array;
}

/** Widths of {@link ChildOutputs}. */
export interface ChildWidths {
  readonly latent: number;
  readonly parents: number;
  readonly children: number;
}

/** Features a module sees: docs/specification/2-training.md#child-correction. */
export function childFeatureCount(
  mode: ChildFeatureMode,
  latentSize: number,
  nParents: number,
  nChildren: number,
): number {
  return mode === "standard" ? latentSize + nParents + nChildren : 2 * nChildren + 3 + nParents;
}

/**
 * Writes the features of row `r` to `to` from `at` on: `[z, parent logits, own child logits]`, or `[own child
 * logits, their softmax, top1, top2, top1 − top2, parent logits]`, where top2 of a lone child is 0.
 */
export function writeChildFeatures(
  mode: ChildFeatureMode,
  outputs: { readonly [K in keyof ChildOutputs]: Float32Array | Float64Array },
  widths: ChildWidths,
  r: number,
  childIndices: readonly number[],
  to: Float64Array,
  at: number,
): void {
  const { latent, parents, children } = outputs;
  const n = childIndices.length;
  const own = (s: number): number => children[r * widths.children + childIndices[s]];
  if (mode === "standard") {
    for (let i = 0; i < widths.latent; i++) to[at++] = latent[r * widths.latent + i];
    for (let i = 0; i < widths.parents; i++) to[at++] = parents[r * widths.parents + i];
    for (let s = 0; s < n; s++) to[at++] = own(s);
    return;
  }
  let largest = Number.NEGATIVE_INFINITY;
  for (let s = 0; s < n; s++) largest = Math.max(largest, own(s));
  let sum = 0;
  for (let s = 0; s < n; s++) {
    to[at + s] = own(s);
    sum += to[at + n + s] = exp(own(s) - largest);
  }
  for (let s = 0; s < n; s++) to[at + n + s] = to[at + n + s] / sum;
  const [first, second] = topTwo(to, at + n, n);
  const top1 = to[at + n + first];
  const top2 = second < 0 ? 0 : to[at + n + second];
  to[at + 2 * n] = top1;
  to[at + 2 * n + 1] = top2;
  to[at + 2 * n + 2] = top1 - top2;
  for (let i = 0; i < widths.parents; i++) to[at + 2 * n + 3 + i] = parents[r * widths.parents + i];
}

/** Places of the largest and second largest of `n` values, the first of equals; −1 where there is none. */
function topTwo(values: Float64Array, at: number, n: number): [number, number] {
  let first = 0;
  for (let s = 1; s < n; s++) if (values[at + s] > values[at + first]) first = s;
  let second = -1;
  for (let s = 0; s < n; s++)
    if (s !== first && (second < 0 || values[at + s] > values[at + second])) second = s;
  return [first, second];
}

/** Derivatives by the own logits of `n` children through logits, softmax, top1, top2 and their difference. */
export function rerankerGradient(
  features: Float64Array,
  dFeatures: Float64Array,
  at: number,
  n: number,
): Float64Array {
  const [first, second] = topTwo(features, at + n, n);
  const [top1, top2, gap] = [0, 1, 2].map((i) => dFeatures[at + 2 * n + i]) as [number, number, number];
  const byProbability = Float64Array.from(
    { length: n },
    (_, c) => dFeatures[at + n + c] + (c === first ? top1 + gap : c === second ? top2 - gap : 0),
  );
  let mean = 0;
  for (let c = 0; c < n; c++) mean += features[at + n + c] * byProbability[c];
  return byProbability.map((g, c) => dFeatures[at + c] + features[at + n + c] * (g - mean));
}
