/**
 * Gzip for whole files in memory, with bounds.
 *
 * Source: RFC 1952. Several consecutive members are read as one, as in Python's gzip.
 * @module
 */
import { Gunzip, Gzip } from "fflate";
import { MAX_DEFLATE_RATIO, maxInflatedBytes } from "../../core/limits.ts";
import { AtlasmtlError } from "../../errors.ts";
import { crc32 } from "./crc32.ts";

/** Compressed bytes passed to the decoder at once, so that a bomb is noticed early. */
const CHUNK_BYTES = 1 << 13;

/** True if `bytes` begin with gzip's two magic bytes. */
export function isGzip(bytes: Uint8Array): boolean {
  return bytes.length >= 2 && bytes[0] === 0x1f && bytes[1] === 0x8b;
}

/**
 * The content of a file that may be compressed, told by its first two bytes. It may not expand beyond `maxBytes`, by
 * default what an honest file of its size can.
 * @throws as {@link gunzip}.
 */
export function plainBytes(bytes: Uint8Array, maxBytes = maxInflatedBytes(bytes.length)): Uint8Array {
  return isGzip(bytes) ? gunzip(bytes, { maxBytes }) : bytes;
}

export interface GunzipOptions {
  /** The most bytes the content may have: `maxInflatedBytes` of the file's own size, or a bound that is known. */
  readonly maxBytes: number;
}

/**
 * Decompresses a gzip file and checks its length and CRC-32.
 * @throws BAD_FORMAT for a truncated or damaged file; LIMIT when it expands beyond `maxBytes`.
 */
export function gunzip(bytes: Uint8Array, { maxBytes }: GunzipOptions): Uint8Array {
  const output = new Output(bytes, maxBytes);
  const decoder = new Gunzip((chunk) => output.add(chunk));
  let memberStart = 0;
  decoder.onmember = (offset) => {
    output.endMember(readTrailer(bytes, offset));
    memberStart = offset;
  };
  try {
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES)
      decoder.push(bytes.subarray(at, at + CHUNK_BYTES), at + CHUNK_BYTES >= bytes.length);
  } catch (cause) {
    if (cause instanceof AtlasmtlError) throw cause;
    throw damaged("the gzip data is damaged or truncated", cause);
  }
  if (bytes.length < memberStart + 18) throw damaged("the gzip data is truncated");
  output.endMember(readTrailer(bytes, bytes.length));
  return output.content();
}

const damaged = (message: string, cause?: unknown): AtlasmtlError =>
  new AtlasmtlError("BAD_FORMAT", message, { hint: "copy the file again from its source", cause });

interface Trailer {
  readonly crc: number;
  readonly length: number;
}

/** The eight bytes before `end`: CRC-32 and length modulo 2^32. */
function readTrailer(bytes: Uint8Array, end: number): Trailer {
  if (end < 18) throw damaged("the gzip data is truncated");
  const view = new DataView(bytes.buffer, bytes.byteOffset + end - 8, 8);
  return { crc: view.getUint32(0, true), length: view.getUint32(4, true) };
}

/** Collects the content in one buffer, of the size that the file declares if possible. */
class Output {
  private buffer: Uint8Array;
  private length = 0;
  private memberStart = 0;

  constructor(
    compressed: Uint8Array,
    private readonly maxBytes: number,
  ) {
    const declared = compressed.length < 18 ? 0 : readTrailer(compressed, compressed.length).length;
    this.buffer = new Uint8Array(Math.min(declared, maxBytes, compressed.length * MAX_DEFLATE_RATIO));
  }

  add(chunk: Uint8Array): void {
    const length = this.length + chunk.length;
    if (length > this.maxBytes)
      throw new AtlasmtlError("LIMIT", `the gzip data expands beyond ${this.maxBytes} bytes`);
    if (length > this.buffer.length) {
      const larger = new Uint8Array(Math.min(Math.max(length, this.buffer.length * 2), this.maxBytes));
      larger.set(this.buffer.subarray(0, this.length));
      this.buffer = larger;
    }
    this.buffer.set(chunk, this.length);
    this.length = length;
  }

  endMember(trailer: Trailer): void {
    const content = this.buffer.subarray(this.memberStart, this.length);
    const found = crc32(content);
    if (found !== trailer.crc || content.length % 2 ** 32 !== trailer.length)
      throw damaged(
        `the gzip data holds ${content.length} bytes with CRC-32 ${found.toString(16)}; ` +
          `${trailer.length} with ${trailer.crc.toString(16)} are declared`,
      );
    this.memberStart = this.length;
  }

  content(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }
}

/** Compresses pieces as one gzip file without a name or time; the same bytes give the same file. */
export function emitGzip(pieces: readonly Uint8Array[]): readonly Uint8Array[] {
  const out: Uint8Array[] = [];
  const encoder = new Gzip({ level: 6, mtime: 0 }, (chunk) => out.push(chunk));
  for (const piece of pieces)
    for (let at = 0; at < piece.length; at += CHUNK_BYTES) encoder.push(piece.subarray(at, at + CHUNK_BYTES));
  encoder.push(new Uint8Array(), true);
  return out;
}
