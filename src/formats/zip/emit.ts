/** Writes zip archives of stored entries with aligned data; the same entries give the same bytes. @module */
import { crc32 } from "../compression/crc32.ts";
import { ZIP_SIGNATURES, ZIP64_EXTRA } from "./directory.ts";

export interface ZipEntry {
  readonly name: string;
  readonly pieces: readonly Uint8Array[];
  /** Their CRC-32, where the caller has computed it. */
  readonly crc?: number;
}

export interface EmitZipOptions {
  /** The data of every entry start at a multiple of this, as torch requires for its storages. */
  readonly alignment?: number;
  /** `always` writes zip64 fields even if they are not needed. */
  readonly zip64?: "auto" | "always";
}

const EMIT_ZIP_DEFAULTS = { alignment: 64, zip64: "auto" } as const satisfies EmitZipOptions;

const MAX_U32 = 0xffff_ffff;
const MAX_U16 = 0xffff;
/** 1 January 1980, the first date of the format, so that the bytes do not depend on the time. */
const DOS_DATE = 0x21;
/** Names are UTF-8. */
const FLAGS = 0x0800;
/** torch's id of the padding, "FB". */
const PADDING_EXTRA = 0x4246;

interface Placed {
  readonly name: Uint8Array;
  readonly size: number;
  readonly crc: number;
  readonly offset: number;
}

/** Pieces of the archive; pieces of the entries are passed on, not copied. */
export function emitZip(entries: readonly ZipEntry[], options: EmitZipOptions = {}): readonly Uint8Array[] {
  const { alignment, zip64 } = { ...EMIT_ZIP_DEFAULTS, ...options };
  const always = zip64 === "always";
  const out: Uint8Array[] = [];
  const placed: Placed[] = [];
  let offset = 0;
  for (const { name, pieces, crc } of entries) {
    const size = pieces.reduce((sum, piece) => sum + piece.length, 0);
    const entry: Placed = {
      name: new TextEncoder().encode(name),
      size,
      crc: crc ?? pieces.reduce((previous, piece) => crc32(piece, previous), 0),
      offset,
    };
    const header = localHeader(entry, alignment, always);
    out.push(header, ...pieces);
    placed.push(entry);
    offset += header.length + size;
  }
  const directory = placed.map((entry) => centralHeader(entry, always));
  const directorySize = directory.reduce((sum, piece) => sum + piece.length, 0);
  return [...out, ...directory, endRecords(placed.length, directorySize, offset, always)];
}

function localHeader(entry: Placed, alignment: number, always: boolean): Uint8Array {
  const large = always || entry.size >= MAX_U32;
  const fixed = 30 + entry.name.length + (large ? 20 : 0);
  const padding = (alignment - ((entry.offset + fixed + 4) % alignment)) % alignment;
  const writer = new RecordWriter(fixed + 4 + padding);
  writer.u32(ZIP_SIGNATURES.local);
  writeCommon(writer, entry, large);
  writer.u16((large ? 20 : 0) + 4 + padding);
  writer.bytes(entry.name);
  if (large) {
    writer.u16(ZIP64_EXTRA);
    writer.u16(16);
    writer.u64(entry.size);
    writer.u64(entry.size);
  }
  writer.u16(PADDING_EXTRA);
  writer.u16(padding);
  writer.bytes(new Uint8Array(padding).fill(0x5a));
  return writer.result;
}

function centralHeader(entry: Placed, always: boolean): Uint8Array {
  const large = always || entry.size >= MAX_U32;
  const far = always || entry.offset >= MAX_U32;
  const extra = (large ? 16 : 0) + (far ? 8 : 0);
  const writer = new RecordWriter(46 + entry.name.length + (extra > 0 ? extra + 4 : 0));
  writer.u32(ZIP_SIGNATURES.central);
  writer.u16(45);
  writeCommon(writer, entry, large);
  writer.u16(extra > 0 ? extra + 4 : 0);
  writer.skip(10);
  writer.u32(far ? MAX_U32 : entry.offset);
  writer.bytes(entry.name);
  if (extra > 0) {
    writer.u16(ZIP64_EXTRA);
    writer.u16(extra);
    if (large) {
      writer.u64(entry.size);
      writer.u64(entry.size);
    }
    if (far) writer.u64(entry.offset);
  }
  return writer.result;
}

/** Version needed, flags, method, time, checksum, sizes, name length: the same in both headers. */
function writeCommon(writer: RecordWriter, entry: Placed, large: boolean): void {
  writer.u16(large ? 45 : 20);
  writer.u16(FLAGS);
  writer.u16(0);
  writer.u16(0);
  writer.u16(DOS_DATE);
  writer.u32(entry.crc);
  writer.u32(large ? MAX_U32 : entry.size);
  writer.u32(large ? MAX_U32 : entry.size);
  writer.u16(entry.name.length);
}

function endRecords(count: number, size: number, offset: number, always: boolean): Uint8Array {
  const large = always || count >= MAX_U16 || size >= MAX_U32 || offset >= MAX_U32;
  const writer = new RecordWriter((large ? 76 : 0) + 22);
  if (large) {
    writer.u32(ZIP_SIGNATURES.end64);
    writer.u64(44);
    writer.u16(45);
    writer.u16(45);
    writer.skip(8);
    writer.u64(count);
    writer.u64(count);
    writer.u64(size);
    writer.u64(offset);
    writer.u32(ZIP_SIGNATURES.locator64);
    writer.u32(0);
    writer.u64(offset + size);
    writer.u32(1);
  }
  writer.u32(ZIP_SIGNATURES.end);
  writer.skip(4);
  writer.u16(large ? MAX_U16 : count);
  writer.u16(large ? MAX_U16 : count);
  writer.u32(large ? MAX_U32 : size);
  writer.u32(large ? MAX_U32 : offset);
  return writer.result;
}

/** Writes little-endian fields to a record of known size. */
class RecordWriter {
  readonly result: Uint8Array;
  private readonly view: DataView;
  private at = 0;

  constructor(size: number) {
    this.result = new Uint8Array(size);
    this.view = new DataView(this.result.buffer);
  }

  skip(count: number): void {
    this.at += count;
  }

  u16(value: number): void {
    this.view.setUint16(this.at, value, true);
    this.at += 2;
  }

  u32(value: number): void {
    this.view.setUint32(this.at, value, true);
    this.at += 4;
  }

  u64(value: number): void {
    this.view.setBigUint64(this.at, BigInt(value), true);
    this.at += 8;
  }

  bytes(bytes: Uint8Array): void {
    this.result.set(bytes, this.at);
    this.at += bytes.length;
  }
}
