/** The interface of the native kernels (native/addon.c). @module */

/** An engine of the native kernels; opaque. */
export type NativeEngine = { readonly native: unique symbol };

/** What native/addon.c exports. Addresses are bytes from the start of the memory. */
export interface NativeAddon {
  /** The version of the package and a digest of the kernels' sources. */
  readonly version: string;
  /**
   * An engine of `threads` threads, the caller's included, over a memory that never moves. `width` of its vectors in bits; 0
   * for the widest. Null where the processor has none of this width.
   */
  create(memory: Uint8Array, threads: number, width: number): NativeEngine | null;
  width(engine: NativeEngine): number;
  numThreads(engine: NativeEngine): number;
  setPhase(engine: NativeEngine, phase: number, kind: number, argument: number, nTasks: number): void;
  startJob(engine: NativeEngine, nPhases: number): void;
  joinJob(engine: NativeEngine): void;
  transposeAll(engine: NativeEngine, network: number): void;
  prepareReferences(engine: NativeEngine, search: number, first: number, last: number): void;
  dispose(engine: NativeEngine): void;
}
