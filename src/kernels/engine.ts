/** Chooses the engine. @module */
import type { EngineChoice } from "../schema/engines.ts";
import type { Engine } from "./types.ts";

export interface EngineOptions {
  /** Threads to use, or `max` for all the host has (default 1). Results do not depend on it. */
  readonly numThreads?: number | "max" | null | undefined;
  /** Which engine; default `auto`. */
  readonly engine?: EngineChoice | null | undefined;
}

/**
 * The engine for this host. Dispose of it when done.
 * @throws USAGE for a number of threads out of range; UNSUPPORTED where WebAssembly lacks SIMD, and for the native engine
 * where it is not there.
 */
export async function createEngine(options: EngineOptions = {}): Promise<Engine> {
  // Loaded on first use: a page looks at its files before it needs an engine.
  const { startEngine } = await import("./start-engine.ts");
  return startEngine(options.numThreads ?? 1, options.engine ?? "auto");
}
