/**
 * The decoder of LZMA, as chunks of LZMA2 use it.
 *
 * Source: I. Pavlov, "LZMA specification" (public domain), and the description of LZMA2 in "The .xz File Format".
 * @module
 */
import { AtlasmtlError } from "../../errors.ts";

/** Bits of a probability, and how fast it learns. */
const [PROBABILITY_BITS, SHIFT] = [11, 5];
const EVEN = 1 << (PROBABILITY_BITS - 1);
const TOP = 2 ** 24;

const STATES = 12;
const POSITIONS = 16;
/** Lengths: two choices, 16 × 8 short ones, 16 × 8 middle ones, 256 long ones. */
const LENGTHS = { middle: 2 + POSITIONS * 8, long: 2 + 2 * POSITIONS * 8, size: 2 + 2 * POSITIONS * 8 + 256 };
const SLOTS = 64;
const LITERAL = 0x300;

/** Where each kind of probability begins. */
const AT = (() => {
  let next = 0;
  const take = (size: number): number => {
    next += size;
    return next - size;
  };
  return {
    isMatch: take(STATES * POSITIONS),
    isRepeat: take(STATES),
    isOther: take(STATES),
    isSecond: take(STATES),
    isThird: take(STATES),
    isLong: take(STATES * POSITIONS),
    slots: take(4 * SLOTS),
    special: take(128),
    align: take(16),
    matchLength: take(LENGTHS.size),
    repeatLength: take(LENGTHS.size),
    literals: take(0),
  };
})();

const MAX_LITERAL_BITS = 4;

export const damaged = (what: string): AtlasmtlError =>
  new AtlasmtlError("BAD_FORMAT", `the xz data are damaged: ${what}`, {
    hint: "copy the file again from its source",
  });

/** Bytes that were unpacked, the last `size` of which later ones may repeat. */
export class Dictionary {
  bytes: Uint8Array;
  /** Where the next byte goes, and where the first one was since the last reset, which may have left. */
  at = 0;
  from = 0;

  /** `chunk`: the most bytes that are added between two calls of `reserve`. */
  constructor(
    private readonly size: number,
    private readonly chunk: number,
  ) {
    this.bytes = new Uint8Array(Math.min(size, chunk) + chunk);
  }

  /** Makes room for a chunk. Memory grows with what is unpacked, up to five quarters of the size. */
  reserve(count: number): void {
    if (this.at + count <= this.bytes.length) return;
    const kept = this.reach;
    const most = this.size + Math.max(this.chunk, this.size >>> 2);
    const next =
      this.bytes.length >= most ? this.bytes : new Uint8Array(Math.min(most, 2 * this.bytes.length));
    next.set(this.bytes.subarray(this.at - kept, this.at));
    this.bytes = next;
    this.from -= this.at - kept;
    this.at = kept;
  }

  reset(): void {
    this.from = this.at;
  }

  /** How far back a byte may be repeated. */
  get reach(): number {
    return Math.min(this.at - this.from, this.size);
  }
}

export class LzmaDecoder {
  private probabilities = new Uint16Array(0);
  private state = 0;
  /** The last four distances. */
  private first = 0;
  private second = 0;
  private third = 0;
  private fourth = 0;
  private literalContext = 0;
  private literalPosition = 0;
  private positionMask = 0;

  private input: Uint8Array = new Uint8Array(0);
  private next = 0;
  private range = 0;
  private code = 0;

  constructor(private readonly dictionary: Dictionary) {}

  /** Takes the settings of a chunk. @throws BAD_FORMAT */
  configure(properties: number): void {
    const context = properties % 9;
    const rest = Math.floor(properties / 9);
    const position = rest % 5;
    const positionBits = Math.floor(rest / 5);
    if (positionBits > 4 || context + position > MAX_LITERAL_BITS) throw damaged(`settings ${properties}`);
    this.literalContext = context;
    this.literalPosition = position;
    this.positionMask = (1 << positionBits) - 1;
    this.probabilities = new Uint16Array(AT.literals + (LITERAL << (context + position)));
  }

  reset(): void {
    this.state = 0;
    this.first = 0;
    this.second = 0;
    this.third = 0;
    this.fourth = 0;
    this.probabilities.fill(EVEN);
  }

  /** Adds exactly `length` bytes to the dictionary, of exactly these. @throws BAD_FORMAT */
  decode(input: Uint8Array, length: number): void {
    const { dictionary } = this;
    if (this.probabilities.length === 0 || input.length < 5) throw damaged("a chunk has no settings");
    this.input = input;
    this.next = 5;
    this.range = 0xffffffff;
    this.code = ((input[1] << 24) | (input[2] << 16) | (input[3] << 8) | input[4]) >>> 0;
    const end = dictionary.at + length;
    while (dictionary.at < end) {
      const position = (dictionary.at - dictionary.from) & this.positionMask;
      const { state } = this;
      if (this.bit(AT.isMatch + state * POSITIONS + position) === 0) this.literal();
      else if (this.bit(AT.isRepeat + state) === 0) this.match(position, end);
      else this.repeat(position, end);
    }
    if (this.next !== input.length || this.code !== 0) throw damaged("a chunk ends elsewhere");
  }

