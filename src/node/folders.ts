/**
 * Writes a folder atomically: a crash leaves either the old folder or the new one.
 *
 * The new folder is written under a temporary name. An existing folder is first renamed to a backup name,
 * since Node has no system call that swaps two folders. A process that dies between the two renames leaves
 * the backup, and the next write restores it before it begins.
 * @module
 */
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { asFileError, systemCode } from "../core/file-errors.ts";
import type { FolderWriter } from "../core/platform.ts";
import { AtlasmtlError } from "../errors.ts";
import { nodeDisk } from "./disk.ts";
import { removeLeftovers, temporaryPath, thisProcess } from "./temporaries.ts";

/** As `nodeDisk`, for temporary folders. */
const folderDisk = { ...nodeDisk, remove: (path: string) => rm(path, { recursive: true, force: true }) };

const asidePath = (path: string): string => join(dirname(path), `.${basename(path)}.previous`);

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
): Promise<void> {
  const target = resolve(path);
  let created: readonly string[] = [];
  let temporary: string | null = null;
  try {
    created = await nodeDisk.makeFolderOf(target);
    await recover(target);
    await checkReplaceable(target, isReplaceable);
    await removeLeftovers(folderDisk, thisProcess, dirname(target), [target]);
    temporary = temporaryPath(thisProcess, target, target);
    await mkdir(temporary);
    await make(folderWriter(temporary));
    await putInPlace(temporary, target);
  } catch (error) {
    if (temporary !== null) await folderDisk.remove(temporary).catch(() => undefined);
    for (const folder of created) await nodeDisk.removeEmpty(folder);
    throw asFileError(error, path, "write");
  }
}

function folderWriter(root: string): FolderWriter {
  const made = new Set<string>();
  return {
    path: root,
    async write(key, bytes) {
      const path = join(root, ...key.split("/"));
      const folder = dirname(path);
      if (!made.has(folder)) await mkdir(folder, { recursive: true });
      made.add(folder);
      const handle = await open(path, "w");
      try {
        await handle.writeFile(bytes);
        await handle.sync();
      } finally {
        await handle.close();
      }
    },
  };
}

async function putInPlace(temporary: string, target: string): Promise<void> {
  const aside = asidePath(target);
  try {
    await rename(target, aside);
  } catch (error) {
    if (systemCode(error) !== "ENOENT") throw error;
  }
  try {
    await rename(temporary, target);
  } catch (error) {
    await rename(aside, target).catch(() => undefined);
    throw error;
  }
  await nodeDisk.flushFolder(dirname(target));
  await folderDisk.remove(aside);
}

/** Restores or removes the backup of an interrupted replacement. */
async function recover(target: string): Promise<void> {
  const aside = asidePath(target);
  if ((await nodeDisk.look(aside)) === null) return;
  if ((await nodeDisk.look(target)) === null) await rename(aside, target);
  else await folderDisk.remove(aside);
}
