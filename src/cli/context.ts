/** The context that the program passes to a command. @module */
import type { GivenConfig } from "./options/given-config.ts";
import type { CommonOptions, Output } from "./terminal/print.ts";
import type { CommandWords } from "./terminal/show-error.ts";

export interface CommandContext {
  readonly common: CommonOptions;
  readonly output: Output;
  /** How the command words an option. */
  readonly words: CommandWords;
  /** Aborted by Ctrl-C. */
  readonly signal: AbortSignal;
  /** The words after `atlasmtl`, as given. */
  readonly argv: readonly string[];
  readonly startedAt: Date;
  /** The config file of the call. */
  readonly config: GivenConfig | null;
}
