/** Takes pieces one by one, so that a stop is heard meanwhile. */

const SLICE_MS = 40;

/** All of `pieces`. @throws the signal's reason. */
export async function inTurns<T>(pieces: Iterable<T>, signal: AbortSignal | undefined): Promise<T[]> {
  const taken: T[] = [];
  let last = performance.now();
  for (const piece of pieces) {
    taken.push(piece);
    if (performance.now() - last < SLICE_MS) continue;
    await new Promise((resolve) => setTimeout(resolve, 0));
    signal?.throwIfAborted();
    last = performance.now();
  }
  return taken;
}
