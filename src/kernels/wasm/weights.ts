/** Weights in torch's layout to and from the arena's panels. @module */
import { AtlasmtlError } from "../../errors.ts";
import type { Linear, NetworkShape, NetworkWeights } from "../types.ts";
import { type LayerLayout, type NetworkLayout, PANEL } from "./layout.ts";
import type { Arena } from "./memory.ts";

/** Copies weights into a layout. Padding is left as it is: zero. @throws BUG when sizes disagree. */
export function loadWeights(arena: Arena, layout: NetworkLayout, weights: NetworkWeights): void {
  requireSizes(layout.shape, weights);
  const { f32 } = arena.views();
  const head = layout.layers.at(-1)!;
  weights.encoder.forEach((linear, i) => {
    copyLinear(f32, layout.layers[i], 0, linear, true);
  });
  [...weights.labelHeads, ...weights.coordHeads].forEach((linear, j) => {
    copyLinear(f32, head, layout.heads[j].offset, linear, true);
  });
}

/** A copy of a layout's weights. */
export function readWeights(arena: Arena, layout: NetworkLayout): NetworkWeights {
  const { shape, layers, heads } = layout;
  const { f32 } = arena.views();
  const head = layers.at(-1)!;
  const read = (layer: LayerLayout, offset: number, nIn: number, nOut: number): Linear => {
    const linear = { nIn, nOut, weight: new Float32Array(nIn * nOut), bias: new Float32Array(nOut) };
    copyLinear(f32, layer, offset, linear, false);
    return linear;
  };
  const encoder = shape.hiddenSizes.map((nOut, i) =>
    read(layers[i], 0, i === 0 ? shape.nGenes : shape.hiddenSizes[i - 1], nOut),
  );
  const nLatent = shape.hiddenSizes.at(-1)!;
  const all = heads.map(({ offset, size }) => read(head, offset, nLatent, size));
  return {
    encoder,
    labelHeads: all.slice(0, shape.nClasses.length),
    coordHeads: all.slice(shape.nClasses.length),
  };
}

/** Copies one Linear to (`store`) or from columns `offset` and on of a layer. */
function copyLinear(
  f32: Float32Array,
  layer: LayerLayout,
  offset: number,
  linear: Linear,
  store: boolean,
): void {
  const { nIn, nOut, weight, bias } = linear;
  const biasAt = layer.bias / 4 + offset;
  if (store) f32.set(bias, biasAt);
  else bias.set(f32.subarray(biasAt, biasAt + nOut));
  // Panel by panel, so that the arena's side is walked in order.
  for (let from = 0; from < nOut; ) {
    const column = offset + from;
    const inBlock = column % PANEL;
    const n = Math.min(PANEL - inBlock, nOut - from);
    let at = layer.weight / 4 + Math.floor(column / PANEL) * layer.nIn * PANEL + inBlock;
    for (let i = 0; i < nIn; i++, at += PANEL) {
      let other = from * nIn + i;
      if (store) for (let j = 0; j < n; j++, other += nIn) f32[at + j] = weight[other];
      else for (let j = 0; j < n; j++, other += nIn) weight[other] = f32[at + j];
    }
    from += n;
  }
}

function requireSizes(shape: NetworkShape, weights: NetworkWeights): void {
  const { hiddenSizes, nGenes, nClasses, coordDims } = shape;
  const nLatent = hiddenSizes.at(-1);
  const check = (
    layers: readonly Linear[],
    widths: readonly number[],
    nIn: (i: number) => number,
    what: string,
  ) => {
    const fits = (layer: Linear, i: number) =>
      layer.nOut === widths[i] &&
      layer.nIn === nIn(i) &&
      layer.weight.length === layer.nIn * layer.nOut &&
      layer.bias.length === layer.nOut;
    if (layers.length !== widths.length || !layers.every(fits))
      throw new AtlasmtlError("BUG", `the weights of the ${what} do not have the sizes ${widths.join(", ")}`);
  };
  if (nLatent === undefined) throw new AtlasmtlError("BUG", "a network without a hidden layer");
  check(weights.encoder, hiddenSizes, (i) => (i === 0 ? nGenes : hiddenSizes[i - 1]), "encoder");
  check(weights.labelHeads, nClasses, () => nLatent, "label heads");
  check(weights.coordHeads, coordDims, () => nLatent, "coordinate heads");
}
