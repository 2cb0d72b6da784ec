/**
 * Protects against HDF5 files that misuse the library.
 *
 * A file can refer to other files: external links, arrays whose values are in another file or are composed of
 * several. They are not opened: an untrusted dataset must not read other files of the machine.
 *
 * A file can make the library loop forever. It walks a global heap collection (HDF5 format specification 3.0,
 * III.E, which holds variable-length strings) by the declared sizes of its objects, and does not advance at a
 * free object of size zero. Collections are checked as the library reads them; one that cannot be walked to
 * its end is a read error.
 *
 * A file can make the library allocate any amount of memory, by the size of a heap or of a string. The memory
 * of one call is bounded.
 * @module
 */
import { platform } from "#platform";
import type { EmscriptenFs, Stream } from "./emscripten-fs.ts";

/** `GCOL`, version 1, three zeros. */
const SIGNATURE = [0x47, 0x43, 0x4f, 0x4c, 1, 0, 0, 0] as const;
const HEADER_BYTES = 16;
const OBJECT_HEADER_BYTES = 16;

/** Larger reads are values; metadata reads are smaller. */
const MAX_METADATA_READ = 1 << 16;

/** Emscripten's error numbers for "permission denied" and a read error. */
const EACCES = 2;
const EIO = 29;

/** Emscripten's flag for opening a folder. */
const O_DIRECTORY = 0o200000;

type Read = EmscriptenFs["read"];

/** The file that may currently be opened. */
let permitted: string | null = null;
/** A file that was refused. */
let refused: string | null = null;

/** Lets `work` open the file at `path`. */
export function permitting<T>(path: string, work: () => T): T {
  const before = permitted;
  permitted = path;
  try {
    return work();
  } finally {
    permitted = before;
  }
}

/** The other file that the current call tried to open; null if it did not. */
export function refusedFile(): string | null {
  return refused;
}

/** Installs the guard between the library and its files; `isLibrary` is true during a call of the library. */
export function guardFiles(fs: EmscriptenFs, isLibrary: () => boolean): void {
  guardReads(fs, isLibrary);
  const open = fs.open.bind(fs);
  fs.open = (path, flags, ...rest) => {
    if (isLibrary() && path !== permitted && !isPlugin(path)) {
      // Other folders could contain plugins; only ours may be opened.
      if (!(typeof flags === "number" && flags & O_DIRECTORY)) refused ??= path;
      throw new fs.ErrnoError(EACCES);
    }
    return open(path, flags, ...rest);
  };
}

/** Memory that one call may add even for a small file: HDF5's caches are far smaller. */
const GROWTH_ALLOWANCE = 64 * 1024 * 1024;

/** How many times the size of a read, and of the largest file, the library may allocate. */
const COPIES = 4;

const PAGE_BYTES = 65_536;

let growthLeft = Number.POSITIVE_INFINITY;
let wasGrowthRefused = false;
/** Size of the largest file so far, whose normal use must pass. */
let largestFile = 0;

/** Sets the bounds for one call; writing is not bounded, because the data are the caller's. */
export function beginCall(isWriting: boolean): void {
  growthLeft = isWriting ? Number.POSITIVE_INFINITY : GROWTH_ALLOWANCE + COPIES * largestFile;
  wasGrowthRefused = false;
  refused = null;
}

/** Lets the current call use the memory that `bytes` need. */
export function allowMemory(bytes: number): void {
  growthLeft += COPIES * bytes;
}

export function noteFileSize(bytes: number): void {
  largestFile = Math.max(largestFile, bytes);
}

/** True if the current call was refused memory. */
export function wasMemoryRefused(): boolean {
  return wasGrowthRefused;
}

/** Loads the library and guards its memory, which is intercepted when it is created. */
export async function guardMemory<T>(load: () => Promise<T>, isLibrary: () => boolean): Promise<T> {
  const { instantiate } = WebAssembly;
  const watched = async (...args: Parameters<typeof instantiate>): Promise<unknown> => {
    const result: unknown = await instantiate.apply(WebAssembly, args);
    const instance = result instanceof WebAssembly.Instance ? result : instanceOf(result);
    for (const item of Object.values(instance?.exports ?? {}))
      if (item instanceof WebAssembly.Memory) boundGrowth(item, isLibrary);
    return result;
  };
  WebAssembly.instantiate = watched as typeof instantiate;
  try {
    return await load();
  } finally {
    WebAssembly.instantiate = instantiate;
  }
}

