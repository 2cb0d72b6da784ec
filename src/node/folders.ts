/**
 * Writes a folder and the files made from it atomically: a crash leaves either the old ones or the new ones
 * (`commit.ts`).
 * @module
 */
import { readdir, stat } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { AlsoWrite } from "../core/bytes.ts";
import { asFileError } from "../core/file-errors.ts";
import type { FolderWriter } from "../core/platform.ts";
import { AtlasmtlError } from "../errors.ts";
import { type CommitHost, commitFiles, HOST, type Part } from "./commit.ts";
import type { Disk } from "./disk.ts";
import { putBack } from "./journal.ts";

/** @throws USAGE for a file, or a folder that is neither empty nor replaceable. */
export async function checkReplaceable(
  path: string,
  isReplaceable: (names: readonly string[]) => boolean,
): Promise<void> {
  const stats = await stat(path).catch(() => null);
  if (stats === null) return;
  if (!stats.isDirectory())
    throw new AtlasmtlError("USAGE", "a file stands where the output folder would be", {
      where: path,
      hint: "remove it or name another output",
    });
  const names = await readdir(path);
  if (names.length > 0 && !isReplaceable(names))
    throw new AtlasmtlError(
      "USAGE",
      `the output path is a folder of other content: ${names.slice(0, 3).join(", ")}`,
      {
        where: path,
        hint: "name a new folder; only an earlier output is replaced",
      },
    );
}

/** See `FileSystem.replaceFolder`. */
export async function replaceFolder(
  path: string,
  isReplaceable: (names: readonly string[]) => boolean,
  make: (folder: FolderWriter) => Promise<void>,
  also?: AlsoWrite,
  host: CommitHost = HOST,
): Promise<void> {
  const part: Part = {
    path: path.replace(/(?<=[^/\\])[/\\]+$/, ""),
    isFolder: true,
    async write(temporary, mode) {
      await checkReplaceable(path, isReplaceable);
      await host.disk.makeFolder(temporary);
      await make(folderWriter(temporary, host.disk));
      if (mode !== null) await host.disk.setMode(temporary, mode);
      await host.disk.flushFolders(temporary);
      return host.disk.sha256Folder(temporary);
    },
  };
  try {
    // An older version left it, which had no journal for folders.
    const target = await host.disk.follow(resolve(part.path));
    await putBack(host.disk, target);
    await commitFiles([part], also, host);
  } catch (error) {
    throw asFileError(error, path, "write");
  }
}

function folderWriter(root: string, disk: Disk): FolderWriter {
  const made = new Set<string>();
  const written = new Set<string>();
  return {
    path: root,
    async write(key, bytes) {
      const path = join(root, ...key.split("/"));
      const folder = dirname(path);
      if (!made.has(folder)) await disk.makeFolder(folder);
      made.add(folder);
      if (written.has(path)) await disk.remove(path);
      written.add(path);
      const file = await disk.create(path, null);
      try {
        await file.write(bytes);
        await file.sync();
      } finally {
        await file.close();
      }
    },
  };
}
