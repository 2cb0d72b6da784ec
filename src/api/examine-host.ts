/** What this host lets the library do, for the command line's `doctor`. @module */

import { workingFilters as tryFilters } from "../formats/hdf5/try-filters.ts";
import { createEngine } from "../kernels/engine.ts";

/** The engine as it starts on this host. */
export interface EngineReport {
  /** `native` or `wasm`. */
  readonly name: string;
  /** Threads with `numThreads: "max"`. */
  readonly threads: number;
  /** Bytes that the engine may grow to with more than one thread; null if the host has no shared memory. */
  readonly sharedBytes: number | null;
}

/** Starts the engine with all threads. @throws UNSUPPORTED without WebAssembly SIMD. */
export async function examineEngine(): Promise<EngineReport> {
  const engine = await createEngine({ numThreads: "max" });
  try {
    return { name: engine.name, threads: engine.numThreads, sharedBytes: largestSharedMemory() };
  } finally {
    engine.dispose();
  }
}

/** What can be reserved, which a limit of address space makes less. */
function largestSharedMemory(): number | null {
  for (let pages = 65536; pages >= 1024; pages /= 2) {
    try {
      new WebAssembly.Memory({ initial: 1, maximum: pages, shared: true });
      return pages * 65536;
    } catch {
      // Try a smaller one.
    }
  }
  return null;
}

/** As {@link tryFilters}. */
export const workingFilters = tryFilters;
