/**
 * Reads the structure of zip archives: directory, headers, content of an entry, without the whole archive in
 * memory.
 *
 * Source: PKWARE's APPNOTE.TXT 6.3. Stored and deflated entries, zip64; no encryption, no split archives.
 * @module
 */
import { inflateSync } from "fflate";
import {
  MAX_DEFLATE_RATIO,
  MAX_ZIP_DIRECTORY_BYTES,
  MAX_ZIP_ENTRIES,
  maxInflatedBytes,
} from "../../core/limits.ts";
import { AtlasmtlError } from "../../errors.ts";
import { crc32 } from "../compression/crc32.ts";

export const ZIP_SIGNATURES = {
  local: 0x04034b50,
  central: 0x02014b50,
  end: 0x06054b50,
  end64: 0x06064b50,
  locator64: 0x07064b50,
} as const;

/** The id of the zip64 extra field. */
export const ZIP64_EXTRA = 1;

/** A field with its maximum value refers to the zip64 extra field. */
const IN_ZIP64 = 0xffff_ffff;

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const END_SIZE = 22;
const MAX_COMMENT = 0xffff;

/** Maximum size of the end of an archive, with the longest comment and the zip64 records. */
export const MAX_END_BYTES = END_SIZE + MAX_COMMENT + 20 + 56;

/** Bytes of a local header before the entry's name. */
export const LOCAL_HEADER = 30;

/** The directory entry of a file. */
export interface ZipEntry {
  readonly name: string;
  /** Bytes of the name. */
  readonly nameLength: number;
  /** 0 stored, 8 deflated. */
  readonly method: number;
  readonly crc: number;
  readonly compressedSize: number;
  readonly size: number;
  /** Offset of its local header. */
  readonly offset: number;
}

const bad = (message: string): AtlasmtlError =>
  new AtlasmtlError("BAD_FORMAT", message, { hint: "the archive is damaged or was not written completely" });

const unsupported = (message: string): AtlasmtlError => new AtlasmtlError("UNSUPPORTED", message);

/** True if `bytes` begin like a zip archive. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && bytes[0] === 0x50 && bytes[1] === 0x4b && (bytes[2] === 3 || bytes[2] === 5);
}

/** Location of the directory of an archive. */
export interface ZipDirectory {
  readonly count: number;
  readonly size: number;
  readonly offset: number;
}

/**
 * Finds the directory from the last bytes of an archive, which begin at `base`.
 * @throws BAD_FORMAT if there is none, LIMIT for too many entries.
 */
export function findDirectory(tail: Uint8Array, base = 0): ZipDirectory {
  const view = new DataView(tail.buffer, tail.byteOffset, tail.byteLength);
  const last = view.byteLength - END_SIZE;
  const first = Math.max(last - MAX_COMMENT, 0);
  for (let at = last; at >= first; at--) {
    if (view.getUint32(at, true) !== ZIP_SIGNATURES.end) continue;
    if (at + END_SIZE + view.getUint16(at + 20, true) !== view.byteLength) continue;
    return readEnd(view, at, base);
  }
  throw bad("the end of the zip archive is missing");
}

function readEnd(view: DataView, at: number, base: number): ZipDirectory {
  const disks = view.getUint16(at + 4, true) + view.getUint16(at + 6, true);
  let count = view.getUint16(at + 10, true);
  let size = view.getUint32(at + 12, true);
  let offset = view.getUint32(at + 16, true);
  let end = at;
  if (at >= 20 && view.getUint32(at - 20, true) === ZIP_SIGNATURES.locator64) {
    const at64 = readU64(view, at - 12) - base;
    if (at64 < 0 || at64 > at - 20 - 56 || view.getUint32(at64, true) !== ZIP_SIGNATURES.end64)
      throw bad(`the zip64 directory end is not at byte ${at64 + base}`);
    count = readU64(view, at64 + 32);
    size = readU64(view, at64 + 40);
    offset = readU64(view, at64 + 48);
    end = at64;
  } else if (disks !== 0) throw unsupported("a zip archive split over several files");
  if (count > MAX_ZIP_ENTRIES)
    throw new AtlasmtlError("LIMIT", `a zip archive of ${count} entries; at most ${MAX_ZIP_ENTRIES}`);
  if (offset + size > end + base)
    throw bad(`the zip directory of ${size} bytes at byte ${offset} leaves the file`);
  if (size > MAX_ZIP_DIRECTORY_BYTES)
    throw new AtlasmtlError(
      "LIMIT",
      `a zip directory of ${size} bytes; at most ${MAX_ZIP_DIRECTORY_BYTES} are read`,
    );
  return { count, size, offset };
}

/** Not exact beyond 2^53, which is far beyond the size of any file. */
function readU64(view: DataView, at: number): number {
  return Number(view.getBigUint64(at, true));
}

/**
 * The entries that a directory lists, in its order; a name may occur twice.
 * @throws BAD_FORMAT for an incomplete directory, UNSUPPORTED for encryption or another compression.
 */
export function readDirectory(bytes: Uint8Array, count: number): ZipEntry[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const entries: ZipEntry[] = [];
  const end = bytes.length;
  let at = 0;
  for (let i = 0; i < count; i++) {
    if (at + 46 > end || view.getUint32(at, true) !== ZIP_SIGNATURES.central)
      throw bad(`entry ${i} of the zip directory is not at its byte ${at}`);
    const nameLength = view.getUint16(at + 28, true);
    const extraLength = view.getUint16(at + 30, true);
    const next = at + 46 + nameLength + extraLength + view.getUint16(at + 32, true);
    if (next > end) throw bad(`entry ${i} of the zip directory leaves the directory`);
    const name = decodeName(bytes.subarray(at + 46, at + 46 + nameLength));
    const extra = new DataView(view.buffer, view.byteOffset + at + 46 + nameLength, extraLength);
    entries.push({ ...readCentral(view, at, name, extra), nameLength });
    at = next;
  }
  if (at !== end) throw bad(`the zip directory has ${end - at} bytes after its last entry`);
  return entries;
}

