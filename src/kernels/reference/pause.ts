/** Long computations let the host breathe: signals arrive, pages repaint. @module */

const SLICE_MILLISECONDS = 40;

/** A function that gives the event loop a turn when 40 ms have passed since the last one. */
export function createPauser(): () => Promise<void> | undefined {
  let last = performance.now();
  return () => {
    if (performance.now() - last < SLICE_MILLISECONDS) return undefined;
    return new Promise((resolve) => {
      setTimeout(() => {
        last = performance.now();
        resolve();
      }, 0);
    });
  };
}
