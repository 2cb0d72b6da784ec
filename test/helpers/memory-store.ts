/** Files held in memory, for tests of what reads and writes through a `FileStore`. */
import { bytesSource } from "../../src/core/blob-source.ts";
import type { FileStore, FileToWrite } from "../../src/core/bytes.ts";
import { AtlasmtlError } from "../../src/errors.ts";

export interface MemoryStore extends FileStore {
  readonly files: Map<string, Uint8Array>;
}

export const joinPieces = (pieces: Iterable<Uint8Array>): Uint8Array =>
  new Uint8Array(Buffer.concat([...pieces]));

/** A store that starts with `files`; paths are plain keys. */
export function memoryStore(files: Iterable<readonly [string, Uint8Array]> = []): MemoryStore {
  const held = new Map(files);
  return {
    files: held,
    async open(path) {
      const bytes = held.get(path);
      if (bytes === undefined) throw new AtlasmtlError("NOT_FOUND", "no such file", { where: path });
      return bytesSource(bytes, path);
    },
    exists: async (path) => held.has(path),
    async writeAll(written: readonly FileToWrite[]) {
      for (const { path, bytes } of written) held.set(path, joinPieces(bytes));
    },
  };
}
