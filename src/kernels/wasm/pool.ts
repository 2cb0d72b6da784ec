/**
 * Threads over one shared memory. A job is a few phases of independent tasks which any thread may claim (see
 * assembly/pool.ts); the calling thread always takes part, so a pool works before its other threads are up and
 * when none can be had.
 * @module
 */
import { platform } from "#platform";
import type { HostThread } from "../../core/threads.ts";
import { AtlasmtlError } from "../../errors.ts";
import type { Arena } from "./memory.ts";
import type { KernelExports } from "./module.ts";
import { CONTROL } from "./structs.ts";

/** Kinds of tasks, as in assembly/pool.ts. */
export const TASK = { firstLayer: 0, laterLayers: 1, update: 2, search: 3, trap: 4 } as const;

/** `nTasks` independent tasks of one kind on one record; at most 65,535. */
export interface Phase {
  readonly kind: number;
  readonly argument: number;
  readonly nTasks: number;
}

export interface Pool {
  readonly numThreads: number;
  /** Starts the job in the other threads, after any earlier job is done. Call {@link join} for the results. */
  start(phases: readonly Phase[]): void;
  /** Takes part until the job is done. @throws BUG when a kernel failed in any thread. */
  join(): void;
  /** Resolves when all threads have started. */
  ready(): Promise<void>;
  dispose(): void;
}

/** The source of a worker, in JavaScript that runs on any host. */
const THREAD_BODY = `
function start({ module, memory, thread, control }, reply) {
  try {
    const { exports } = new WebAssembly.Instance(module, { env: { memory } });
    reply("ready");
    exports.workerLoop(thread);
  } catch (error) {
    const text = new TextEncoder().encode(String(error && error.stack || error)).slice(0, control.messageBytes);
    const words = new Int32Array(memory.buffer);
    new Uint8Array(memory.buffer).set(text, control.message + 4);
    Atomics.store(words, control.message / 4, text.length);
    Atomics.store(words, control.aborted / 4, 1);
    reply("failed");
  }
}
`;

/** A pool of `numThreads`, of which the caller is one. `module` is null for plain memory: one thread. */
export function createPool(
  kernels: KernelExports,
  arena: Arena,
  module: WebAssembly.Module | null,
  numThreads: number,
): Pool {
  const words = () => arena.views().i32;
  words()[CONTROL.firstMaySleep / 4] = platform.threads.maySleep ? 1 : 0;
  const threads: HostThread[] = [];
  const starting: Promise<void>[] = [];
  for (let thread = 1; module !== null && thread < numThreads; thread++) {
    const host = startThread();
    if (host === null) break;
    threads.push(host);
    starting.push(host.replied);
    host.post({ module, memory: arena.memory, thread, control: CONTROL });
  }
  let failure: AtlasmtlError | null = null;
  let disposed = false;
  let running = false;

  function fail(cause: unknown): AtlasmtlError {
    if (failure === null) {
      const said = threads.length > 0 ? failedThreadSaid(arena) : "";
      const reason = said || (cause instanceof Error ? cause.message : "unknown");
      failure = new AtlasmtlError("BUG", `a compute kernel failed: ${reason}`, { cause });
      Atomics.store(words(), CONTROL.aborted / 4, 1);
    }
    return failure;
  }

  function join(): void {
    if (!running) return;
    running = false;
    let finished = 0;
    try {
      finished = kernels.joinJob(0);
    } catch (cause) {
      throw fail(cause);
    }
    if (finished === 0) throw fail(undefined);
  }

  return {
    numThreads: threads.length + 1,
    join,
    start(phases) {
      if (disposed) throw new AtlasmtlError("USAGE", "this engine has been disposed of");
      if (failure !== null) throw failure;
      join();
      phases.forEach(({ kind, argument, nTasks }, i) => {
        if (nTasks > 0xffff) throw new AtlasmtlError("BUG", `${nTasks} tasks in one phase`);
        kernels.setPhase(i, kind, argument, nTasks);
      });
      running = true;
      kernels.startJob(phases.length);
    },
    async ready() {
      await Promise.all(starting);
    },
    dispose() {
      if (disposed) return;
      disposed = true;
      Atomics.store(words(), CONTROL.quit / 4, 1);
      if (threads.length > 0) Atomics.notify(words(), CONTROL.generation / 4);
      for (const thread of threads) thread.stop();
    },
  };
}

/** A thread, or null if the host refuses one; the pool then has fewer threads. */
function startThread(): HostThread | null {
  try {
    return platform.threads.start(THREAD_BODY);
  } catch {
    return null;
  }
}

function failedThreadSaid(arena: Arena): string {
  const { i32, u8 } = arena.views();
  const length = Atomics.load(i32, CONTROL.message / 4);
  return new TextDecoder().decode(u8.slice(CONTROL.message + 4, CONTROL.message + 4 + length));
}
