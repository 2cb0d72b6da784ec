/** Reusable buffers: new ones would accumulate until the next garbage collection. @module */

/**
 * Returns at least so many bytes with arbitrary content: the same memory at every call, enlarged if
 * necessary.
 */
export type ScratchBuffer = (bytes: number) => ArrayBuffer;

/** Blocks of one matrix differ slightly in size. */
const SLACK = 1.06;

/** Makes an empty scratch buffer. */
export function createScratchBuffer(): ScratchBuffer {
  let held = new ArrayBuffer(0);
  return (bytes) => {
    if (held.byteLength < bytes) {
      held = new ArrayBuffer(0); // frees the old one first
      held = new ArrayBuffer(Math.ceil(bytes * SLACK));
    }
    return held;
  };
}
