/** Keeps the bytes of vectors in memory within a budget. @module */
import type { HeldBytes } from "./types.ts";

/** A larger vector is read from the file when it is asked for. */
export const MAX_HELD_VECTOR = 1 << 24;

/** Bytes of all vectors in memory, and how many of them are for small ones alone. */
const MAX_HELD = 3 << 26;
const RESERVED = 1 << 26;

const SMALL = 1 << 16;
const BLOCK_BYTES = 1 << 18;

/** Vectors of so many bytes are always kept: sequences need them. */
const ALWAYS = 64;

export class HeldBytesPool {
  private left = MAX_HELD;
  private block = new Uint8Array(0);
  private used = 0;

  /** True if a vector of so many bytes is kept. */
  takes(byteLength: number): boolean {
    if (byteLength <= ALWAYS) return true;
    return byteLength <= MAX_HELD_VECTOR && byteLength <= this.left - (byteLength <= SMALL ? 0 : RESERVED);
  }

  /** Room for the bytes of a vector that {@link takes} accepts. */
  room(byteLength: number): HeldBytes {
    this.left -= byteLength;
    if (byteLength > SMALL) return { block: new Uint8Array(byteLength), from: 0 };
    if (this.used + byteLength > this.block.length) {
      this.block = new Uint8Array(BLOCK_BYTES);
      this.used = 0;
    }
    this.used += byteLength;
    return { block: this.block, from: this.used - byteLength };
  }
}
