/**
 * Unpacks xz as a stream.
 *
 * Source: Tukaani, "The .xz File Format", version 1.2.1.
 * @module
 */
import { MAX_XZ_DICTIONARY } from "../../core/limits.ts";
import { AtlasmtlError } from "../../errors.ts";
import type { ByteCursor } from "../byte-cursor.ts";
import { crc32 } from "./crc32.ts";
import { Crc64 } from "./crc64.ts";
import { Dictionary, damaged, LzmaDecoder } from "./lzma.ts";

const MAGIC = [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00];
const LZMA2 = 0x21;
/** Bytes of the checksum of each kind, of which some are checked and others are passed over. */
const CHECK_BYTES = [0, 4, 4, 4, 8, 8, 8, 16, 16, 16, 32, 32, 32, 64, 64, 64];
const CHECK = { crc32: 1, crc64: 4 } as const;

/** The most that a chunk of LZMA2 unpacks to. */
const CHUNK = 1 << 21;

/** The content of the xz streams that `cursor` reads to its end; a piece is valid until the next is asked for. @throws BAD_FORMAT, UNSUPPORTED, LIMIT */
export async function* unpackXz(cursor: ByteCursor): AsyncGenerator<Uint8Array, void> {
  for (let isFirst = true; isFirst || (await hasMore(cursor)); isFirst = false) {
    const check = await readHeader(cursor);
    let sums: Sums = { blocks: 0, packed: 0, unpacked: 0 };
    for (;;) {
      await cursor.need(1);
      const [size] = cursor.bytes(1);
      if (size === 0) break;
      sums = yield* readBlock(cursor, size, check, sums);
    }
    await readIndex(cursor, sums);
  }
}

/** Zeros may follow a stream, and other streams. */
async function hasMore(cursor: ByteCursor): Promise<boolean> {
  while ((await cursor.upTo(4)) > 0) {
    await cursor.need(4);
    if (cursor.peek(4).some((byte) => byte !== 0)) return true;
    cursor.pass(4);
  }
  return false;
}

/** The blocks of a stream, and their sizes together. */
interface Sums {
  readonly blocks: number;
  readonly packed: number;
  readonly unpacked: number;
}

/** The kind of its checksums. */
async function readHeader(cursor: ByteCursor): Promise<number> {
  await cursor.need(12);
  const header = cursor.bytes(12);
  if (MAGIC.some((byte, i) => header[i] !== byte)) throw damaged("a stream begins otherwise");
  const [first, check] = header.subarray(6);
  requireSum(header.subarray(6, 8), header.subarray(8));
  if (first !== 0 || check > 15) throw unsupported("of a form that is not known");
  return check;
}

function requireSum(bytes: Uint8Array, declared: Uint8Array): void {
  if (crc32(bytes) !== u32(declared, 0)) throw damaged("a checksum is another");
}

const u32 = (bytes: Uint8Array, at: number): number =>
  (bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24)) >>> 0;

const unsupported = (what: string): AtlasmtlError =>
  new AtlasmtlError("UNSUPPORTED", `the xz data are ${what}`, {
    hint: "unpack the file with xz -d, or compress it anew: xz FILE",
  });

async function* readBlock(
  cursor: ByteCursor,
  sizeByte: number,
  check: number,
  sums: Sums,
): AsyncGenerator<Uint8Array, Sums> {
  const start = cursor.position - 1;
  const { packed, unpacked, dictionarySize } = await readBlockHeader(cursor, sizeByte);
  const sum = new BlockSum(check);
  const dataStart = cursor.position;
  let length = 0;
  for await (const piece of readChunks(cursor, dictionarySize)) {
    sum.add(piece);
    length += piece.length;
    yield piece;
  }
  const dataBytes = cursor.position - dataStart;
  if ((packed ?? dataBytes) !== dataBytes || (unpacked ?? length) !== length)
    throw damaged("the size of a block is another");
  const padding = (4 - (dataBytes % 4)) % 4;
  const checkBytes = CHECK_BYTES[check];
  await cursor.need(padding + checkBytes);
  if (cursor.bytes(padding).some((byte) => byte !== 0)) throw damaged("a block does not end in zeros");
  if (!sum.is(cursor.bytes(checkBytes))) throw damaged("the checksum of a block is another");
  return {
    blocks: sums.blocks + 1,
    packed: sums.packed + cursor.position - start - padding,
    unpacked: sums.unpacked + length,
  };
}

async function readBlockHeader(
  cursor: ByteCursor,
  sizeByte: number,
): Promise<{ packed: number | null; unpacked: number | null; dictionarySize: number }> {
  const size = 4 * sizeByte + 4;
  await cursor.need(size - 1);
  const header = new Uint8Array(size);
  header[0] = sizeByte;
  header.set(cursor.bytes(size - 1), 1);
  requireSum(header.subarray(0, size - 4), header.subarray(size - 4));
  const fields = new Fields(header.subarray(2, size - 4));
  const flags = header[1];
  const packed = (flags & 0x40) === 0 ? null : fields.number();
  const unpacked = (flags & 0x80) === 0 ? null : fields.number();
  const [filter, length, properties] = [fields.number(), fields.number(), fields.byte()];
  if ((flags & 0x3f) !== 0 || filter !== LZMA2 || length !== 1)
    throw unsupported("made with a filter other than LZMA2");
  if (properties > 40) throw damaged("a dictionary has no size");
  const dictionarySize = (2 | (properties & 1)) * 2 ** (Math.floor(properties / 2) + 11);
  if (dictionarySize > MAX_XZ_DICTIONARY)
    throw new AtlasmtlError(
      "LIMIT",
      `the xz data need a dictionary of ${dictionarySize} bytes; at most ${MAX_XZ_DICTIONARY} are given`,
      { hint: "compress the file anew: xz -9 FILE" },
    );
  return { packed, unpacked, dictionarySize };
}

