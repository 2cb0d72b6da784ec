/** Chooses the engine. @module */
import { platform } from "#platform";
import type { Engine } from "./types.ts";

export interface EngineOptions {
  /** Threads to use, or `max` for all the host has (default 1). Results do not depend on it. */
  readonly numThreads?: number | "max";
}

/** The largest number of threads for `max`; more threads find too few tasks in a step. */
const MAX_THREADS = 16;

/**
 * The engine for this host. Dispose of it when done.
 * @throws USAGE for a number of threads out of range; UNSUPPORTED where WebAssembly lacks SIMD.
 */
export async function createEngine({ numThreads = 1 }: EngineOptions = {}): Promise<Engine> {
  const wanted = numThreads === "max" ? Math.min(platform.info.cpuCount, MAX_THREADS) : numThreads;
  // Loaded on first use: a page looks at its files before it needs an engine.
  const { createWasmEngine } = await import("./wasm/engine.ts");
  return createWasmEngine({ numThreads: wanted });
}
