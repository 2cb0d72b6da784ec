/** Gene scaling and components, which the component space and each linear view store alike. @module */
import { Float } from "../core/config.ts";
import { AtlasmtlError } from "../errors.ts";
import type { Dict, PickleValue } from "../formats/pickle/values.ts";
import { TorchTensor } from "../formats/torch.ts";
import type { Components, GeneScaling } from "../model/components/types.ts";
import { COMPONENT_KEYS } from "../schema/bundle.ts";
import { countField, numberField } from "./fields.ts";
import { emitScaling, readScaling, vectorTensor } from "./gene-scaling.ts";
import { finiteTensor, positiveTensor } from "./tensors.ts";

export interface ScaledComponents {
  readonly scaling: GeneScaling;
  readonly components: Components;
}

/** The entries of the dict: how many components and their noise, and the tensors. */
export function emitScaledComponents({ scaling, components }: ScaledComponents): {
  readonly numbers: readonly [PickleValue, PickleValue][];
  readonly tensors: readonly [PickleValue, PickleValue][];
} {
  const { nGenes, nComponents, noise, loadings, variances } = components;
  return {
    numbers: [
      [COMPONENT_KEYS.nComponents, nComponents],
      [COMPONENT_KEYS.noise, new Float(noise)],
    ],
    tensors: [
      ...emitScaling(scaling),
      [COMPONENT_KEYS.loadings, new TorchTensor([nGenes, nComponents], loadings)],
      [COMPONENT_KEYS.variances, vectorTensor(variances)],
    ],
  };
}

/** @throws MISMATCH for tensors of other sizes; BAD_DATA for numbers that are not finite or out of range. */
export function readScaledComponents(dict: Dict, nGenes: number): ScaledComponents {
  const nComponents = countField(dict, COMPONENT_KEYS.nComponents, 1);
  const noise = amountField(dict, COMPONENT_KEYS.noise);
  return {
    scaling: readScaling(dict, nGenes),
    components: {
      nGenes,
      nComponents,
      loadings: finiteTensor(dict, COMPONENT_KEYS.loadings, [nGenes, nComponents]),
      variances: positiveTensor(dict, COMPONENT_KEYS.variances, [nComponents]),
      noise,
    },
  };
}

/** A number from 0 to the largest float32. @throws BAD_DATA for another one. */
export function amountField(dict: Dict, key: string): number {
  const value = numberField(dict, key);
  if (value >= 0 && Number.isFinite(Math.fround(value))) return value;
  throw new AtlasmtlError("BAD_DATA", `got ${value}, expected a finite number of at least 0`, { where: key });
}