/** Bytes and numbers of a header. */
class Fields {
  private at = 0;
  constructor(private readonly bytes: Uint8Array) {}

  byte(): number {
    if (this.at >= this.bytes.length) throw damaged("a header ends early");
    return this.bytes[this.at++];
  }

  number(): number {
    let value = 0;
    for (let i = 0; i < 9; i++) {
      const byte = this.byte();
      value += (byte & 0x7f) * 2 ** (7 * i);
      if (byte < 0x80) return value;
    }
    throw damaged("a number is too long");
  }
}

async function* readChunks(cursor: ByteCursor, dictionarySize: number): AsyncGenerator<Uint8Array, void> {
  const dictionary = new Dictionary(dictionarySize, CHUNK);
  const decoder = new LzmaDecoder(dictionary);
  let [needsDictionary, needsState, needsSettings] = [true, true, true];
  for (;;) {
    await cursor.need(1);
    const [control] = cursor.bytes(1);
    if (control === 0) return;
    const isPacked = control >= 0x80;
    const reset = (control >>> 5) & 3;
    if (!isPacked && control > 2) throw damaged("a chunk is of no kind");
    const resetsDictionary = isPacked ? reset === 3 : control === 1;
    if (needsDictionary && !resetsDictionary) throw damaged("the first chunk goes on from another");
    needsDictionary = false;
    if (resetsDictionary) dictionary.reset();
    if (isPacked) {
      await cursor.need(4);
      const [a, b, c, d] = cursor.bytes(4);
      const length = ((control & 0x1f) << 16) + (a << 8) + b + 1;
      const packed = (c << 8) + d + 1;
      if (reset >= 2) {
        await cursor.need(1);
        decoder.configure(cursor.bytes(1)[0]);
        needsSettings = false;
      }
      if (reset >= 1) {
        decoder.reset();
        needsState = false;
      }
      if (needsSettings || needsState) throw damaged("a chunk goes on from none");
      await cursor.need(packed);
      dictionary.reserve(length);
      const from = dictionary.at;
      decoder.decode(cursor.bytes(packed), length);
      yield dictionary.bytes.subarray(from, dictionary.at);
    } else {
      await cursor.need(2);
      const [a, b] = cursor.bytes(2);
      const length = (a << 8) + b + 1;
      await cursor.need(length);
      dictionary.reserve(length);
      dictionary.bytes.set(cursor.bytes(length), dictionary.at);
      dictionary.at += length;
      yield dictionary.bytes.subarray(dictionary.at - length, dictionary.at);
    }
  }
}

/** The checksum of a block, as far as its kind is known here. */
class BlockSum {
  private crc = 0;
  private readonly crc64 = new Crc64();
  constructor(private readonly kind: number) {}

  add(bytes: Uint8Array): void {
    if (this.kind === CHECK.crc32) this.crc = crc32(bytes, this.crc);
    else if (this.kind === CHECK.crc64) this.crc64.add(bytes);
  }

  is(declared: Uint8Array): boolean {
    if (this.kind === CHECK.crc32) return this.crc === u32(declared, 0);
    if (this.kind !== CHECK.crc64) return true;
    const [low, high] = this.crc64.halves;
    return low === u32(declared, 0) && high === u32(declared, 4);
  }
}

/** The list of blocks after them, and the footer. @throws BAD_FORMAT if it is of other blocks */
async function readIndex(cursor: ByteCursor, sums: Sums): Promise<void> {
  const start = cursor.position - 1;
  let crc = crc32(Uint8Array.of(0));
  const number = async (): Promise<number> => {
    let value = 0;
    for (let i = 0; i < 9; i++) {
      await cursor.need(1);
      const byte = cursor.bytes(1);
      crc = crc32(byte, crc);
      value += (byte[0] & 0x7f) * 2 ** (7 * i);
      if (byte[0] < 0x80) return value;
    }
    throw damaged("a number is too long");
  };
  const blocks = await number();
  if (blocks !== sums.blocks) throw damaged(`it has ${sums.blocks} blocks and declares ${blocks}`);
  let [packed, unpacked] = [0, 0];
  for (let i = 0; i < blocks; i++) {
    packed += await number();
    unpacked += await number();
  }
  if (packed !== sums.packed || unpacked !== sums.unpacked) throw damaged("its blocks have other sizes");
  const padding = (4 - ((cursor.position - start) % 4)) % 4;
  await cursor.need(padding + 16);
  crc = crc32(cursor.bytes(padding), crc);
  if (crc !== u32(cursor.bytes(4), 0)) throw damaged("a checksum is another");
  const footer = cursor.bytes(12);
  requireSum(footer.subarray(4, 10), footer);
  if (footer[10] !== 0x59 || footer[11] !== 0x5a) throw damaged("a stream ends otherwise");
}
