/** A file that is read and written at offsets, at once. @module */
import type { ByteSource } from "./bytes.ts";
import { throwIfAborted, type WorkOptions } from "./progress.ts";

/**
 * A file that the caller has opened for reading and writing, such as a `FileSystemSyncAccessHandle` of a browser's
 * private file system. Every call returns when it is done.
 */
export interface SyncFile {
  /** Reads from byte `at` on; returns how many bytes were read, 0 at the end. */
  read(into: Uint8Array, options: { readonly at: number }): number;
  /** Writes at byte `at`; returns how many bytes were written. */
  write(from: Uint8Array, options: { readonly at: number }): number;
  /** Cuts or extends the file to `size` bytes. */
  truncate(size: number): void;
  /** Its size in bytes. */
  getSize(): number;
  /** Makes sure that what was written is stored. */
  flush(): void;
}

/** A file to write to: a {@link SyncFile}, or in Node an open file by its descriptor, such as a `FileHandle`. */
export type FileTarget = SyncFile | { readonly fd: number };

const SLICE_BYTES = 1 << 22;

/** Writes all of `bytes` at `at`. @throws Error when the file takes no more. */
export function writeAt(file: SyncFile, bytes: Uint8Array, at: number): void {
  for (let done = 0; done < bytes.length; ) {
    const written = file.write(bytes.subarray(done), { at: at + done });
    if (!(written > 0)) throw new Error(`the file took ${done} of ${bytes.length} bytes`);
    done += written;
  }
}

/** Copies `source` in slices; progress counts bytes in a phase named `copy`. @throws ABORTED by the signal. */
export async function copyInSlices(
  source: ByteSource,
  write: (bytes: Uint8Array, at: number) => void,
  { signal, onProgress }: WorkOptions,
): Promise<void> {
  const total = source.byteLength;
  const buffer = new Uint8Array(Math.min(SLICE_BYTES, total));
  for (let at = 0; at < total; ) {
    throwIfAborted(signal);
    const slice = await source.read(at, Math.min(at + SLICE_BYTES, total), buffer);
    if (slice.length === 0) throw new RangeError(`it ends at byte ${at} of ${total}`);
    write(slice, at);
    at += slice.length;
    onProgress?.({ phase: "copy", done: at, total });
  }
}
