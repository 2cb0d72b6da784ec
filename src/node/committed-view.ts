/** Reads and repairs folders in which a commit was interrupted. @module */
import { realpath, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import type { ByteSource, CommittedStore } from "../core/bytes.ts";
import { asFileError, systemCode } from "../core/file-errors.ts";
import { isAtlasmtlError } from "../errors.ts";
import { bytesPart, commitFiles } from "./commit.ts";
import { type Disk, nodeDisk } from "./disk.ts";
import { findJournals, finishJournal } from "./journal.ts";

/**
 * The files as they will be once every commit is finished. Folders are read on first use; nothing is written.
 */
export function committedView(
  open: (path: string) => Promise<ByteSource>,
  disk: Disk = nodeDisk,
): CommittedStore {
  const folders = new Map<string, Promise<ReadonlyMap<string, string>>>();
  const waiting = new Map<string, string>();

  const waitingIn = (folder: string): Promise<ReadonlyMap<string, string>> => {
    let known = folders.get(folder);
    if (known === undefined) {
      known = waitingFiles(disk, folder).then((found) => {
        for (const [path, temporary] of found) waiting.set(path, temporary);
        return found;
      });
      folders.set(folder, known);
    }
    return known;
  };
  const temporaryOf = async (path: string): Promise<string | null> => {
    const named = resolve(path);
    await waitingIn(dirname(named));
    const followed = await disk.follow(named).catch((error: unknown) => {
      throw asFileError(error, path, "read");
    });
    if (followed !== named) await waitingIn(dirname(followed));
    return waiting.get(followed) ?? null;
  };

  return {
    async open(path) {
      const temporary = await temporaryOf(path);
      if (temporary !== null)
        try {
          return { ...(await open(temporary)), name: path };
        } catch (error) {
          // Its writer is alive and has renamed it in the meantime.
          if (!isAtlasmtlError(error, "NOT_FOUND")) throw error;
        }
      return open(path);
    },
    async exists(path) {
      // Links in a circle lead to no file.
      const temporary = await temporaryOf(path).catch((error: unknown) => {
        if (isAtlasmtlError(error, "IO")) return null;
        throw error;
      });
      if (temporary !== null) return true;
      return stat(path).then(
        (stats) => stats.isFile(),
        () => false,
      );
    },
    placeOf: async (path) => (await temporaryOf(path)) ?? path,
    // A file under its temporary name is not a link, and is already in its final folder.
    async realPath(path) {
      const temporary = await temporaryOf(path);
      if (temporary === null) return realPath(path);
      return realPath(temporary).catch(() => realPath(path));
    },
    writeAll: (files, also) =>
      commitFiles(
        files.map((file) => bytesPart(file)),
        also,
      ),
    unfinished: () => [...waiting.keys()],
  };
}

/** @throws NOT_FOUND, IO. */
export async function realPath(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    throw asFileError(error, path, "read");
  }
}

/** Absolute path → temporary path, for commits whose journal is in `folder`. */
async function waitingFiles(disk: Disk, folder: string): Promise<ReadonlyMap<string, string>> {
  try {
    const found = await findJournals(disk, folder);
    return new Map(
      found.flatMap(({ pending }) => (pending ?? []).map((file) => [file.path, file.temporary])),
    );
  } catch (error) {
    // A folder may forbid listing while its files are readable.
    if (["EACCES", "EPERM"].includes(systemCode(error) ?? "")) return new Map();
    throw asFileError(error, folder, "read");
  }
}

/**
 * Renames the files of interrupted commits in `folder`; returns their final paths.
 * @throws IO when the folder cannot be written.
 */
export async function finishFolder(folder: string, disk: Disk = nodeDisk): Promise<readonly string[]> {
  const done: string[] = [];
  try {
    for (const { path, pending } of await findJournals(disk, resolve(folder))) {
      if (pending === null) continue;
      await finishJournal(disk, path, pending);
      done.push(...pending.map((file) => file.path));
    }
  } catch (error) {
    throw asFileError(error, folder, "write");
  }
  return done;
}
