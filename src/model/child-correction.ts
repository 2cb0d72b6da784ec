/**
 * Corrects child logits within the predicted parent (docs/specification/2-training.md#child-correction,
 * inference).
 * @module
 */
import { type ChildWidths, writeChildFeatures } from "../kernels/reference/child-features.ts";
import { linearForward } from "../kernels/reference/linear.ts";
import type { ForwardResult } from "../kernels/types.ts";
import type { ChildCorrection } from "./types.ts";

/**
 * Adds the correction to the child logits of a block, in place.
 *
 * A cell is corrected by the module of its predicted parent (the largest uncorrected parent logit, the first
 * of equals); cells of other parents keep their logits. Sums run in float64 in feature order.
 */
export function applyChildCorrection(correction: ChildCorrection, block: ForwardResult): void {
  if (block.nRows === 0) return;
  const { parentHead, childHead, featureMode, residualScale } = correction;
  const parents = block.logits[parentHead];
  const children = block.logits[childHead];
  const widths: ChildWidths = {
    latent: block.latent.length / block.nRows,
    parents: parents.length / block.nRows,
    children: children.length / block.nRows,
  };
  const rooms = new Map(
    correction.modules.map((module) => [
      module.parentIndex,
      {
        ...module,
        features: new Float64Array(module.hidden.nIn),
        activation: new Float64Array(module.hidden.nOut),
        change: new Float64Array(module.output.nOut),
      },
    ]),
  );
  const outputs = { latent: block.latent, parents, children };
  for (let r = 0; r < block.nRows; r++) {
    const room = rooms.get(argmax(parents, r * widths.parents, widths.parents));
    if (room === undefined) continue;
    const { childIndices, hidden, output, features, activation, change } = room;
    writeChildFeatures(featureMode, outputs, widths, r, childIndices, features, 0);
    linearForward(features, 1, hidden, activation);
    for (let u = 0; u < activation.length; u++) activation[u] = Math.max(activation[u], 0);
    linearForward(activation, 1, output, change);
    childIndices.forEach((child, s) => {
      const at = r * widths.children + child;
      children[at] = children[at] + residualScale * change[s];
    });
  }
}

function argmax(values: Float32Array, at: number, n: number): number {
  let best = 0;
  for (let i = 1; i < n; i++) if (values[at + i] > values[at + best]) best = i;
  return best;
}
