/**
 * Edits a few structures of HDF5's file format directly, because the JavaScript interface of the library
 * cannot write enums or delete links. All edits keep sizes and addresses.
 *
 * Source: The HDF Group, "HDF5 File Format Specification" 3.0, sections II.A, III.A to III.D, IV.A.
 * @module
 */

import { isFullMemory, systemCode } from "../../core/file-errors.ts";
import { AtlasmtlError } from "../../errors.ts";
import type { EmscriptenFs } from "./emscripten-fs.ts";
import { permitting } from "./guard.ts";
import { fileSystem } from "./library.ts";

/** Message types of object headers. */
export const LINK_MESSAGE = 0x06;
export const DATASPACE_MESSAGE = 0x01;
export const LINK_INFO_MESSAGE = 0x02;
export const DATATYPE_MESSAGE = 0x03;
export const LAYOUT_MESSAGE = 0x08;
export const ATTRIBUTE_MESSAGE = 0x0c;
const CONTINUATION_MESSAGE = 0x10;
export const SYMBOL_TABLE_MESSAGE = 0x11;

/** Maximum size of headers and heaps; ours are smaller. */
const MAX_READ = 1 << 26;

/** Random access to an HDF5 file; addresses count from the file's base address. */
export interface ReadableFile {
  /** Where address 0 lies in the file. */
  readonly base: number;
  read(address: number, length: number): Uint8Array<ArrayBuffer>;
}

/** A file that is closed in the library. */
export interface EditableFile extends ReadableFile {
  write(address: number, bytes: Uint8Array): void;
}

/**
 * Opens a file for edits and closes it after `work`. @throws UNSUPPORTED for a layout that cannot be edited.
 */
export function editFile<T>(path: string, work: (file: EditableFile) => T): T {
  return withStream(path, "r+", work);
}

/** Like {@link editFile}, for a file that is only read and may be open in the library. */
export function inspectFile<T>(path: string, work: (file: ReadableFile) => T): T {
  return withStream(path, "r", work);
}

function withStream<T>(path: string, flags: "r" | "r+", work: (file: EditableFile) => T): T {
  const fs = fileSystem();
  const stream = permitting(path, () => fs.open(path, flags));
  try {
    const pages = createPages(fs, stream);
    const result = work(editable(pages));
    pages.flush();
    return result;
  } catch (error) {
    throw asDamaged(error, "its structures cannot be followed");
  } finally {
    fs.close(stream);
  }
}

/** Bytes of a page, and the pages that are held at once. */
const [PAGE_BYTES, MAX_PAGES] = [1 << 16, 64];

interface Page {
  /** Shorter at the end of the file. */
  readonly bytes: Uint8Array;
  isChanged: boolean;
}

/** A file in pages: headers lie close together, and each is read in pieces of a few bytes. */
interface Pages {
  /** Copies bytes from a position into `into`; how many there are. */
  read(position: number, into: Uint8Array): number;
  write(position: number, bytes: Uint8Array): void;
  /** Writes what was changed. */
  flush(): void;
}

function createPages(fs: EmscriptenFs, stream: ReturnType<EmscriptenFs["open"]>): Pages {
  const pages = new Map<number, Page>();
  const flush = (): void => {
    for (const [number, page] of pages) {
      if (!page.isChanged) continue;
      const { bytes } = page;
      for (let done = 0; done < bytes.length; )
        done += fs.write(stream, bytes, done, bytes.length - done, number * PAGE_BYTES + done);
      page.isChanged = false;
    }
  };
  /** Reads from the file itself; how many bytes there are. */
  const fill = (into: Uint8Array, position: number): number => {
    let done = 0;
    while (done < into.length) {
      const n = fs.read(stream, into, done, into.length - done, position + done);
      if (n === 0) break;
      done += n;
    }
    return done;
  };
  const pageAt = (number: number): Page => {
    const known = pages.get(number);
    if (known !== undefined) return known;
    if (pages.size >= MAX_PAGES) {
      flush();
      pages.clear();
    }
    const bytes = new Uint8Array(PAGE_BYTES);
    const page = { bytes: bytes.subarray(0, fill(bytes, number * PAGE_BYTES)), isChanged: false };
    pages.set(number, page);
    return page;
  };
  /** Calls `take` with the parts of the pages that hold `length` bytes at `position`; how many bytes there are. */
  const visit = (
    position: number,
    length: number,
    take: (page: Page, from: number, to: number, done: number) => void,
  ): number => {
    let done = 0;
    while (done < length) {
      const at = position + done;
      const number = Math.floor(at / PAGE_BYTES);
      const page = pageAt(number);
      const from = at - number * PAGE_BYTES;
      const to = Math.min(from + length - done, page.bytes.length);
      if (to <= from) break;
      take(page, from, to, done);
      done += to - from;
    }
    return done;
  };
  return {
    flush,
    read(position, into) {
      if (into.length < PAGE_BYTES)
        return visit(position, into.length, ({ bytes }, from, to, done) =>
          into.set(bytes.subarray(from, to), done),
        );
      flush();
      return fill(into, position);
    },
    write(position, bytes) {
      const done = visit(position, bytes.length, (page, from, to, at) => {
        page.bytes.set(bytes.subarray(at, at + to - from), from);
        page.isChanged = true;
      });
      if (done < bytes.length)
        throw new AtlasmtlError("BUG", `an edit at ${position} would make the file longer`);
    },
  };
}

