/**
 * Unpacks bzip2 as a stream, one block in memory at a time.
 *
 * Source: J. Tsai, "BZIP2: Format Specification" (2016).
 * @module
 */
import { AtlasmtlError } from "../../errors.ts";
import type { ByteCursor } from "../byte-cursor.ts";

/** Bytes of a block for each level, before its runs are expanded. */
const LEVEL_BYTES = 100_000;
const MAX_LEVEL = 9;
/** Symbols that one Huffman table codes before the next is chosen. */
const GROUP = 50;
const MAX_SELECTORS = 18_002;
const MAX_BITS = 20;
/** No block is longer: each of its bytes is at most one symbol; its tables take less than the rest. */
const packedBytes = (level: number): number => Math.ceil((level * LEVEL_BYTES * MAX_BITS) / 8) + (1 << 16);

const BLOCK = 0x314159265359;
const END = 0x177245385090;
const [RUN_A, RUN_B] = [0, 1];

const PIECE = 1 << 18;

const damaged = (what: string): AtlasmtlError =>
  new AtlasmtlError("BAD_FORMAT", `the bzip2 data are damaged: ${what}`, {
    hint: "copy the file again from its source",
  });

/** The content of the bzip2 streams that `cursor` reads to its end; a piece is valid until the next is asked for. @throws BAD_FORMAT */
export async function* unpackBzip2(cursor: ByteCursor): AsyncGenerator<Uint8Array, void> {
  const piece = new Uint8Array(PIECE);
  const ranks = new Uint32Array(MAX_LEVEL * LEVEL_BYTES);
  for (let isFirst = true; isFirst || (await cursor.upTo(1)) > 0; isFirst = false) {
    await cursor.need(4);
    const [b, z, h, digit] = cursor.bytes(4);
    const level = digit - 0x30;
    if (b !== 0x42 || z !== 0x5a || h !== 0x68 || level < 1 || level > MAX_LEVEL)
      throw damaged("a stream begins otherwise");
    let combined = 0;
    const bits = new Bits();
    for (;;) {
      const ready = await cursor.upTo(packedBytes(level));
      bits.begin(cursor.peek(ready));
      const kind = bits.read(24) * 2 ** 24 + bits.read(24);
      const declared = bits.read(16) * 2 ** 16 + bits.read(16);
      if (kind === END) {
        if (combined !== declared) throw damaged("its checksum is another");
        cursor.pass(bits.end(true));
        break;
      }
      if (kind !== BLOCK) throw damaged("no block follows where one should");
      const { length, start } = readBlock(bits, ranks.subarray(0, level * LEVEL_BYTES));
      cursor.pass(bits.end(false));
      const checksum = new Checksum();
      for (const size of expand(ranks, length, start, piece)) {
        const part = piece.subarray(0, size);
        checksum.add(part);
        yield part;
      }
      if (checksum.value !== declared) throw damaged("the checksum of a block is another");
      combined = ((combined << 1) | (combined >>> 31)) ^ checksum.value;
      combined >>>= 0;
    }
  }
}

/** Bits from the highest on, of bytes of which the last one read may be read again. */
class Bits {
  private bytes: Uint8Array = new Uint8Array(0);
  private at = 0;
  private held = 0;
  private count = 0;
  /** Bits of the first byte that belong to what was before. */
  private offset = 0;

  begin(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.at = 0;
    this.held = 0;
    this.count = 0;
    if (this.offset > 0) this.read(this.offset);
  }

  /** How many bytes are done with; `isAligned` also the one that was begun. @throws BAD_FORMAT if more was read than is there. */
  end(isAligned: boolean): number {
    const bits = 8 * this.at - this.count;
    if (bits > 8 * this.bytes.length) throw damaged("it ends early");
    this.offset = isAligned ? 0 : bits % 8;
    return isAligned ? Math.ceil(bits / 8) : Math.floor(bits / 8);
  }

  /** Up to 24 bits; 0 beyond the end. */
  read(n: number): number {
    const bits = this.peek(n);
    this.count -= n;
    return bits;
  }

