/** Lets the event loop run during long computations, so that signals arrive and pages repaint. @module */
import { nextTurn } from "../../core/progress.ts";

const SLICE_MILLISECONDS = 40;

/** A function that yields to the event loop if 40 ms have passed since the last time. */
export function createPauser(): () => Promise<void> | undefined {
  let last = performance.now();
  return () => {
    if (performance.now() - last < SLICE_MILLISECONDS) return undefined;
    return nextTurn().then(() => {
      last = performance.now();
    });
  };
}
