/** Buffers that are used again and again, where fresh ones would pile up until the next collection. @module */

/** At least so many bytes, with anything in them: the same memory at every call, grown when it must be. */
export type ScratchBuffer = (bytes: number) => ArrayBuffer;

/** Blocks of one matrix differ a little in size. */
const SLACK = 1.06;

/** A scratch that begins empty. */
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
