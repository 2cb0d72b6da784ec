/** The context that the program passes to a command. @module */
import type { CommonOptions, Output } from "./terminal/print.ts";

export interface CommandContext {
  readonly common: CommonOptions;
  readonly output: Output;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** The words after `atlasmtl`, as given. */
  readonly argv: readonly string[];
  readonly startedAt: Date;
}

/** The root of the package, beside which `dist` and `src` lie. */
export const packageRoot = new URL("../../", import.meta.url);