  private bit(index: number): number {
    const { probabilities } = this;
    const probability = probabilities[index];
    const bound = (this.range >>> PROBABILITY_BITS) * probability;
    let bit: number;
    if (this.code < bound) {
      this.range = bound;
      probabilities[index] = probability + (((1 << PROBABILITY_BITS) - probability) >> SHIFT);
      bit = 0;
    } else {
      this.range -= bound;
      this.code -= bound;
      probabilities[index] = probability - (probability >> SHIFT);
      bit = 1;
    }
    if (this.range < TOP) this.shift();
    return bit;
  }

  private shift(): void {
    this.range = (this.range << 8) >>> 0;
    this.code = ((this.code << 8) | this.input[this.next++]) >>> 0;
  }

  private tree(base: number, bits: number): number {
    let m = 1;
    for (let i = 0; i < bits; i++) m = (m << 1) | this.bit(base + m);
    return m - (1 << bits);
  }

  private reverseTree(base: number, bits: number): number {
    let m = 1;
    let value = 0;
    for (let i = 0; i < bits; i++) {
      const bit = this.bit(base + m);
      m = (m << 1) | bit;
      value |= bit << i;
    }
    return value;
  }

  private direct(bits: number): number {
    let value = 0;
    for (let i = 0; i < bits; i++) {
      this.range = this.range >>> 1;
      const bit = this.code >= this.range ? 1 : 0;
      if (bit === 1) this.code -= this.range;
      value = (value << 1) | bit;
      if (this.range < TOP) this.shift();
    }
    return value;
  }

  private literal(): void {
    const { dictionary, state } = this;
    const { bytes, at, from } = dictionary;
    const previous = at > from ? bytes[at - 1] : 0;
    const place = (at - from) & ((1 << this.literalPosition) - 1);
    const context = (place << this.literalContext) + (previous >>> (8 - this.literalContext));
    const base = AT.literals + LITERAL * context;
    let symbol = 1;
    if (state >= 7) {
      let expected = bytes[this.source()];
      while (symbol < 0x100) {
        const wanted = (expected >>> 7) & 1;
        expected <<= 1;
        const bit = this.bit(base + ((1 + wanted) << 8) + symbol);
        symbol = (symbol << 1) | bit;
        if (bit !== wanted) break;
      }
    }
    while (symbol < 0x100) symbol = (symbol << 1) | this.bit(base + symbol);
    bytes[dictionary.at++] = symbol;
    this.state = state < 4 ? 0 : state < 10 ? state - 3 : state - 6;
  }

  private match(position: number, end: number): void {
    const length = this.length(AT.matchLength, position);
    this.state = this.state < 7 ? 7 : 10;
    const slot = this.tree(AT.slots + SLOTS * Math.min(length - 2, 3), 6);
    let distance = slot;
    if (slot >= 4) {
      const bits = (slot >>> 1) - 1;
      distance = (2 | (slot & 1)) * 2 ** bits;
      if (slot < 14) distance += this.reverseTree(AT.special + distance - slot - 1, bits);
      else distance += this.direct(bits - 4) * 16 + this.reverseTree(AT.align, 4);
    }
    this.fourth = this.third;
    this.third = this.second;
    this.second = this.first;
    this.first = distance;
    this.copy(length, end);
  }

  private repeat(position: number, end: number): void {
    const { state, first } = this;
    if (this.bit(AT.isOther + state) === 0) {
      if (this.bit(AT.isLong + state * POSITIONS + position) === 0) {
        this.state = state < 7 ? 9 : 11;
        this.copy(1, end);
        return;
      }
    } else if (this.bit(AT.isSecond + state) === 0) {
      this.first = this.second;
      this.second = first;
    } else {
      if (this.bit(AT.isThird + state) === 0) this.first = this.third;
      else {
        this.first = this.fourth;
        this.fourth = this.third;
      }
      this.third = this.second;
      this.second = first;
    }
    const length = this.length(AT.repeatLength, position);
    this.state = state < 7 ? 8 : 11;
    this.copy(length, end);
  }

  private length(base: number, position: number): number {
    if (this.bit(base) === 0) return 2 + this.tree(base + 2 + 8 * position, 3);
    if (this.bit(base + 1) === 0) return 10 + this.tree(base + LENGTHS.middle + 8 * position, 3);
    return 18 + this.tree(base + LENGTHS.long, 8);
  }

  /** Where the byte lies that the next one would repeat. */
  private source(): number {
    const { dictionary, first } = this;
    if (first >= dictionary.reach) throw damaged("it repeats what is not there");
    return dictionary.at - first - 1;
  }

  private copy(length: number, end: number): void {
    const { dictionary } = this;
    let from = this.source();
    const to = dictionary.at + length;
    if (to > end) throw damaged("a chunk is longer than it says");
    const { bytes } = dictionary;
    for (let at = dictionary.at; at < to; ) bytes[at++] = bytes[from++];
    dictionary.at = to;
  }
}
