/** Reads the bytes of a pickle with bounds checks. @module */
import { AtlasmtlError } from "../../errors.ts";

/** Short strings repeat (labels, keys); the last ones are cached by hash, so that they are shared. */
const CACHE_SLOTS = 4096;
const MAX_CACHED_BYTES = 64;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** A cursor over `bytes`; every read is checked against the end. */
export class PickleReader {
  position = 0;
  private readonly view: DataView;
  private readonly cache: ({ start: number; length: number; text: string } | undefined)[] = [];

  constructor(readonly bytes: Uint8Array) {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** Advances by `length` bytes and returns their start. @throws BAD_FORMAT beyond the end. */
  skip(length: number): number {
    const start = this.position;
    if (length > this.bytes.length - start)
      throw new AtlasmtlError(
        "BAD_FORMAT",
        `the pickle ends too early: ${length} bytes are announced at byte ${start} and ` +
          `${this.bytes.length - start} are left`,
        { hint: "the file is truncated or damaged; copy it again from its source" },
      );
    this.position = start + length;
    return start;
  }

  u8(): number {
    return this.bytes[this.skip(1)];
  }

  u16(): number {
    return this.view.getUint16(this.skip(2), true);
  }

  u32(): number {
    return this.view.getUint32(this.skip(4), true);
  }

  i32(): number {
    return this.view.getInt32(this.skip(4), true);
  }

  /** Beyond 2^53 the value is not exact, but it is far beyond the size of any file. */
  u64(): number {
    return Number(this.view.getBigUint64(this.skip(8), true));
  }

  f64(): number {
    return this.view.getFloat64(this.skip(8), false);
  }

  /** A view, not a copy. */
  take(length: number): Uint8Array {
    const start = this.skip(length);
    return this.bytes.subarray(start, start + length);
  }

  /** One line of text, without its newline; one character per byte. */
  line(): string {
    const end = this.bytes.indexOf(0x0a, this.position);
    if (end < 0) this.skip(this.bytes.length);
    let text = "";
    for (let at = this.position; at < end; at++) text += String.fromCharCode(this.bytes[at]);
    this.position = end + 1;
    return text;
  }

  utf8(length: number): string {
    const start = this.skip(length);
    if (length > MAX_CACHED_BYTES) return this.decode(start, length);
    const bytes = this.bytes;
    let hash = length;
    for (let at = start; at < start + length; at++) hash = Math.imul(hash ^ bytes[at], 0x01000193);
    const slot = (hash ^ (hash >>> 15)) & (CACHE_SLOTS - 1);
    const cached = this.cache[slot];
    if (cached !== undefined && cached.length === length) {
      let i = 0;
      while (i < length && bytes[cached.start + i] === bytes[start + i]) i++;
      if (i === length) return cached.text;
    }
    const text = this.decode(start, length);
    this.cache[slot] = { start, length, text };
    return text;
  }

  private decode(start: number, length: number): string {
    try {
      return utf8.decode(this.bytes.subarray(start, start + length));
    } catch {
      throw new AtlasmtlError("BAD_FORMAT", `the text at byte ${start} of the pickle is not UTF-8`);
    }
  }
}
