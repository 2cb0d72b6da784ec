/** Evaluating a trained network. @module */
import type { Csr } from "../../core/csr.ts";
import { createPauser } from "../../core/progress.ts";
import { AtlasmtlError } from "../../errors.ts";
import type { ForwardResult, Inference, NetworkShape, NetworkWeights } from "../types.ts";
import { createActivations, createNetwork, forward, latentOf } from "./network.ts";

/** @throws BUG when weights or a block do not have the sizes of `shape`. */
export function createInference(shape: NetworkShape, weights: NetworkWeights): Inference {
  const network = createNetwork(shape, weights);
  const pause = createPauser();
  return {
    async run(block: Csr, meanwhile?: () => Promise<void>): Promise<ForwardResult> {
      if (block.nCols !== shape.nGenes)
        throw new AtlasmtlError("BUG", `a block of ${block.nCols} genes for a network of ${shape.nGenes}`);
      const rows = Uint32Array.from({ length: block.nRows }, (_, row) => row);
      const out = createActivations(network, block.nRows);
      forward(network, block, rows, null, out);
      await pause();
      await meanwhile?.();
      return {
        nRows: block.nRows,
        latent: Float32Array.from(latentOf(out)),
        logits: out.logits.map((values) => Float32Array.from(values)),
        coords: out.coords.map((values) => Float32Array.from(values)),
      };
    },
    dispose() {},
  };
}
