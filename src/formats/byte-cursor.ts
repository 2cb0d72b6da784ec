/** Reads a stream of bytes from front to back. @module */
import { AtlasmtlError } from "../errors.ts";

/** Bytes that come one piece after the other. */
export interface ByteFlow {
  /** The next piece; null at the end. */
  next(): Promise<Uint8Array | null>;
  /** Leaves out up to `count` bytes without reading them, if it can; returns how many. */
  skip(count: number): number;
  close(): Promise<void>;
}

/** A position in a {@link ByteFlow}; the methods that read numbers need their bytes, see {@link ByteCursor.need}. */
export class ByteCursor {
  private window = new Uint8Array(1 << 16);
  private view = new DataView(this.window.buffer);
  /** The bytes of `window` from `at` to `end` are next; those from `kept` on are kept for {@link take}. */
  private at = 0;
  private end = 0;
  private kept = -1;
  private keepAtMost = 0;
  /** Where the window begins in the flow. */
  private base = 0;
  isLittleEndian = false;

  constructor(private readonly flow: ByteFlow) {}

  /** The bytes before this one were read or skipped. */
  get position(): number {
    return this.base + this.at;
  }

  has(count: number): boolean {
    return this.end - this.at >= count;
  }

  /** Makes the next `count` bytes ready. @throws BAD_FORMAT if there are fewer. */
  async need(count: number): Promise<void> {
    while (!this.has(count)) {
      const piece = await this.flow.next();
      if (piece === null) throw endsEarly();
      this.append(piece);
    }
  }

  /** Makes up to `count` bytes ready; returns how many are, fewer only at the end. */
  async upTo(count: number): Promise<number> {
    while (!this.has(count)) {
      const piece = await this.flow.next();
      if (piece === null) return this.end - this.at;
      this.append(piece);
    }
    return count;
  }

  /** Bytes that are ready, without passing over them. */
  peek(count: number): Uint8Array {
    return this.window.subarray(this.at, this.at + count);
  }

  i32(): number {
    this.at += 4;
    return this.view.getInt32(this.at - 4, this.isLittleEndian);
  }

  bytes(count: number): Uint8Array {
    this.at += count;
    return this.window.subarray(this.at - count, this.at);
  }

  /** Passes over bytes that are ready. */
  pass(count: number): void {
    this.at += count;
  }

  /** Passes over `count` bytes. @throws BAD_FORMAT if there are fewer. */
  async skip(count: number): Promise<void> {
    if (this.kept >= 0 && this.at - this.kept + count > this.keepAtMost) this.kept = -1;
    if (this.has(count) || this.kept >= 0) {
      await this.need(count);
      this.at += count;
      return;
    }
    let left = count - (this.end - this.at);
    this.forget();
    const skipped = this.flow.skip(left);
    this.base += skipped;
    left -= skipped;
    while (left > 0) {
      const piece = await this.flow.next();
      if (piece === null) throw endsEarly();
      const passed = Math.min(left, piece.length);
      this.base += passed;
      left -= passed;
      if (passed < piece.length) this.append(piece.subarray(passed));
    }
  }

  /** Copies the next bytes into `target`. @throws BAD_FORMAT if there are fewer. */
  async read(target: Uint8Array): Promise<void> {
    let filled = Math.min(target.length, this.end - this.at);
    target.set(this.window.subarray(this.at, this.at + filled));
    this.at += filled;
    if (filled === target.length) return;
    this.forget();
    while (filled < target.length) {
      const piece = await this.flow.next();
      if (piece === null) throw endsEarly();
      const wanted = Math.min(target.length - filled, piece.length);
      target.set(piece.subarray(0, wanted), filled);
      filled += wanted;
      this.base += wanted;
      if (wanted < piece.length) this.append(piece.subarray(wanted));
    }
  }

  /** Keeps the bytes from here on for {@link take}, as long as they are `atMost`. */
  keep(atMost: number): void {
    this.kept = this.at;
    this.keepAtMost = atMost;
  }

  /** The bytes since {@link keep}, valid until the next are needed; null if they were more than it allows. */
  take(): Uint8Array | null {
    const bytes = this.kept < 0 ? null : this.window.subarray(this.kept, this.at);
    this.kept = -1;
    return bytes;
  }

  /** Reads to the end, so that a decoder checks its checksum. */
  async finish(): Promise<void> {
    this.forget();
    for (let piece = await this.flow.next(); piece !== null; piece = await this.flow.next())
      this.base += piece.length;
  }

  close(): Promise<void> {
    return this.flow.close();
  }

  /** Drops what is in the window, as if it was passed over. */
  private forget(): void {
    this.base += this.end;
    this.at = 0;
    this.end = 0;
    this.kept = -1;
  }

  private append(piece: Uint8Array): void {
    if (this.kept >= 0 && this.end - this.kept > this.keepAtMost) this.kept = -1;
    if (this.end + piece.length > this.window.length) {
      const from = this.kept >= 0 ? this.kept : this.at;
      const size = this.end - from + piece.length;
      const next = size <= this.window.length ? this.window : new Uint8Array(2 * size);
      next.set(this.window.subarray(from, this.end));
      this.base += from;
      this.at -= from;
      this.end -= from;
      if (this.kept >= 0) this.kept = 0;
      if (next !== this.window) {
        this.window = next;
        this.view = new DataView(next.buffer);
      }
    }
    this.window.set(piece, this.end);
    this.end += piece.length;
  }
}

const endsEarly = (): AtlasmtlError =>
  new AtlasmtlError("BAD_FORMAT", "the data end early", {
    hint: "the file is cut off: copy it again from its source",
  });
