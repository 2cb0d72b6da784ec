/** The state of one WebAssembly engine. @module */
import type { Arena } from "./memory.ts";
import type { KernelExports } from "./module.ts";
import type { Pool } from "./pool.ts";

/** The state that trainers, networks and indices of one engine share. */
export interface Session {
  readonly kernels: KernelExports;
  readonly arena: Arena;
  readonly pool: Pool;
}
