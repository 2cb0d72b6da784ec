/** A {@link FileStore} of files that a page or a program holds, found by name. @module */

import { AtlasmtlError } from "../errors.ts";
import { blobSource, bytesSource } from "./blob-source.ts";
import type { ByteSource, FileStore } from "./bytes.ts";
import { normalizePath } from "./paths.ts";

/**
 * Files as a page has them: a `FileList` or an array of `File`s (from a picker or a drop), or a map from names
 * to `Blob`s or bytes. A `File` of a folder picker is known by its path in that folder (`webkitRelativePath`).
 */
export type FileSetInput = Iterable<File> | ReadonlyMap<string, Blob | Uint8Array>;

/** A read-only store that can list its files. */
export interface FileSet extends FileStore {
  /** Paths with forward slashes, in the order given. */
  readonly paths: readonly string[];
  /** The archive that they are in. */
  readonly archive?: string;
}

/**
 * Makes a store from files; a file is read only on request. Paths are compared after `.`, `..` and
 * backslashes are resolved.
 *
 * @throws USAGE for a value that is not a file, and for two files with the same path.
 */
export function createFileSet(input: FileSetInput): FileSet {
  const files = filesByPath(input);
  return fileSetOf([...files.keys()], async (path) => {
    const file = files.get(path);
    if (file === undefined) return null;
    return file instanceof Blob ? blobSource(file, path) : bytesSource(file, path);
  });
}

/** The files by their paths, which are normalized. @throws like {@link createFileSet}. */
export function filesByPath(input: FileSetInput): ReadonlyMap<string, Blob | Uint8Array> {
  const files = new Map<string, Blob | Uint8Array>();
  for (const [name, file] of named(input)) {
    const path = normalizePath(name);
    if (files.has(path))
      throw new AtlasmtlError("USAGE", "two of the files have this path", {
        where: path,
        hint: "pass each file once; files of different folders need paths that tell them apart",
      });
    files.set(path, file);
  }
  return files;
}

/** The read-only store of files that `open` finds by their normalized `paths`. */
export function fileSetOf(
  paths: readonly string[],
  open: (path: string) => Promise<ByteSource | null>,
): FileSet {
  const known = new Set(paths);
  return {
    paths,
    async open(path) {
      const source = await open(normalizePath(path));
      if (source === null)
        throw new AtlasmtlError("NOT_FOUND", `it is not among the ${known.size} files given`, {
          where: path,
        });
      return { ...source, name: path };
    },
    exists: async (path) => known.has(normalizePath(path)),
    async writeAll([first]) {
      throw new AtlasmtlError("USAGE", "a set of files cannot be written to", {
        where: first?.path ?? "",
        hint: "take the result as bytes instead",
      });
    },
  };
}

function* named(input: FileSetInput): Generator<readonly [string, Blob | Uint8Array]> {
  if (input instanceof Map) {
    for (const [name, file] of input) {
      if (!(file instanceof Blob || file instanceof Uint8Array)) throw notAFile(file, name);
      yield [name, file];
    }
    return;
  }
  if (typeof input !== "object" || input === null || !(Symbol.iterator in input)) throw notAFile(input);
  for (const file of input as Iterable<File>) {
    if (!(file instanceof Blob && typeof file.name === "string")) throw notAFile(file);
    yield [file.webkitRelativePath || file.name, file];
  }
}

function notAFile(value: unknown, where?: string): AtlasmtlError {
  const kind = Object.prototype.toString.call(value).slice("[object ".length, -1);
  return new AtlasmtlError("USAGE", `got ${kind} where a file is expected`, {
    ...(where === undefined ? {} : { where }),
    hint: "pass Files with their names, such as input.files, or a Map from names to Blobs or Uint8Arrays",
  });
}
