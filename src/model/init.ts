/** The initial weights of a network. @module */
import { hash32, randomUniform, streamKey } from "../core/rng.ts";
import type { ChildModule, Linear, NetworkShape, NetworkWeights } from "../kernels/types.ts";
import type { Model } from "./types.ts";

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

/** The tensors that were taken from an earlier model; names as in `state_dict`. */
export interface WarmStart {
  readonly weights: NetworkWeights;
  readonly taken: readonly string[];
  readonly notTaken: readonly string[];
}

/**
 * Replaces each tensor by the one of the same name in `model` if the shapes agree
 * (docs/specification/2-training.md#optimisation). Label heads are matched by position, coordinate heads by
 * name.
 */
export function warmStart(initial: NetworkWeights, coordNames: readonly string[], model: Model): WarmStart {
  const taken: string[] = [];
  const notTaken: string[] = [];
  const choose = (name: string, own: Linear, other: Linear | undefined): Linear => {
    const takesWeight = other !== undefined && other.nIn === own.nIn && other.nOut === own.nOut;
    const takesBias = other !== undefined && other.nOut === own.nOut;
    (takesWeight ? taken : notTaken).push(`${name}.weight`);
    (takesBias ? taken : notTaken).push(`${name}.bias`);
    return {
      ...own,
      weight: takesWeight ? other.weight.slice() : own.weight,
      bias: takesBias ? other.bias.slice() : own.bias,
    };
  };
  const { encoder, labelHeads, coordHeads } = model.weights;
  const weights: NetworkWeights = {
    encoder: initial.encoder.map((own, i) => choose(`encoder.${3 * i}`, own, encoder[i])),
    labelHeads: initial.labelHeads.map((own, j) => choose(`label_heads.${j}`, own, labelHeads[j])),
    ...(initial.childModules === undefined
      ? {}
      : {
          childModules: initial.childModules.map((own): ChildModule => {
            const prefix = `child_correction_modules.${own.parentIndex}`;
            const other = model.childCorrection?.modules.find(
              ({ parentIndex }) => parentIndex === own.parentIndex,
            );
            return {
              ...own,
              hidden: choose(`${prefix}.0`, own.hidden, other?.hidden),
              output: choose(`${prefix}.3`, own.output, other?.output),
            };
          }),
        }),
    coordHeads: initial.coordHeads.map((own, c) => {
      const at = model.coordHeads.findIndex(({ name }) => name === coordNames[c]);
      return choose(`coord_heads.${coordNames[c]}`, own, coordHeads[at]);
    }),
  };
  return { weights, taken, notTaken };
}