  peek(n: number): number {
    while (this.count < n) {
      this.held = (this.held << 8) | this.bytes[this.at++];
      this.count += 8;
    }
    return (this.held >>> (this.count - n)) & ((1 << n) - 1);
  }

  pass(n: number): void {
    this.count -= n;
  }

  get isPastEnd(): boolean {
    return this.at > this.bytes.length + 8;
  }
}

/** Bits that the first table of a Huffman code looks up at once. */
const QUICK = 10;

/** A canonical Huffman code. */
class Code {
  /** Of each beginning: the symbol, and its bits from bit 9 on; 0 for a longer code. */
  private readonly quick = new Uint16Array(1 << QUICK);
  private readonly first = new Int32Array(MAX_BITS + 2);
  private readonly before = new Int32Array(MAX_BITS + 2);
  private readonly counts = new Int32Array(MAX_BITS + 2);
  private readonly symbols: Uint16Array;

  constructor(lengths: Uint8Array) {
    const { counts, first, before } = this;
    this.symbols = new Uint16Array(lengths.length);
    for (const length of lengths) counts[length]++;
    for (let bits = 1, code = 0, n = 0; bits <= MAX_BITS; bits++) {
      first[bits] = code;
      before[bits] = n;
      code = (code + counts[bits]) << 1;
      n += counts[bits];
      if (code > 2 ** (bits + 1)) throw damaged("a Huffman code has too many symbols");
    }
    const next = before.slice();
    for (const [symbol, bits] of lengths.entries()) {
      const place = next[bits]++;
      this.symbols[place] = symbol;
      if (bits > QUICK) continue;
      const from = (first[bits] + place - before[bits]) << (QUICK - bits);
      this.quick.fill((bits << 9) | symbol, from, from + (1 << (QUICK - bits)));
    }
  }

  next(bits: Bits): number {
    const found = this.quick[bits.peek(QUICK)];
    if (found !== 0) {
      bits.pass(found >>> 9);
      return found & 511;
    }
    for (let n = QUICK + 1; n <= MAX_BITS; n++) {
      const place = bits.peek(n) - this.first[n];
      if (place >= 0 && place < this.counts[n]) {
        bits.pass(n);
        return this.symbols[this.before[n] + place];
      }
    }
    throw damaged("bits are no Huffman code");
  }
}

/** Reads a block into `ranks`: in the lower byte each byte, above it the place of the one that follows it. */
function readBlock(bits: Bits, ranks: Uint32Array): { length: number; start: number } {
  if (bits.read(1) === 1) throw damaged("it is of a form that bzip2 has not written since 1999");
  const start = bits.read(24);
  const recent = readBytesInUse(bits);
  const nSymbols = recent.length + 2;
  const nCodes = bits.read(3);
  const nSelectors = bits.read(15);
  if (recent.length === 0 || nCodes < 2 || nCodes > 6 || nSelectors === 0)
    throw damaged("a block has no codes");
  const selectors = readSelectors(bits, nCodes, nSelectors);
  const codes = Array.from({ length: nCodes }, () => readCode(bits, nSymbols));
  const ends = new Uint32Array(257);
  const last = nSymbols - 1;
  let length = 0;
  let run = 0;
  let weight = 1;
  for (let group = 0; ; group++) {
    if (group >= selectors.length || bits.isPastEnd) throw damaged("a block does not end");
    const code = codes[selectors[group]];
    for (let i = 0; i < GROUP; i++) {
      const symbol = code.next(bits);
      if (symbol === RUN_A || symbol === RUN_B) {
        run += weight << symbol;
        weight <<= 1;
        if (run > ranks.length) throw damaged("a run is longer than a block");
        continue;
      }
      if (run > 0) {
        if (length + run > ranks.length) throw damaged("a block is too long");
        const byte = recent[0];
        ranks.fill(byte, length, length + run);
        length += run;
        ends[byte + 1] += run;
        run = 0;
        weight = 1;
      }
      if (symbol === last) {
        if (start >= length) throw damaged("a block begins beyond its end");
        link(ranks, length, ends);
        return { length, start };
      }
      if (length >= ranks.length) throw damaged("a block is too long");
      const rank = symbol - 1;
      const byte = recent[rank];
      recent.copyWithin(1, 0, rank);
      recent[0] = byte;
      ranks[length++] = byte;
      ends[byte + 1]++;
    }
  }
}

