/** Files by key of a Zarr hierarchy: in a folder, a zip archive or on the web. @module */
import { platform } from "#platform";
import type { FileTree } from "../../core/file-tree.ts";
import { AtlasmtlError } from "../../errors.ts";

/** Keys are relative, with `/` between their parts. */
export interface KeyStore {
  /** The name used in messages. */
  readonly name: string;
  /** False if names cannot be listed. */
  readonly isListable: boolean;
  /**
   * Undefined if there is no such key. @throws IO if it cannot be read, LIMIT (if the size is known in
   * advance) for more than `maxBytes`.
   */
  get(key: string, maxBytes?: number): Promise<Uint8Array | undefined>;
  /** Bytes `start` to `end`, or the last `suffix` bytes. @throws like {@link get}. */
  getRange(key: string, range: KeyRange): Promise<Uint8Array | undefined>;
  /** Names directly below a folder (`""` is the root); none if it is not a folder or cannot be listed. */
  list(folder: string): Promise<readonly string[]>;
  close(): Promise<void>;
}

export type KeyRange = { readonly start: number; readonly end: number } | { readonly suffix: number };

/** False for a key that would leave the store or has a special meaning in a file system. */
export function isSafeKey(key: string): boolean {
  return key.split("/").every((part) => part !== "" && part !== "." && part !== ".." && !/[\\\0]/.test(part));
}

/** @throws LIMIT if a file is larger than allowed. */
export function checkKeyBytes(key: string, size: number, maxBytes = Number.POSITIVE_INFINITY): void {
  if (size > maxBytes)
    throw new AtlasmtlError("LIMIT", `the file has ${size} bytes; at most ${maxBytes} are expected`, {
      where: key,
    });
}

/** The files below the folder at `path`, of the host (Node) or among `files`. */
export function folderKeys(path: string, files: FileTree = platform.files): KeyStore {
  const root = path.replace(/(?<=.)[/\\]+$/, "");
  const read = async (
    key: string,
    range: KeyRange | null,
    maxBytes = Number.POSITIVE_INFINITY,
  ): Promise<Uint8Array | undefined> => {
    if (!isSafeKey(key)) return undefined;
    try {
      const source = await files.open(`${root}/${key}`);
      try {
        const size = source.byteLength;
        if (range === null) checkKeyBytes(key, size, maxBytes);
        if (range === null) return await source.read(0, size);
        return "suffix" in range
          ? await source.read(Math.max(size - range.suffix, 0), size)
          : await source.read(range.start, range.end);
      } finally {
        await source.close();
      }
    } catch (error) {
      if (isAbsence(error)) return undefined;
      throw error;
    }
  };
  return {
    name: path,
    isListable: true,
    get: (key, maxBytes) => read(key, null, maxBytes),
    getRange: (key, range) => read(key, range),
    async list(folder) {
      if (folder !== "" && !isSafeKey(folder)) return [];
      return (await files.list(folder === "" ? root : `${root}/${folder}`)) ?? [];
    },
    close: async () => undefined,
  };
}

/** The file does not exist, or the path leads through a file. */
function isAbsence(error: unknown): boolean {
  if (!(error instanceof AtlasmtlError)) return false;
  return error.code === "NOT_FOUND" || (error.cause as { code?: unknown } | undefined)?.code === "ENOTDIR";
}
