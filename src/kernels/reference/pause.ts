/** Long computations let the host breathe: signals arrive, pages repaint. @module */
import { nextTurn } from "../../core/progress.ts";

const SLICE_MILLISECONDS = 40;

/** A function that gives the event loop a turn when 40 ms have passed since the last one. */
export function createPauser(): () => Promise<void> | undefined {
  let last = performance.now();
  return () => {
    if (performance.now() - last < SLICE_MILLISECONDS) return undefined;
    return nextTurn().then(() => {
      last = performance.now();
    });
  };
}
