/**
 * The native engine: the layout, the records and the checks of the WebAssembly engine, with the kernels of `native/` on the
 * same memory. Both give the same bytes.
 * @module
 */
import type { NativeAddon, NativeEngine } from "../../core/native.ts";
import { AtlasmtlError } from "../../errors.ts";
import { createMemory, type SessionEngine, sessionEngine, threadCount } from "../wasm/engine.ts";
import { createArena } from "../wasm/memory.ts";
import type { Pool } from "../wasm/pool.ts";

export interface NativeEngineOptions {
  /** Threads including the caller's, 1 to 64. Results do not depend on it. Default 1. */
  readonly numThreads?: number;
  /** Bits of a vector, 128, 256 or 512; default 0, the widest that the processor has. */
  readonly width?: number;
}

/**
 * Starts the engine; null where the processor has no vectors of the width.
 * @throws USAGE for a number of threads out of range; LIMIT without shared memory.
 */
export function createNativeEngine(
  addon: NativeAddon,
  options: NativeEngineOptions = {},
): SessionEngine | null {
  const numThreads = threadCount(options.numThreads);
  // Shared memory never moves when it grows.
  const arena = createArena(createMemory(true));
  const engine = addon.create(arena.views().u8, numThreads, options.width ?? 0);
  if (engine === null) return null;
  const kernels = {
    transposeAll: (network: number) => addon.transposeAll(engine, network),
    prepareReferences: (search: number, first: number, last: number) =>
      addon.prepareReferences(engine, search, first, last),
  };
  return sessionEngine("native", { kernels, arena, pool: createPool(addon, engine) });
}

function createPool(addon: NativeAddon, engine: NativeEngine): Pool {
  const numThreads = addon.numThreads(engine);
  let disposed = false;
  let running = false;
  function join(): void {
    if (!running) return;
    running = false;
    addon.joinJob(engine);
  }
  return {
    numThreads,
    join,
    start(phases) {
      if (disposed) throw new AtlasmtlError("USAGE", "this engine has been disposed of");
      join();
      phases.forEach(({ kind, argument, nTasks }, i) => {
        addon.setPhase(engine, i, kind, argument, nTasks);
      });
      running = true;
      addon.startJob(engine, phases.length);
    },
    ready: async () => {},
    dispose() {
      if (disposed) return;
      disposed = true;
      addon.dispose(engine);
    },
  };
}