function editable(pages: Pages): EditableFile {
  const readAt = (position: number, length: number): Uint8Array<ArrayBuffer> => {
    if (!(length >= 0 && length <= MAX_READ)) throw damaged(`a structure of ${length} bytes`);
    const bytes = new Uint8Array(length);
    const done = pages.read(position, bytes);
    if (done < length) throw damaged(`a structure at ${position + done} beyond the end of the file`);
    return bytes;
  };
  const base = baseAddress(readAt);
  return {
    base,
    read: (address, length) => readAt(base + address, length),
    write: (address, bytes) => pages.write(base + address, bytes),
  };
}

/** The address of the superblock: 0, or after a user block. */
function baseAddress(readAt: (position: number, length: number) => Uint8Array): number {
  for (let at = 0; ; at = at === 0 ? 512 : at * 2) {
    const head = readAt(at, 16);
    if (!hasText(head, 0, "\x89HDF\r\n\x1a\n")) continue;
    const sizes = head[8] < 2 ? head.subarray(13, 15) : head.subarray(9, 11);
    if (sizes[0] === 8 && sizes[1] === 8) return at;
    throw new AtlasmtlError("UNSUPPORTED", `the HDF5 file uses ${sizes[0]}-byte addresses; 8 are expected`);
  }
}

export function damaged(what: string): AtlasmtlError {
  return new AtlasmtlError("BAD_FORMAT", `the HDF5 file is damaged: it has ${what}`);
}

/**
 * Converts what wrong offsets of a damaged file lead to: an error number of the library's file system, such as for a
 * position beyond any file, or an index beyond an array. Errors of the operating system and a full memory stay.
 */
export function asDamaged(error: unknown, what: string): unknown {
  if (!(error instanceof Error) || error instanceof AtlasmtlError || systemCode(error) !== null) return error;
  const isIndex = error instanceof RangeError && !isFullMemory(error);
  if (!isIndex && error.name !== "ErrnoError" && !(error instanceof fileSystem().ErrnoError)) return error;
  return new AtlasmtlError("BAD_FORMAT", `the HDF5 file is damaged: ${what}`, {
    hint: "compare its size and checksum with the original, or copy it again",
    cause: error,
  });
}

export function hasText(bytes: Uint8Array, at: number, expected: string): boolean {
  for (let i = 0; i < expected.length; i++) if (bytes[at + i] !== expected.charCodeAt(i)) return false;
  return true;
}

/** A 64-bit address or length. */
export function address(bytes: Uint8Array, at: number): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Number(view.getBigUint64(at, true));
}

/** One contiguous piece of an object header, held in memory for edits. */
export interface HeaderChunk {
  readonly address: number;
  readonly bytes: Uint8Array;
  /** Newer headers end in a checksum. */
  readonly hasChecksum: boolean;
}

export interface HeaderMessage {
  readonly type: number;
  readonly chunk: HeaderChunk;
  /** The offset of the message's type field in its chunk. */
  readonly typeAt: number;
  /** Its content. */
  readonly data: Uint8Array;
}

/** All messages of the object header at `at`, both versions. @throws BAD_FORMAT for a damaged header. */
export function readHeader(file: ReadableFile, at: number): HeaderMessage[] {
  const head = file.read(at, 32);
  return hasText(head, 0, "OHDR") ? readNewHeader(file, at, head) : readOldHeader(file, at, head);
}

