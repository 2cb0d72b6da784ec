/** The read seam: everything that is parsed comes through a {@link ByteSource}. @module */

/** What a caller may hand over as a file: a path (Node), a `File` or `Blob`, or bytes. */
export type FileInput = string | URL | Blob | Uint8Array;

/** Random access to the bytes of one file. */
export interface ByteSource {
  /** The name used in error messages. */
  readonly name: string;
  readonly byteLength: number;
  /** Bytes `start` (inclusive) to `end` (exclusive), clamped to the file. */
  read(start: number, end: number): Promise<Uint8Array>;
  close(): Promise<void>;
}

/** One file to be written; `bytes` come in pieces and may be made while they are written. */
export interface FileToWrite {
  readonly path: string;
  readonly bytes: Iterable<Uint8Array>;
}

/** A place with named files: a file system, or a set of files held in memory. */
export interface FileStore {
  /** @throws NOT_FOUND when `path` does not exist, IO when it cannot be read. */
  open(path: string): Promise<ByteSource>;
  exists(path: string): Promise<boolean>;
  /**
   * Writes all files or none: each to a temporary name in its folder, flushed, then renamed in the given
   * order, so that the last one is the commit point (contract 1 §1). Missing folders are created.
   * @throws IO when a file cannot be written; temporary files are removed.
   */
  writeAll(files: readonly FileToWrite[]): Promise<void>;
}
