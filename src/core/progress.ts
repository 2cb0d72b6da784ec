/** How long work reports on itself and is stopped. @module */
import { AtlasmtlError } from "../errors.ts";

/** One report: `done` of `total` units (cells, batches, epochs) of the named `phase`. */
export interface Progress {
  readonly phase: string;
  readonly done: number;
  readonly total: number;
  /** Numbers worth showing beside the bar, such as the losses of an epoch. */
  readonly figures?: Readonly<Record<string, number>>;
}

/** Options that every long-running call takes. */
export interface WorkOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Stops work whose caller gave up. @throws ABORTED once the signal is set. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true)
    throw new AtlasmtlError("ABORTED", "The work was stopped by its caller.", { cause: signal.reason });
}

const { setImmediate: immediate } = globalThis as { setImmediate?: (work: () => void) => unknown };

/** Gives the event loop a turn: timers, signals and pages get theirs. A timer of 0 costs a millisecond or more. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (immediate === undefined) setTimeout(resolve, 0);
    else immediate(resolve);
  });
}
