/** The engine in plain TypeScript: one thread, no build step. Tests compare the other engines with it. @module */
import type { Engine } from "../types.ts";
import { createInference } from "./inference.ts";
import { createKnnIndex } from "./knn.ts";
import { createTrainer } from "./trainer.ts";

/**
 * Parameters and moments are float32; activations, gradients and every sum are float64, in one fixed order.
 */
export function createReferenceEngine(): Engine {
  return {
    name: "reference",
    numThreads: 1,
    createTrainer: async (options) => createTrainer(options),
    createInference: async (shape, weights) => createInference(shape, weights),
    createKnnIndex: async (reference) => createKnnIndex(reference),
    dispose() {},
  };
}