function decodeName(bytes: Uint8Array): string {
  try {
    return utf8.decode(bytes);
  } catch {
    throw bad("an entry name of the archive is not UTF-8");
  }
}

function readCentral(
  view: DataView,
  at: number,
  name: string,
  extra: DataView,
): Omit<ZipEntry, "nameLength"> {
  const flags = view.getUint16(at + 8, true);
  const method = view.getUint16(at + 10, true);
  if (flags & 1) throw unsupported(`entry ${name} is encrypted`);
  if (method !== 0 && method !== 8)
    throw unsupported(`entry ${name} has compression method ${method}; stored and deflated are known`);
  const fields = [
    view.getUint32(at + 24, true),
    view.getUint32(at + 20, true),
    view.getUint32(at + 42, true),
  ];
  const [size, compressedSize, offset] = resolveZip64(fields, extra, name) as [number, number, number];
  return {
    name,
    method,
    crc: view.getUint32(at + 16, true),
    compressedSize,
    size,
    offset,
  };
}

/** Size, compressed size and offset; maximum values are replaced by those of the zip64 extra field. */
function resolveZip64(fields: readonly number[], extra: DataView, name: string): readonly number[] {
  if (!fields.includes(IN_ZIP64)) return fields;
  for (let at = 0; at + 4 <= extra.byteLength; ) {
    const end = at + 4 + extra.getUint16(at + 2, true);
    if (end > extra.byteLength) break;
    if (extra.getUint16(at, true) === ZIP64_EXTRA) {
      let from = at + 4;
      return fields.map((field) => {
        if (field !== IN_ZIP64) return field;
        if (from + 8 > end) throw bad(`entry ${name} has a short zip64 field`);
        from += 8;
        return readU64(extra, from - 8);
      });
    }
    at = end;
  }
  return fields;
}

/**
 * Each entry with the offset of the next one (or of the directory, `limit`).
 * @throws BAD_FORMAT if entries overlap.
 */
export function entryEnds(entries: readonly ZipEntry[], limit: number): Map<ZipEntry, number> {
  const ordered = [...entries].sort((a, b) => a.offset - b.offset);
  const ends = new Map<ZipEntry, number>();
  ordered.forEach((entry, i) => {
    const next = ordered[i + 1]?.offset ?? limit;
    if (entry.offset + LOCAL_HEADER + entry.nameLength + entry.compressedSize > next)
      throw bad(`entry ${entry.name} of ${entry.compressedSize} bytes runs into what follows it`);
    if (entry.method === 0 && entry.size !== entry.compressedSize)
      throw bad(`stored entry ${entry.name} declares ${entry.compressedSize} and ${entry.size} bytes`);
    ends.set(entry, next);
  });
  return ends;
}

/**
 * The offset of an entry's data. `header` begins at the entry's offset and holds its local header and name;
 * the entry ends at `end` at the latest.
 * @throws BAD_FORMAT if the header is missing or contradicts the directory.
 */
export function dataStartOf(header: Uint8Array, entry: ZipEntry, end: number): number {
  const { name, offset } = entry;
  const view = new DataView(header.buffer, header.byteOffset, header.byteLength);
  if (header.length < LOCAL_HEADER || view.getUint32(0, true) !== ZIP_SIGNATURES.local)
    throw bad(`entry ${name} does not start at byte ${offset}`);
  const nameLength = view.getUint16(26, true);
  const dataStart = offset + LOCAL_HEADER + nameLength + view.getUint16(28, true);
  if (dataStart + entry.compressedSize > end)
    throw bad(`entry ${name} of ${entry.compressedSize} bytes runs into what follows it`);
  if (
    nameLength !== entry.nameLength ||
    decodeName(header.subarray(LOCAL_HEADER, LOCAL_HEADER + nameLength)) !== name
  )
    throw bad(`entry ${name} has another name in its own header`);
  return dataStart;
}

/**
 * Decodes the content of an entry from its stored bytes.
 * @throws BAD_FORMAT for a wrong checksum or size; LIMIT for a bomb.
 */
export function entryContent(raw: Uint8Array, entry: ZipEntry): Uint8Array {
  const content = entry.method === 0 ? raw : inflate(raw, entry.size);
  const found = crc32(content);
  if (found !== entry.crc)
    throw bad(`the content has CRC-32 ${hex(found)} where the archive says ${hex(entry.crc)}`);
  return content;
}

const hex = (value: number): string => value.toString(16).padStart(8, "0");

function inflate(raw: Uint8Array, size: number): Uint8Array {
  if (size > maxInflatedBytes(raw.length) || size > raw.length * MAX_DEFLATE_RATIO)
    throw new AtlasmtlError("LIMIT", `${raw.length} compressed bytes claim to expand to ${size}`);
  let content: Uint8Array;
  try {
    content = inflateSync(raw, { out: new Uint8Array(size) });
  } catch (cause) {
    throw new AtlasmtlError("BAD_FORMAT", "the compressed data is damaged", { cause });
  }
  if (content.length !== size) throw bad(`${size} bytes are declared and ${content.length} were stored`);
  return content;
}
