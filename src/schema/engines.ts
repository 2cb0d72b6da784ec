/** The engines that compute. @module */

/**
 * What may be asked for. `native`: compiled C, where the machine has it; `wasm`: WebAssembly, on every host; both give the
 * same bytes. `reference`: plain TypeScript, slow, to check the others. `auto`: `native` where it is there, else `wasm`.
 */
export const ENGINES = ["auto", "native", "wasm", "reference"] as const;
export type EngineChoice = (typeof ENGINES)[number];

/** What `--help` says of the choice. */
export const ENGINE_HELP = "what computes; native and wasm give the same results";
