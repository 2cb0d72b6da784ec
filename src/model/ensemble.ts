/**
 * Combines several networks into one that outputs the mean of their logits, so that an ensemble is an
 * ordinary bundle (decision record 13).
 * @module
 */
import type { Linear, NetworkShape, NetworkWeights } from "../kernels/types.ts";

/** The shape of `size` networks side by side. */
export function ensembleShape(shape: NetworkShape, size: number): NetworkShape {
  return { ...shape, hiddenSizes: shape.hiddenSizes.map((width) => width * size) };
}

/**
 * The network whose latent space is the concatenation of the members', and whose logits and coordinates are
 * their means: layers after the first are block-diagonal, heads are divided by the number of members.
 */
export function joinMembers(members: readonly NetworkWeights[]): NetworkWeights {
  const [first] = members as [NetworkWeights];
  if (members.length === 1) return first;
  const layersAt = (pick: (member: NetworkWeights) => Linear): Linear[] => members.map(pick);
  return {
    encoder: first.encoder.map((_, i) =>
      i === 0 ? stacked(layersAt((m) => m.encoder[0])) : blockDiagonal(layersAt((m) => m.encoder[i])),
    ),
    labelHeads: first.labelHeads.map((_, j) => averaged(layersAt((m) => m.labelHeads[j]))),
    coordHeads: first.coordHeads.map((_, c) => averaged(layersAt((m) => m.coordHeads[c]))),
  };
}

/** Same inputs, concatenated outputs. */
function stacked(layers: readonly Linear[]): Linear {
  const [{ nIn, nOut }] = layers as [Linear];
  const out = emptyLinear(nIn, nOut * layers.length);
  layers.forEach(({ weight, bias }, m) => {
    out.weight.set(weight, m * nOut * nIn);
    out.bias.set(bias, m * nOut);
  });
  return out;
}

/** Concatenated inputs and outputs; each member's outputs depend on its own inputs. */
function blockDiagonal(layers: readonly Linear[]): Linear {
  const [{ nIn, nOut }] = layers as [Linear];
  const width = nIn * layers.length;
  const out = emptyLinear(width, nOut * layers.length);
  layers.forEach(({ weight, bias }, m) => {
    for (let o = 0; o < nOut; o++)
      out.weight.set(weight.subarray(o * nIn, (o + 1) * nIn), (m * nOut + o) * width + m * nIn);
    out.bias.set(bias, m * nOut);
  });
  return out;
}

/** Concatenated inputs, mean of the outputs. */
function averaged(layers: readonly Linear[]): Linear {
  const [{ nIn, nOut }] = layers as [Linear];
  const width = nIn * layers.length;
  const out = emptyLinear(width, nOut);
  layers.forEach(({ weight, bias }, m) => {
    for (let o = 0; o < nOut; o++) {
      for (let i = 0; i < nIn; i++) out.weight[o * width + m * nIn + i] = weight[o * nIn + i] / layers.length;
      out.bias[o] = out.bias[o] + bias[o] / layers.length;
    }
  });
  return out;
}

function emptyLinear(nIn: number, nOut: number): Linear {
  return { nIn, nOut, weight: new Float32Array(nIn * nOut), bias: new Float32Array(nOut) };
}
