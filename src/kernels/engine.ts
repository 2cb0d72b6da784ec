/** Choosing what computes. @module */
import { createReferenceEngine } from "./reference/engine.ts";
import type { Engine } from "./types.ts";

export interface EngineOptions {
  /** Threads to use, or `max` for all the host has. Results do not depend on it. */
  readonly numThreads?: number | "max";
}

/** The engine for this host. Dispose of it when done. */
export async function createEngine(_options: EngineOptions = {}): Promise<Engine> {
  return createReferenceEngine();
}
