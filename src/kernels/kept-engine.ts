/** An engine that keeps what it made for a model, for predictions of many queries. @module */
import type { DenseMatrix } from "../core/dense.ts";
import type { Engine, Inference, KnnIndex, NetworkWeights } from "./types.ts";

/**
 * `engine` with the network and the neighbour index of the last model kept: who disposes of one of them gets the same one
 * again. Predictions with it come one after another.
 */
export function keptEngine(engine: Engine): Engine {
  let network: { readonly of: NetworkWeights; readonly kept: Inference } | null = null;
  let index: { readonly of: DenseMatrix; readonly kept: KnnIndex } | null = null;
  return {
    ...engine,
    async createInference(shape, weights) {
      if (network?.of !== weights) {
        network?.kept.dispose();
        network = null;
        network = { of: weights, kept: await engine.createInference(shape, weights) };
      }
      const { kept } = network;
      return { run: (block, meanwhile) => kept.run(block, meanwhile), dispose() {} };
    },
    async createKnnIndex(reference) {
      if (index?.of !== reference) {
        index?.kept.dispose();
        index = null;
        index = { of: reference, kept: await engine.createKnnIndex(reference) };
      }
      const { kept } = index;
      return { search: (queries, k) => kept.search(queries, k), dispose() {} };
    },
  };
}