/** The bytes that a block has, in order. */
function readBytesInUse(bits: Bits): Uint8Array {
  const used: number[] = [];
  const rows = bits.read(16);
  for (let row = 0; row < 16; row++) {
    if ((rows & (0x8000 >> row)) === 0) continue;
    const columns = bits.read(16);
    for (let column = 0; column < 16; column++)
      if ((columns & (0x8000 >> column)) !== 0) used.push(16 * row + column);
  }
  return Uint8Array.from(used);
}

/** Which code each group uses. Some programs declare more than a block can have, which are passed over. */
function readSelectors(bits: Bits, nCodes: number, nSelectors: number): Uint8Array {
  const recent = Uint8Array.from({ length: nCodes }, (_, i) => i);
  const selectors = new Uint8Array(Math.min(nSelectors, MAX_SELECTORS));
  for (let s = 0; s < nSelectors; s++) {
    let rank = 0;
    while (bits.read(1) === 1)
      if (++rank >= nCodes) throw damaged("a group chooses a code that is not there");
    const code = recent[rank];
    recent.copyWithin(1, 0, rank);
    recent[0] = code;
    if (s < selectors.length) selectors[s] = code;
  }
  return selectors;
}

function readCode(bits: Bits, nSymbols: number): Code {
  const lengths = new Uint8Array(nSymbols);
  let length = bits.read(5);
  for (let symbol = 0; symbol < nSymbols; symbol++) {
    while (bits.read(1) === 1) {
      length += bits.read(1) === 0 ? 1 : -1;
      if (length < 1 || length > MAX_BITS) break;
    }
    if (length < 1 || length > MAX_BITS) throw damaged(`a Huffman code of ${length} bits`);
    lengths[symbol] = length;
  }
  return new Code(lengths);
}

/** Inverts the Burrows-Wheeler transform; `ends` counts each byte one place later. */
function link(ranks: Uint32Array, length: number, ends: Uint32Array): void {
  for (let byte = 0; byte < 256; byte++) ends[byte + 1] += ends[byte];
  for (let i = 0; i < length; i++) ranks[ends[ranks[i] & 255]++] |= i << 8;
}

/** Follows the block, expands its runs into `piece`, and yields how many bytes are in it. */
function* expand(ranks: Uint32Array, length: number, start: number, piece: Uint8Array): Generator<number> {
  let at = ranks[start] >>> 8;
  let filled = 0;
  let previous = -1;
  let repeats = 0;
  for (let i = 0; i < length; i++) {
    const entry = ranks[at];
    const byte = entry & 255;
    at = entry >>> 8;
    if (repeats === 4) {
      repeats = 0;
      if (filled + byte > piece.length) {
        yield filled;
        filled = 0;
      }
      piece.fill(previous, filled, filled + byte);
      filled += byte;
      previous = -1;
      continue;
    }
    repeats = byte === previous ? repeats + 1 : 1;
    previous = byte;
    if (filled === piece.length) {
      yield filled;
      filled = 0;
    }
    piece[filled++] = byte;
  }
  if (filled > 0) yield filled;
}

const CHECKSUMS = Uint32Array.from({ length: 256 }, (_, byte) => {
  let c = byte << 24;
  for (let k = 0; k < 8; k++) c = c & 0x80000000 ? (c << 1) ^ 0x04c11db7 : c << 1;
  return c;
});

/** CRC-32 from the highest bit on. */
class Checksum {
  private crc = -1;

  add(bytes: Uint8Array): void {
    let { crc } = this;
    for (let i = 0; i < bytes.length; i++) crc = (crc << 8) ^ CHECKSUMS[(crc >>> 24) ^ bytes[i]];
    this.crc = crc;
  }

  get value(): number {
    return ~this.crc >>> 0;
  }
}
