/** Files that a page or a program holds, listed in folders as a file system lists them. @module */
import { AtlasmtlError } from "../errors.ts";
import type { ByteSource } from "./bytes.ts";
import { createFileSet, type FileSetInput, filesByPath } from "./file-set.ts";
import { normalizePath } from "./paths.ts";

/** Where the files of a dataset of several are found. */
export interface FileTree {
  /** The names in a folder; null for what is none. */
  list(path: string): Promise<readonly string[] | null>;
  /** @throws NOT_FOUND when `path` does not exist, IO when it cannot be read. */
  open(path: string): Promise<ByteSource>;
}

/** Files that were given together. */
export interface GivenFiles extends FileTree {
  /** The deepest folder that holds all; `.` where they have none. */
  readonly root: string;
  /** For messages. */
  readonly name: string;
  /** The file itself, where it is only one. */
  readonly only: Blob | Uint8Array | null;
  /** The file at a path; null for a folder. */
  file(path: string): Blob | Uint8Array | null;
}

const MAX_NAMED = 3;

/** The files of `input`. @throws USAGE for no files, or what is no file. */
export function givenFiles(input: FileSetInput): GivenFiles {
  const files = filesByPath(input);
  const store = createFileSet(files);
  const { paths } = store;
  if (paths.length === 0)
    throw new AtlasmtlError("USAGE", "got no files, expected those of a dataset", {
      hint: "pass a file, or all files of a folder",
    });
  const folders = new Map<string, Set<string>>([["", new Set()]]);
  for (const path of paths) {
    const parts = path.split("/");
    parts.forEach((part, depth) => {
      const folder = parts.slice(0, depth).join("/");
      if (!folders.has(folder)) folders.set(folder, new Set());
      folders.get(folder)!.add(part);
    });
  }
  let root = "";
  for (let names = folders.get(root)!; names.size === 1; names = folders.get(root)!) {
    const inside = root === "" ? [...names][0] : `${root}/${[...names][0]}`;
    if (!folders.has(inside)) break;
    root = inside;
  }
  const more = paths.length > MAX_NAMED ? `, … (${paths.length} files)` : "";
  return {
    list: async (path) => {
      const names = folders.get(normalizePath(path));
      return names === undefined ? null : [...names];
    },
    open: (path) => store.open(path),
    root: root === "" ? "." : root,
    name: root === "" ? paths.slice(0, MAX_NAMED).join(", ") + more : root,
    only: paths.length === 1 ? files.get(paths[0])! : null,
    file: (path) => files.get(normalizePath(path)) ?? null,
  };
}
