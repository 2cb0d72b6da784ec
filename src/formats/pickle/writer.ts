/** Collects output in pieces, with the frames of protocol 4. @module */
import { OP } from "./opcodes.ts";

/** CPython's frame size; larger payloads are written outside frames and are not copied. */
export const FRAME_BYTES = 64 * 1024;

const utf8 = new TextEncoder();

/** Collects bytes; large payloads are kept as views. */
export class PieceWriter {
  private readonly pieces: Uint8Array[] = [];
  private buffer = new Uint8Array(2 * FRAME_BYTES);
  private readonly view = new DataView(new ArrayBuffer(8));
  private length = 0;

  /** Whether finished parts are framed (protocol 4 and later). */
  constructor(private readonly framed: boolean) {}

  byte(value: number): void {
    this.reserve(1);
    this.buffer[this.length++] = value;
  }

  /** An opcode and `count` little-endian bytes of an unsigned `value`. */
  uint(op: number, value: number, count: number): void {
    this.reserve(count + 1);
    this.buffer[this.length++] = op;
    for (let i = 0; i < count; i++) {
      this.buffer[this.length++] = value % 256;
      value = Math.floor(value / 256);
    }
  }

  int32(op: number, value: number): void {
    this.uint(op, value >>> 0, 4);
  }

  float64(op: number, value: number): void {
    this.view.setFloat64(0, value, false);
    this.byte(op);
    for (let i = 0; i < 8; i++) this.byte(this.view.getUint8(i));
  }

  bytes(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** `header` writes the opcode and length of `payload`; a large payload is not copied. */
  payload(payload: Uint8Array, header: () => void): void {
    if (payload.length < FRAME_BYTES) {
      header();
      this.bytes(payload);
      return;
    }
    this.flush(this.framed);
    header();
    this.flush(false);
    this.pieces.push(payload);
  }

  /** Ends a full frame; called between opcodes. */
  endOpcode(): void {
    if (this.length >= FRAME_BYTES) this.flush(this.framed);
  }

  finish(): readonly Uint8Array[] {
    this.flush(this.framed);
    return this.pieces;
  }

  /** Bytes that must not be in a frame, such as the protocol header. */
  flushUnframed(): void {
    this.flush(false);
  }

  private flush(framed: boolean): void {
    if (this.length === 0) return;
    const content = this.buffer.slice(0, this.length);
    if (framed && content.length >= 4) {
      this.length = 0;
      this.uint(OP.FRAME, content.length, 8);
      this.pieces.push(this.buffer.slice(0, this.length));
    }
    this.pieces.push(content);
    this.length = 0;
  }

  private reserve(count: number): void {
    if (this.length + count <= this.buffer.length) return;
    const larger = new Uint8Array(Math.max(this.buffer.length * 2, this.length + count));
    larger.set(this.buffer.subarray(0, this.length));
    this.buffer = larger;
  }
}

/** UTF-8 bytes. */
export const encodeUtf8 = (text: string): Uint8Array => utf8.encode(text);
