/** The state of one engine of kernels. @module */
import type { Arena } from "./memory.ts";
import type { KernelExports } from "./module.ts";
import type { Pool } from "./pool.ts";

/** The state that trainers, networks and indices of one engine share. */
export interface Session {
  /** The kernels that are called outside jobs. */
  readonly kernels: Pick<KernelExports, "transposeAll" | "prepareReferences">;
  readonly arena: Arena;
  readonly pool: Pool;
}

/** The state of a WebAssembly engine, with all that its module exports. */
export interface WasmSession extends Session {
  readonly kernels: KernelExports;
}