function readOldHeader(file: ReadableFile, at: number, head: Uint8Array): HeaderMessage[] {
  if (head[0] !== 1) throw damaged(`no object header at ${at}`);
  const view = new DataView(head.buffer);
  const messages: HeaderMessage[] = [];
  const pending: [number, number][] = [[at + 16, view.getUint32(8, true)]];
  for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
    const chunk: HeaderChunk = { address: next[0], bytes: file.read(next[0], next[1]), hasChecksum: false };
    const fields = new DataView(chunk.bytes.buffer);
    for (let p = 0; p + 8 <= chunk.bytes.length; ) {
      const type = fields.getUint16(p, true);
      const size = fields.getUint16(p + 2, true);
      addMessage(messages, pending, {
        type,
        chunk,
        typeAt: p,
        data: chunk.bytes.subarray(p + 8, p + 8 + size),
      });
      p += 8 + size;
    }
  }
  return messages;
}

function readNewHeader(file: ReadableFile, at: number, head: Uint8Array): HeaderMessage[] {
  const flags = head[5];
  const sizeAt = 6 + (flags & 0x20 ? 16 : 0) + (flags & 0x10 ? 4 : 0);
  const sizeWidth = 1 << (flags & 3);
  let size = 0;
  for (let i = sizeWidth - 1; i >= 0; i--) size = size * 256 + head[sizeAt + i];
  const prefix = flags & 4 ? 6 : 4;
  const messages: HeaderMessage[] = [];
  const pending: [number, number][] = [[at, sizeAt + sizeWidth + size + 4]];
  for (let next = pending.shift(); next !== undefined; next = pending.shift()) {
    const chunk: HeaderChunk = { address: next[0], bytes: file.read(next[0], next[1]), hasChecksum: true };
    const fields = new DataView(chunk.bytes.buffer);
    const end = chunk.bytes.length - 4;
    for (let p = next[0] === at ? sizeAt + sizeWidth : 4; p + prefix <= end; ) {
      const length = fields.getUint16(p + 1, true);
      const data = chunk.bytes.subarray(p + prefix, p + prefix + length);
      addMessage(messages, pending, { type: chunk.bytes[p], chunk, typeAt: p, data });
      p += prefix + length;
    }
  }
  return messages;
}

function addMessage(messages: HeaderMessage[], pending: [number, number][], message: HeaderMessage): void {
  if (messages.length > 100_000) throw damaged("an endless object header");
  messages.push(message);
  if (message.type === CONTINUATION_MESSAGE)
    pending.push([address(message.data, 0), address(message.data, 8)]);
}

/** Writes an edited chunk back and updates its checksum, if it has one. */
export function writeChunk(file: EditableFile, chunk: HeaderChunk): void {
  if (chunk.hasChecksum) {
    const end = chunk.bytes.length - 4;
    new DataView(chunk.bytes.buffer).setUint32(end, lookup3(chunk.bytes.subarray(0, end)), true);
  }
  file.write(chunk.address, chunk.bytes);
}

/** The checksum of HDF5's metadata. Source: B. Jenkins, "lookup3.c" (2006), `hashlittle` with seed 0. */
export function lookup3(bytes: Uint8Array): number {
  const rotate = (x: number, k: number): number => (x << k) | (x >>> (32 - k));
  const word = (at: number): number =>
    (bytes[at] ?? 0) |
    ((bytes[at + 1] ?? 0) << 8) |
    ((bytes[at + 2] ?? 0) << 16) |
    ((bytes[at + 3] ?? 0) << 24);
  let a = (0xdeadbeef + bytes.length) | 0;
  let b = a;
  let c = a;
  let at = 0;
  for (; bytes.length - at > 12; at += 12) {
    a = (a + word(at)) | 0;
    b = (b + word(at + 4)) | 0;
    c = (c + word(at + 8)) | 0;
    a = ((a - c) | 0) ^ rotate(c, 4);
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ rotate(a, 6);
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ rotate(b, 8);
    b = (b + a) | 0;
    a = ((a - c) | 0) ^ rotate(c, 16);
    c = (c + b) | 0;
    b = ((b - a) | 0) ^ rotate(a, 19);
    a = (a + c) | 0;
    c = ((c - b) | 0) ^ rotate(b, 4);
    b = (b + a) | 0;
  }
  if (at === bytes.length) return c >>> 0;
  a = (a + word(at)) | 0;
  b = (b + word(at + 4)) | 0;
  c = (c + word(at + 8)) | 0;
  c = ((c ^ b) - rotate(b, 14)) | 0;
  a = ((a ^ c) - rotate(c, 11)) | 0;
  b = ((b ^ a) - rotate(a, 25)) | 0;
  c = ((c ^ b) - rotate(b, 16)) | 0;
  a = ((a ^ c) - rotate(c, 4)) | 0;
  b = ((b ^ a) - rotate(a, 14)) | 0;
  c = ((c ^ b) - rotate(b, 24)) | 0;
  return c >>> 0;
}