function instanceOf(result: unknown): WebAssembly.Instance | null {
  const { instance } = (result ?? {}) as { readonly instance?: unknown };
  return instance instanceof WebAssembly.Instance ? instance : null;
}

function boundGrowth(memory: WebAssembly.Memory, isLibrary: () => boolean): void {
  const grow = memory.grow.bind(memory);
  memory.grow = (pages) => {
    if (isLibrary() && pages * PAGE_BYTES > growthLeft) {
      wasGrowthRefused = true;
      throw new RangeError("more memory than a call may ask for");
    }
    growthLeft -= pages * PAGE_BYTES;
    return grow(pages);
  };
}

function isPlugin(path: string): boolean {
  const folder = platform.hdf5Plugins();
  return folder !== null && path.startsWith(folder);
}

/**
 * The state of a file that is only read. Any position of a file may look like a collection, and each costs a
 * walk. A position is walked once, and all walks together may read only slightly more than the file's size.
 */
interface WalkedFile {
  readonly verdicts: Map<number, boolean>;
  bytesLeft: number;
}

/** Files by their node in the library's file system; a written file is checked again. */
const walked = new WeakMap<object, WalkedFile>();

/**
 * Bytes that the walks of one file may read, and their share of its size: collections of a valid file do not
 * overlap.
 */
const WALK_ALLOWANCE = 1 << 24;
const MAX_WALKS = 2;

function guardReads(fs: EmscriptenFs, isLibrary: () => boolean): void {
  const read = fs.read.bind(fs);
  const write = fs.write.bind(fs);
  fs.read = (stream, into, offset, length, position) => {
    const done = read(stream, into, offset, length, position);
    if (isLibrary() && typeof position === "number" && done >= SIGNATURE.length && done <= MAX_METADATA_READ)
      for (const at of collectionsIn(into, offset, done))
        if (!isSafeCollection(read, stream, position + at)) throw new fs.ErrnoError(EIO);
    return done;
  };
  fs.write = (stream, ...rest) => {
    walked.delete(stream.node ?? stream);
    return write(stream, ...rest);
  };
}

function isSafeCollection(read: Read, stream: Stream, position: number): boolean {
  const node = stream.node ?? stream;
  let file = walked.get(node);
  if (file === undefined) {
    file = { verdicts: new Map(), bytesLeft: WALK_ALLOWANCE + MAX_WALKS * largestFile };
    walked.set(node, file);
  }
  const known = file.verdicts.get(position);
  if (known !== undefined) return known;
  if (file.bytesLeft <= 0) return false;
  const collection = collectionAt(read, stream, position);
  file.bytesLeft -= collection.bytes.length;
  const verdict = isWalkable(collection);
  file.verdicts.set(position, verdict);
  return verdict;
}

/** The positions in a read at which collections begin. */
function* collectionsIn(bytes: Uint8Array, offset: number, length: number): Generator<number> {
  const view = bytes.subarray(offset, offset + length);
  for (let at = view.indexOf(SIGNATURE[0]); at >= 0; at = view.indexOf(SIGNATURE[0], at + 1))
    if (SIGNATURE.every((byte, i) => view[at + i] === byte)) yield at;
}

interface Collection {
  readonly declaredSize: number;
  /** The part of it that was read, from its start. */
  readonly bytes: Uint8Array;
}

/** Objects have 16-bit numbers; beyond this offset there are only few large ones. */
const MAX_COLLECTION_BYTES = 1 << 24;

/** The collection at an offset of the file, or the existing part of it. */
function collectionAt(read: Read, stream: Stream, position: number): Collection {
  const header = new Uint8Array(HEADER_BYTES);
  read(stream, header, 0, HEADER_BYTES, position);
  const declaredSize = Number(new DataView(header.buffer).getBigUint64(8, true));
  const bytes = new Uint8Array(Math.min(declaredSize, MAX_COLLECTION_BYTES));
  const done = read(stream, bytes, 0, bytes.length, position);
  return { declaredSize, bytes: bytes.subarray(0, done) };
}

/** Every object has a size above zero and ends inside the collection. */
function isWalkable({ declaredSize, bytes }: Collection): boolean {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = HEADER_BYTES; at + OBJECT_HEADER_BYTES <= bytes.length; ) {
    const isFree = view.getUint16(at, true) === 0;
    const size = Number(view.getBigUint64(at + 8, true));
    const need = isFree ? size : OBJECT_HEADER_BYTES + Math.ceil(size / 8) * 8;
    if (need < 1 || at + need > declaredSize) return false;
    at += need;
  }
  return true;
}
