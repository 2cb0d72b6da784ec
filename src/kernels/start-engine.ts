/** Starts the engine that was asked for. @module */
import { platform } from "#platform";
import { AtlasmtlError, isAtlasmtlError } from "../errors.ts";
import type { EngineChoice } from "../schema/engines.ts";
import { createNativeEngine } from "./native/engine.ts";
import type { Engine } from "./types.ts";
import { createWasmEngine } from "./wasm/engine.ts";

/** The largest number of threads for `max`; more threads find too few tasks in a step. */
const MAX_THREADS = 16;

/** As {@link createEngine} of engine.ts. */
export async function startEngine(threads: number | "max", choice: EngineChoice): Promise<Engine> {
  const numThreads = threads === "max" ? Math.min(platform.info.cpuCount, MAX_THREADS) : threads;
  if (choice === "reference") return (await import("./reference/engine.ts")).createReferenceEngine();
  const native = choice === "wasm" ? null : startNative(numThreads);
  if (native !== null) return native;
  if (choice === "native")
    throw new AtlasmtlError("UNSUPPORTED", "this host has no native engine for this version of atlasmtl", {
      hint: "leave the choice to auto: the WebAssembly engine gives the same results",
      subject: "environment",
    });
  return createWasmEngine({ numThreads });
}

/** The native engine; null where this host has none, or grants it no memory. */
function startNative(numThreads: number): Engine | null {
  const found = platform.native();
  if (found === null) return null;
  try {
    return createNativeEngine(found.addon, { numThreads, width: found.width });
  } catch (error) {
    if (isAtlasmtlError(error, "LIMIT")) return null;
    throw error;
  }
}
