/** SHA-256 of files, and reading files with a known SHA-256. @module */
import { platform } from "#platform";
import { AtlasmtlError, locate, option, phrase } from "../errors.ts";
import type { FileStore } from "./bytes.ts";
import { MAX_BUNDLE_FILE_BYTES } from "./limits.ts";
import { createPauser, type Pause, throwIfAborted } from "./progress.ts";

/** Bytes that are hashed at once. */
const CHUNK_BYTES = 1 << 20;

/** SHA-256 in lower-case hex of bytes in pieces. */
export function sha256(pieces: readonly Uint8Array[]): string {
  const hash = platform.createSha256();
  for (const piece of pieces) hash.update(piece);
  return hash.hex();
}

/** As {@link sha256}, with pauses: a page hashes 100 MB in a second. @throws what `pause` throws. */
export async function sha256InTurns(pieces: Iterable<Uint8Array>, pause: Pause): Promise<string> {
  const hash = platform.createSha256();
  for (const piece of pieces)
    for (let at = 0; at < piece.length; at += CHUNK_BYTES) {
      hash.update(piece.subarray(at, at + CHUNK_BYTES));
      await pause();
    }
  return hash.hex();
}

/**
 * SHA-256 of a file, read in chunks.
 * @throws NOT_FOUND, IO, ABORTED; LIMIT beyond `maxBytes`: a sparse file may have any size.
 */
export async function sha256File(
  store: FileStore,
  path: string,
  signal?: AbortSignal,
  maxBytes = Number.POSITIVE_INFINITY,
): Promise<string> {
  const source = await store.open(path);
  try {
    if (source.byteLength > maxBytes) throw locate(tooLarge(source.byteLength, maxBytes), path);
    const hash = platform.createSha256();
    // All chunks share one buffer: freed buffers would accumulate until the next garbage collection.
    const chunk = new Uint8Array(Math.min(source.byteLength, CHUNK_BYTES));
    for (let at = 0; at < source.byteLength; at += CHUNK_BYTES) {
      throwIfAborted(signal);
      hash.update(await source.read(at, at + CHUNK_BYTES, chunk));
    }
    return hash.hex();
  } finally {
    await source.close();
  }
}

/**
 * Reads a whole file. With `expected`, its SHA-256 is checked before the bytes are returned.
 * @throws NOT_FOUND, IO; LIMIT beyond `maxBytes`; CHECKSUM naming the file, the expected and the found digest; ABORTED.
 */
export async function readWhole(
  store: FileStore,
  path: string,
  expected: string | null,
  maxBytes = MAX_BUNDLE_FILE_BYTES,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const source = await store.open(path);
  try {
    if (source.byteLength > maxBytes) throw tooLarge(source.byteLength, maxBytes);
    const bytes = await source.read(0, source.byteLength);
    if (bytes.length !== source.byteLength)
      throw new AtlasmtlError("IO", `${source.byteLength} bytes were expected and ${bytes.length} were read`);
    const found = expected === null ? null : await sha256InTurns([bytes], createPauser(signal));
    if (found !== expected) throw checksumError(expected!, found!);
    return bytes;
  } catch (error) {
    throw locate(asMemoryLimit(error, source.byteLength), path);
  } finally {
    await source.close();
  }
}

function tooLarge(byteLength: number, maxBytes: number): AtlasmtlError {
  return new AtlasmtlError("LIMIT", `a file of ${byteLength} bytes; at most ${maxBytes} are read`);
}

function asMemoryLimit(error: unknown, byteLength: number): unknown {
  if (!(error instanceof RangeError)) return error;
  return new AtlasmtlError("LIMIT", `a file of ${byteLength} bytes does not fit the memory`, {
    cause: error,
  });
}

function checksumError(expected: string, found: string): AtlasmtlError {
  return new AtlasmtlError("CHECKSUM", `the file has SHA-256 ${found}; the manifest expects ${expected}`, {
    hint: phrase`the file changed or was damaged after the bundle was saved: copy the bundle again from its source, or, if the change is yours, go on with ${option("verifyChecksums", false)}`,
  });
}
