/** The read seam: everything that is parsed comes through a {@link ByteSource}. @module */

/** What a caller may hand over as a file: a path (Node), a `File` or `Blob`, or bytes. */
export type FileInput = string | URL | Blob | Uint8Array;

/** Random access to the bytes of one file. */
export interface ByteSource {
  /** The name used in error messages. */
  readonly name: string;
  readonly byteLength: number;
  /**
   * Bytes `start` (inclusive) to `end` (exclusive), clamped to the file. Where the host can, they are put into
   * `into`, which is long enough, and returned as a part of it.
   */
  read(start: number, end: number, into?: Uint8Array): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** One file to be written; `bytes` come in pieces and may be made while they are written. */
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

/** Makes further files of what was written, such as a record of it; all of them are written or none. */
export type AlsoWrite = (written: readonly WrittenFile[]) => readonly FileToWrite[];

/** A place with named files: a file system, or a set of files held in memory. */
export interface FileStore {
  /** @throws NOT_FOUND when `path` does not exist, IO when it cannot be read. */
  open(path: string): Promise<ByteSource>;
  exists(path: string): Promise<boolean>;
  /** The absolute path of a file or folder once links are followed; stores without links have none. */
  realPath?(path: string): Promise<string>;
  /**
   * Writes all files or none, also when the process dies (docs/specification/1-artifacts.md#atomic-saves): each to a
   * temporary name in its folder, flushed, then renamed, the last one last. Missing folders are created. What `also`
   * makes of the written files, such as a record of them, is written with them.
   * @throws IO when a file cannot be written; temporary files are removed.
   */
  writeAll(files: readonly FileToWrite[], also?: AlsoWrite): Promise<void>;
  /**
   * A view in which every {@link FileStore.writeAll} that was committed is finished, also where its process
   * died before it had renamed all files; made anew for each piece of work. Looking writes nothing. Stores that
   * cannot be interrupted have none.
   */
  committedView?(): CommittedStore;
}

export interface CommittedStore extends FileStore {
  /** The files looked at so far that are read from their temporary names. */
  unfinished(): readonly string[];
}

/** The pieces as one array of its own. */
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
