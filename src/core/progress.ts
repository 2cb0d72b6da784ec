/** Progress reports and cancellation of long work. @module */
import { AtlasmtlError } from "../errors.ts";

/** One report: `done` of `total` units (cells, batches, epochs) of the named `phase`. */
export interface Progress {
  readonly phase: string;
  /** Which part of the phase this is, such as `network 2 of 5`; `done` and `total` are of the whole. */
  readonly part?: string;
  readonly done: number;
  readonly total: number;
  /** Numbers to show beside the progress bar, such as the losses of an epoch. */
  readonly figures?: Readonly<Record<string, number>>;
}

/** Options that every long-running call takes. */
export interface WorkOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

/** Stops work that the caller has cancelled. @throws ABORTED once the signal is set. */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted === true)
    throw new AtlasmtlError("ABORTED", "the work was stopped by its caller", { cause: signal.reason });
}

const { setImmediate: immediate } = globalThis as { setImmediate?: (work: () => void) => unknown };

/**
 * Yields to the event loop, so that timers, signals and pages can run. (A timer of 0 would cost a millisecond
 * or more.)
 */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    if (immediate === undefined) setTimeout(resolve, 0);
    else immediate(resolve);
  });
}

/** Between two steps of long work: undefined, or a turn of the event loop to wait for. */
export type Pause = () => Promise<void> | undefined;

/** Work that nobody stops needs no turns. */
export const NO_PAUSE: Pause = () => undefined;

const SLICE_MILLISECONDS = 40;

/**
 * Yields to the event loop if 40 ms have passed since the last time, so that signals arrive and pages repaint during a long
 * computation. What is waited for throws ABORTED once the signal is set. Steps between two pauses take a few milliseconds.
 */
export function createPauser(signal?: AbortSignal): Pause {
  let last = performance.now();
  async function turn(): Promise<void> {
    await nextTurn();
    last = performance.now();
    throwIfAborted(signal);
  }
  return () => (performance.now() - last < SLICE_MILLISECONDS ? undefined : turn());
}
