/**
 * The one WebAssembly memory of an engine. JavaScript allocates all buffers; the kernels never allocate.
 * @module
 */
import { AtlasmtlError } from "../../errors.ts";
import { ARENA_START } from "./structs.ts";

const PAGE = 65536;
const ALIGNMENT = 64;
/** The address range of 32 bits, without the last page. */
const MAX_BYTES = 65535 * PAGE;

/** A piece of the arena, zero-filled when it was allocated. */
export interface Region {
  readonly address: number;
  readonly bytes: number;
}

/** Views of the whole memory; index by byte address divided by the element's size. */
export interface Views {
  readonly u8: Uint8Array;
  readonly u32: Uint32Array;
  readonly i32: Int32Array;
  readonly f32: Float32Array;
  readonly f64: Float64Array;
}

/** The memory, its free pieces and current views of it. */
export interface Arena {
  readonly memory: WebAssembly.Memory;
  /** Views of the current memory; get new ones after any allocation. */
  views(): Views;
  /** @throws LIMIT with the estimate when the memory cannot hold `bytes` more for `what`. */
  allocate(bytes: number, what: string): Region;
  release(region: Region): void;
}

export function createArena(memory: WebAssembly.Memory): Arena {
  let current: Views | null = null;
  let top = ARENA_START;
  /** The memory above was never used: it is zero, and the system assigns it when it is first written. */
  let highest = ARENA_START;
  let free: Region[] = [];

  function views(): Views {
    const buffer = memory.buffer;
    if (current === null || current.u8.buffer !== buffer)
      current = {
        u8: new Uint8Array(buffer),
        u32: new Uint32Array(buffer),
        i32: new Int32Array(buffer),
        f32: new Float32Array(buffer),
        f64: new Float64Array(buffer),
      };
    return current;
  }

  function growTo(end: number): void {
    const missing = Math.ceil((end - memory.buffer.byteLength) / PAGE);
    if (missing > 0) memory.grow(missing);
  }

  return {
    memory,
    views,
    allocate(bytes, what) {
      const size = Math.ceil(Math.max(bytes, 1) / ALIGNMENT) * ALIGNMENT;
      const found = free.find((region) => region.bytes >= size);
      if (found !== undefined) {
        free = free.filter((region) => region !== found);
        if (found.bytes > size) free.push({ address: found.address + size, bytes: found.bytes - size });
        views().u8.fill(0, found.address, found.address + size);
        return { address: found.address, bytes: size };
      }
      if (top + size > MAX_BYTES) throw tooLarge(what, size, top - ARENA_START);
      try {
        growTo(top + size);
      } catch (cause) {
        throw new AtlasmtlError(
          "LIMIT",
          `${what} needs ${mebibytes(size)} and this host grants no more memory`,
          {
            hint: "use a smaller batch size or network, or fewer genes",
            subject: "environment",
            cause,
          },
        );
      }
      const region = { address: top, bytes: size };
      if (top < highest) views().u8.fill(0, top, Math.min(top + size, highest));
      top += size;
      highest = Math.max(highest, top);
      return region;
    },
    release(region) {
      free.push(region);
      free.sort((a, b) => a.address - b.address);
      const merged: Region[] = [];
      for (const piece of free) {
        const last = merged.at(-1);
        if (last !== undefined && last.address + last.bytes === piece.address)
          merged[merged.length - 1] = { address: last.address, bytes: last.bytes + piece.bytes };
        else merged.push(piece);
      }
      const last = merged.at(-1);
      if (last !== undefined && last.address + last.bytes === top) {
        top = last.address;
        merged.pop();
      }
      free = merged;
    },
  };
}

function tooLarge(what: string, bytes: number, used: number): AtlasmtlError {
  const beside = used === 0 ? "" : ` beside ${mebibytes(used)} in use`;
  return new AtlasmtlError(
    "LIMIT",
    `${what} needs ${mebibytes(bytes)}${beside}; at most ${mebibytes(MAX_BYTES - ARENA_START)} can be addressed`,
    { hint: "use a smaller batch size or network, or fewer genes" },
  );
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / 1048576).toLocaleString("en-US")} MiB`;
}

/** Adds up what something needs before any of it is allocated; offsets are aligned and count from 0. */
export interface Plan {
  /** The offset of `bytes` more. */
  reserve(bytes: number): number;
  readonly bytes: number;
}

export function createPlan(): Plan {
  let bytes = 0;
  return {
    reserve(size) {
      const offset = bytes;
      bytes += Math.ceil(size / ALIGNMENT) * ALIGNMENT;
      return offset;
    },
    get bytes() {
      return bytes;
    },
  };
}

/** The 16 shuffles of assembly/compact.ts: pattern m moves the lanes of mask m to the front. */
export function compactTable(): Uint8Array {
  const table = new Uint8Array(256).fill(0x80);
  for (let mask = 0; mask < 16; mask++) {
    let to = 0;
    for (let lane = 0; lane < 4; lane++)
      if (mask & (1 << lane)) {
        for (let byte = 0; byte < 4; byte++) table[mask * 16 + to * 4 + byte] = lane * 4 + byte;
        to++;
      }
  }
  return table;
}
