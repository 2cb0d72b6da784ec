/** The WebAssembly engine: SIMD always, threads where the host has shared memory. @module */
import { platform } from "#platform";
import { AtlasmtlError } from "../../errors.ts";
import type { Engine } from "../types.ts";
import { createInference } from "./inference.ts";
import { createKnnIndex } from "./knn.ts";
import { createArena } from "./memory.ts";
import { compileKernels, instantiateKernels } from "./module.ts";
import { createPool } from "./pool.ts";
import type { Session, WasmSession } from "./session.ts";
import { createTrainer } from "./trainer.ts";

export interface WasmEngineOptions {
  /** Threads including the caller's, 1 to 64. Results do not depend on it. Default 1. */
  readonly numThreads?: number;
  /** Whether to use shared memory; default: when there is more than one thread and the host has it. */
  readonly sharedMemory?: boolean;
}

/** An engine with access to its session, for tests and benchmarks. */
export interface SessionEngine extends Engine {
  readonly session: Session;
}

/**
 * Starts the engine. Other threads start in the background and take part once they run.
 * @throws USAGE for a number of threads out of range; UNSUPPORTED without WebAssembly SIMD.
 */
export async function createWasmEngine(
  options: WasmEngineOptions = {},
): Promise<SessionEngine & { readonly session: WasmSession }> {
  const numThreads = threadCount(options.numThreads);
  const shared = (options.sharedMemory ?? numThreads > 1) && platform.threads.available;
  const module = await compileKernels(shared);
  const arena = createArena(createMemory(shared));
  const kernels = await instantiateKernels(module, arena.memory);
  const pool = createPool(kernels, arena, shared ? module : null, numThreads);
  const session = { kernels, arena, pool };
  return { ...sessionEngine("wasm", session), session };
}

/** @throws USAGE for a number of threads out of range. */
export function threadCount(numThreads = 1): number {
  if (!Number.isInteger(numThreads) || numThreads < 1 || numThreads > 64)
    throw new AtlasmtlError("USAGE", `the number of threads is ${numThreads}, expected 1 to 64`);
  return numThreads;
}

/** The engine whose work the kernels and the threads of `session` do. */
export function sessionEngine(name: string, session: Session): SessionEngine {
  const { pool } = session;
  return {
    name,
    numThreads: pool.numThreads,
    session,
    createTrainer: async (trainer) => createTrainer(session, trainer),
    createInference: async (shape, weights) => createInference(session, shape, weights),
    createKnnIndex: async (reference) => createKnnIndex(session, reference),
    dispose: () => pool.dispose(),
  };
}

/** A memory that may grow to 4 GiB; a host that cannot reserve so much for sharing gets less. */
export function createMemory(shared: boolean): WebAssembly.Memory {
  if (!shared) return new WebAssembly.Memory({ initial: 1, maximum: 65536 });
  for (const maximum of [65536, 32768, 16384]) {
    try {
      return new WebAssembly.Memory({ initial: 1, maximum, shared: true });
    } catch {
      // Try a smaller reservation.
    }
  }
  throw new AtlasmtlError("LIMIT", "this host grants no shared memory", {
    hint: "use one thread",
    subject: "environment",
  });
}
