/** The initial weights of a network. @module */
import { hash32, randomUniform, streamKey } from "../core/rng.ts";
import type { Linear, NetworkShape, NetworkWeights } from "../kernels/types.ts";

/** Sizes of a linear layer. */
type Sizes = readonly [nIn: number, nOut: number];

/**
 * torch's `Linear` initialisation: weight and bias uniform in ±1/√nIn
 * (docs/specification/2-training.md#network). Every tensor has its own random stream, named after it, so that
 * an additional head does not change the others.
 */
export function initialWeights(
  shape: NetworkShape,
  coordNames: readonly string[],
  initKey: number,
): NetworkWeights {
  const { nGenes, hiddenSizes, nClasses, coordDims } = shape;
  const nLatent = hiddenSizes[hiddenSizes.length - 1];
  const make = (name: string, sizes: Sizes): Linear => initialLinear(initKey, name, sizes);
  return {
    encoder: hiddenSizes.map((nOut, i) =>
      make(`encoder.${3 * i}`, [i === 0 ? nGenes : hiddenSizes[i - 1], nOut]),
    ),
    labelHeads: nClasses.map((nOut, j) => make(`label_heads.${j}`, [nLatent, nOut])),
    coordHeads: coordDims.map((nOut, c) => make(`coord_heads.${coordNames[c]}`, [nLatent, nOut])),
  };
}

/** Initialises one layer with random streams named after it. */
export function initialLinear(initKey: number, name: string, [nIn, nOut]: Sizes): Linear {
  const bound = 1 / Math.sqrt(nIn);
  return {
    nIn,
    nOut,
    weight: uniform(streamKey(initKey, `${name}.weight`), nIn * nOut, bound),
    bias: uniform(streamKey(initKey, `${name}.bias`), nOut, bound),
  };
}

function uniform(key: number, length: number, bound: number): Float32Array {
  const mixed = hash32(key);
  const out = new Float32Array(length);
  for (let i = 0; i < length; i++) out[i] = (2 * randomUniform(mixed, i) - 1) * bound;
  return out;
}
