/** The file system of the HDF5 library. @module */
import type { MountingFs } from "../../core/platform.ts";

/** The used part of a file handle of Emscripten's file system. */
export interface Stream {
  stream_ops?: object;
  node?: object;
  readonly fd: number;
  position: number;
}

/** Emscripten's file system: real paths in Node, files in memory elsewhere. */
export interface EmscriptenFs extends MountingFs {
  open(path: string, flags: string | number, mode?: number): Stream;
  close(stream: Stream): void;
  createStream(stream: object): Stream;
  closeStream(fd: number): void;
  read(stream: Stream, into: Uint8Array, offset: number, length: number, position?: number): number;
  write(
    stream: Stream,
    from: Uint8Array,
    offset: number,
    length: number,
    position?: number,
    canOwn?: boolean,
  ): number;
  llseek(stream: Stream, offset: number, whence: number): number;
  ftruncate(fd: number, size: number): void;
  fstat(fd: number): { readonly size: number };
  readFile(path: string): Uint8Array;
  getStream(fd: number): Stream | null;
  stat(path: string, dontFollow?: boolean): { readonly size: number };
  readonly ErrnoError: new (errno: number) => Error;
}
