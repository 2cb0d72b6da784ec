/** The multi-task network: one sparse layer, dense hidden layers, one linear head per task. @module */
import type { Csr } from "../../core/csr.ts";
import { dropoutLayerKey } from "../../core/rng.ts";
import { AtlasmtlError } from "../../errors.ts";
import type { Linear, NetworkShape, NetworkWeights } from "../types.ts";
import { reluDropout, reluDropoutBackward } from "./dropout.ts";
import { linearBackwardInput, linearBackwardWeights, linearForward } from "./linear.ts";
import { fromSparseLinear, type SparseLinear, sparseForward, toSparseLinear } from "./sparse-linear.ts";

/** The weights as the kernels hold them. */
export interface Network {
  readonly first: SparseLinear;
  /** Hidden layers after the first. */
  readonly hidden: readonly Linear[];
  readonly labelHeads: readonly Linear[];
  readonly coordHeads: readonly Linear[];
}

/** The outputs of a batch, or the gradients by them; each is `[rows, width]`. */
export interface Activations {
  /** After ReLU and dropout, one per hidden layer; the last is the latent. */
  readonly hidden: readonly Float64Array[];
  readonly logits: readonly Float64Array[];
  readonly coords: readonly Float64Array[];
}

/** Which dropout mask to draw; step from 1. Null where nothing is dropped. */
export interface DropoutDraw {
  readonly rate: number;
  readonly key: number;
  readonly step: number;
}

/** Gradients of one dense layer. */
export interface LinearGradient {
  readonly weight: Float64Array;
  readonly bias: Float64Array;
}

/** A private copy of `weights` in the kernels' layout. @throws BUG when the sizes do not fit `shape`. */
export function createNetwork(shape: NetworkShape, weights: NetworkWeights): Network {
  const { hiddenSizes, nGenes, nClasses, coordDims } = shape;
  const nLatent = hiddenSizes[hiddenSizes.length - 1] ?? 0;
  requireLayers(weights.encoder, hiddenSizes, (i) => (i === 0 ? nGenes : hiddenSizes[i - 1]), "encoder");
  requireLayers(weights.labelHeads, nClasses, () => nLatent, "label heads");
  requireLayers(weights.coordHeads, coordDims, () => nLatent, "coordinate heads");
  const copy = (layer: Linear): Linear => ({
    ...layer,
    weight: layer.weight.slice(),
    bias: layer.bias.slice(),
  });
  return {
    first: toSparseLinear(weights.encoder[0]),
    hidden: weights.encoder.slice(1).map(copy),
    labelHeads: weights.labelHeads.map(copy),
    coordHeads: weights.coordHeads.map(copy),
  };
}

function requireLayers(
  layers: readonly Linear[],
  widths: readonly number[],
  nIn: (i: number) => number,
  what: string,
): void {
  const fits = (layer: Linear, i: number) =>
    layer.nOut === widths[i] &&
    layer.nIn === nIn(i) &&
    layer.weight.length === layer.nIn * layer.nOut &&
    layer.bias.length === layer.nOut;
  if (layers.length !== widths.length || !layers.every(fits) || (what === "encoder" && layers.length === 0))
    throw new AtlasmtlError(
      "BUG",
      `the weights of the ${what} do not have the network's sizes ${widths.join(", ")}`,
    );
}

/** A copy of the weights in torch's layout. */
export function networkWeights({ first, hidden, labelHeads, coordHeads }: Network): NetworkWeights {
  const copy = (layer: Linear): Linear => ({
    ...layer,
    weight: layer.weight.slice(),
    bias: layer.bias.slice(),
  });
  return {
    encoder: [fromSparseLinear(first), ...hidden.map(copy)],
    labelHeads: labelHeads.map(copy),
    coordHeads: coordHeads.map(copy),
  };
}

/** Buffers for the activations, or gradients, of up to `nRows` cells. */
export function createActivations(
  { first, hidden, labelHeads, coordHeads }: Network,
  nRows: number,
): Activations {
  const room = (layer: { readonly nOut: number }) => new Float64Array(nRows * layer.nOut);
  return {
    hidden: [room(first), ...hidden.map(room)],
    logits: labelHeads.map(room),
    coords: coordHeads.map(room),
  };
}

/** Evaluates the cells `rows` of `x` into `out`. */
export function forward(
  network: Network,
  x: Csr,
  rows: Uint32Array,
  draw: DropoutDraw | null,
  out: Activations,
): void {
  const n = rows.length;
  const activate = (layer: number, width: number) =>
    reluDropout(
      out.hidden[layer],
      n * width,
      draw?.rate ?? 0,
      draw === null ? 0 : dropoutLayerKey(draw.key, draw.step, layer),
    );
  sparseForward(x, rows, network.first, out.hidden[0]);
  activate(0, network.first.nOut);
  network.hidden.forEach((layer, i) => {
    linearForward(out.hidden[i], n, layer, out.hidden[i + 1]);
    activate(i + 1, layer.nOut);
  });
  const latent = latentOf(out);
  network.labelHeads.forEach((head, j) => {
    linearForward(latent, n, head, out.logits[j]);
  });
  network.coordHeads.forEach((head, c) => {
    linearForward(latent, n, head, out.coords[c]);
  });
}

export function latentOf(activations: Activations): Float64Array {
  return activations.hidden[activations.hidden.length - 1];
}

/**
 * Carries gradients back from the heads. On entry `gradients.logits` and `.coords` hold the derivatives by
 * the outputs of the heads, and the last of `gradients.hidden` those of other losses by the latent. On return
 * `gradients.hidden[0]` is the derivative by the first layer's output before ReLU, and `layerGradients`
 * (hidden layers after the first, label heads, coordinate heads) are filled.
 */
export function backward(
  network: Network,
  nRows: number,
  rate: number,
  values: Activations,
  gradients: Activations,
  layerGradients: readonly LinearGradient[],
): void {
  const latent = latentOf(values);
  const dLatent = latentOf(gradients);
  const heads = [...network.labelHeads, ...network.coordHeads];
  const dHeads = [...gradients.logits, ...gradients.coords];
  heads.forEach((head, j) => {
    const { weight, bias } = layerGradients[network.hidden.length + j];
    linearBackwardWeights(latent, dHeads[j], nRows, head, weight, bias);
    linearBackwardInput(dHeads[j], nRows, head, dLatent);
  });
  for (let i = network.hidden.length - 1; i >= 0; i--) {
    const layer = network.hidden[i];
    const dOut = gradients.hidden[i + 1];
    const dIn = gradients.hidden[i];
    reluDropoutBackward(values.hidden[i + 1], nRows * layer.nOut, rate, dOut);
    const { weight, bias } = layerGradients[i];
    linearBackwardWeights(values.hidden[i], dOut, nRows, layer, weight, bias);
    dIn.fill(0, 0, nRows * layer.nIn);
    linearBackwardInput(dOut, nRows, layer, dIn);
  }
  reluDropoutBackward(values.hidden[0], nRows * network.first.nOut, rate, gradients.hidden[0]);
}
