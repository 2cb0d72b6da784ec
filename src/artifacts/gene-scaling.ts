/** Gene scaling in the files of a bundle: of components, linear views and linear models. @module */
import type { Dict, PickleValue } from "../formats/pickle/values.ts";
import { TorchTensor } from "../formats/torch.ts";
import type { GeneScaling } from "../model/components/types.ts";
import { COMPONENT_KEYS } from "../schema/bundle.ts";
import { finiteTensor } from "./tensors.ts";

export const vectorTensor = (data: Float32Array): TorchTensor => new TorchTensor([data.length], data);

/** The entries of the dict, each a vector over the genes. */
export function emitScaling({ scale, cap, centre }: GeneScaling): Map<PickleValue, PickleValue> {
  return new Map<PickleValue, PickleValue>([
    [COMPONENT_KEYS.scale, vectorTensor(scale)],
    [COMPONENT_KEYS.cap, vectorTensor(cap)],
    [COMPONENT_KEYS.centre, vectorTensor(centre)],
  ]);
}

/** @throws MISMATCH for tensors of other sizes; BAD_DATA for numbers that are not finite. */
export function readScaling(dict: Dict, nGenes: number): GeneScaling {
  const genes = (key: string) => finiteTensor(dict, key, [nGenes]);
  return {
    scale: genes(COMPONENT_KEYS.scale),
    cap: genes(COMPONENT_KEYS.cap),
    centre: genes(COMPONENT_KEYS.centre),
  };
}
