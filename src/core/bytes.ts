/** Interfaces for files: every parser reads through a {@link ByteSource}. @module */

/** What a caller may pass as a file: a path (Node), a `File` or `Blob`, or bytes. */
export type FileInput = string | URL | Blob | Uint8Array;

/** Random access to the bytes of one file. */
export interface ByteSource {
  /** The name used in error messages. */
  readonly name: string;
  readonly byteLength: number;
  /**
   * Reads bytes `start` (inclusive) to `end` (exclusive), clamped to the file. If the host can, it reads
   * them into `into`, which is long enough, and returns a part of it.
   */
  read(start: number, end: number, into?: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** One file to write; `bytes` are pieces that may be produced while they are written. */
export interface FileToWrite {
  readonly path: string;
  readonly bytes: Iterable<Uint8Array>;
}

/** A file that was written. */
export interface WrittenFile {
  readonly path: string;
  readonly sizeBytes: number;
  /** SHA-256 in lower-case hex. */
  readonly sha256: string;
}

/**
 * Makes more files from the written ones, such as a run manifest; either all files are written or none. Meanwhile no
 * other process makes such files in the same folder, so that each may choose a name by what is there.
 */
export type AlsoWrite = (
  written: readonly WrittenFile[],
) => readonly FileToWrite[] | Promise<readonly FileToWrite[]>;

/** Named files: a file system, or a set of files in memory. */
export interface FileStore {
  /** @throws NOT_FOUND when `path` does not exist, IO when it cannot be read. */
  open(path: string): Promise<ByteSource>;
  exists(path: string): Promise<boolean>;
  /** The absolute path of a file or folder with symbolic links resolved; stores without links have none. */
  realPath?(path: string): Promise<string>;
  /** Where the file or folder called `path` is: under a temporary name while its commit waits for its end. */
  placeOf?(path: string): Promise<string>;
  /**
   * Writes all files or none, also if the process dies (docs/specification/1-artifacts.md#atomic-saves):
   * each file is written to a temporary name in its folder, flushed, then renamed; the last file is renamed
   * last. Missing folders are created. The files that `also` makes from the written ones are written with
   * them.
   * @throws IO when a file cannot be written; temporary files are removed.
   */
  writeAll(files: readonly FileToWrite[], also?: AlsoWrite): Promise<void>;
  /**
   * A view in which every committed {@link FileStore.writeAll} is complete, also if its process died before
   * it had renamed all files. Make a new view for each piece of work. Reading through it writes nothing.
   * Stores that cannot be interrupted have none.
   */
  committedView?(): CommittedStore;
}

export interface CommittedStore extends FileStore {
  /** The files read so far under their temporary names. */
  unfinished(): readonly string[];
}

/** Joins the pieces into one new array. */
export function joinBytes(pieces: Iterable<Uint8Array>): Uint8Array<ArrayBuffer> {
  const held = [...pieces];
  const whole = new Uint8Array(held.reduce((size, piece) => size + piece.length, 0));
  let at = 0;
  for (const piece of held) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
