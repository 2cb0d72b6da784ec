/**
 * Writes several files atomically: a crash at any moment leaves either the old files or the new ones
 * (docs/specification/1-artifacts.md#atomic-saves).
 *
 * 1. Every file is written to a temporary name in its folder and flushed. Files that are made from them, such as the
 *    record of a run, are made by one process at a time (`turns.ts`).
 * 2. A journal of the pending renames is flushed and renamed into place: the commit.
 * 3. The files are renamed, the last one last, and the journal is removed.
 *
 * A part may be a folder, which is first moved aside where one stands (`journal.ts`). A single file, and a folder
 * where none stands, need no journal: the rename is the commit.
 *
 * A file that is replaced keeps its mode bits. A symbolic link stays, and the file that it leads to is replaced.
 * @module
 */
import { createHash } from "node:crypto";
import { dirname, resolve } from "node:path";
import type { AlsoWrite, FileToWrite, WrittenFile } from "../core/bytes.ts";
import { asFileError, systemCode } from "../core/file-errors.ts";
import { AtlasmtlError, isAtlasmtlError } from "../errors.ts";
import { type Disk, inFolderOf, nodeDisk } from "./disk.ts";
import {
  contentOf,
  emitJournal,
  findJournals,
  finishJournal,
  type JournalFile,
  journalPath,
  putBack,
} from "./journal.ts";
import { type Owner, removeLeftovers, temporaryPath, thisProcess } from "./temporaries.ts";
import { CLAIM_TARGET, takeTurn } from "./turns.ts";

export interface CommitHost {
  readonly disk: Disk;
  readonly owner: Owner;
}

export const HOST: CommitHost = { disk: nodeDisk, owner: thisProcess };

/**
 * A file or folder of a commit. `write` writes it completely under another name, with these mode bits if they are
 * given, and returns its size and digest.
 */
export interface Part {
  readonly path: string;
  readonly isFolder?: true;
  write(temporary: string, mode: number | null): Promise<Pick<WrittenFile, "sizeBytes" | "sha256">>;
}

/** Attempts to place a journal while other processes commit to the same files. */
const MAX_ATTEMPTS = 10;

/**
 * Writes all parts and the files that `also` makes from them, or none; the last part is renamed last.
 *
 * Interrupted commits in the same folders are finished first, and temporary files of dead writers of the last
 * part are removed.
 * @throws IO that names the file that cannot be written; what a part throws.
 */
export async function commitFiles(
  parts: readonly Part[],
  also?: AlsoWrite,
  { disk, owner }: CommitHost = HOST,
): Promise<void> {
  if (parts.length === 0) return;
  const target = parts.at(-1)!.path;
  const prepared = new Set<string>();
  const folders: string[] = [];
  const staged: JournalFile[] = [];
  const written: WrittenFile[] = [];
  const begun: string[] = [];
  let at = target;
  let endTurn: (() => Promise<void>) | null = null;

  const prepare = async (path: string): Promise<void> => {
    await inFolderOf(disk, path, folders, async () => undefined);
    const folder = dirname(resolve(path));
    if (!prepared.has(folder))
      await tidy(disk, owner, folder, target, [target, ...parts.map((part) => part.path), CLAIM_TARGET]);
    prepared.add(folder);
  };
  const stage = async (part: Part): Promise<void> => {
    at = part.path;
    const { path: named, isFolder = false } = part;
    const path = await disk.follow(named);
    for (const each of new Set([named, path])) await prepare(each);
    const temporary = temporaryPath(owner, path, target);
    begun.push(temporary);
    const mode = await modeOf(disk, path);
    const { sizeBytes, sha256 } = await inFolderOf(disk, path, folders, () => part.write(temporary, mode));
    staged.push({ named, path, temporary, size: sizeBytes, sha256, isFolder });
    written.push({ path: named, sizeBytes, sha256 });
  };

  try {
    await prepare(target); // its journal may concern files of other folders
    for (const part of parts) await stage(part);
    if (also !== undefined) {
      endTurn = await takeTurn(disk, owner, dirname(target));
      // What another process committed before it died counts among what is there.
      prepared.delete(dirname(resolve(target)));
      await prepare(target);
      for (const file of await also([...written])) await stage(bytesPart(file, { disk }));
    }
    at = target;
    const last = staged[parts.length - 1];
    await place(disk, owner, target, [...staged.filter((file) => file !== last), last]);
  } catch (error) {
    await endTurn?.();
    if (!(error instanceof Unfinished)) {
      for (const temporary of begun) await disk.remove(temporary).catch(() => undefined);
      for (const folder of folders) await disk.removeEmpty(folder);
    }
    throw asFileError(error instanceof Unfinished ? error.asIo() : asFullDisk(error), at, "write");
  } finally {
    await endTurn?.();
  }
}

/** The permissions of the file or folder at `path`; null if there is none. */
async function modeOf(disk: Disk, path: string): Promise<number | null> {
  const stats = await disk.look(path);
  return stats === null ? null : stats.mode & 0o7777;
}

/** A part whose bytes are given. */
export function bytesPart({ path, bytes }: FileToWrite, { disk }: Pick<CommitHost, "disk"> = HOST): Part {
  return {
    path,
    async write(temporary, mode) {
      const hash = createHash("sha256");
      let sizeBytes = 0;
      const file = await disk.create(temporary, mode);
      try {
        for (const piece of bytes) {
          hash.update(piece);
          sizeBytes += piece.length;
          await file.write(piece);
        }
        await file.sync();
      } finally {
        await file.close();
      }
      return { sizeBytes, sha256: hash.digest("hex") };
    },
  };
}

/** A part that `make` writes into an empty file. */
export function madePart(
  path: string,
  make: (temporary: string) => Promise<void>,
  isAlone: boolean,
  { disk }: Pick<CommitHost, "disk"> = HOST,
): Part {
  return {
    path,
    async write(temporary, mode) {
      // Exclusively, and with no more permissions than it will have.
      await (await disk.create(temporary, mode === null ? null : mode | WRITABLE)).close();
      await make(temporary);
      await disk.flush(temporary);
      if (mode !== null) await disk.setMode(temporary, mode);
      // The digest is for the journal and for `also`; a single file needs none.
      if (isAlone) return { sizeBytes: 0, sha256: "" };
      const stats = await disk.look(temporary);
      return { sizeBytes: stats?.size ?? 0, sha256: await disk.sha256(temporary) };
    },
  };
}

/** The owner may write, which the library that writes the file needs. */
const WRITABLE = 0o200;

/** Finishes interrupted commits in a folder; a void journal of `target` is removed. */
async function tidy(
  disk: Disk,
  owner: Owner,
  folder: string,
  target: string,
  paths: readonly string[],
): Promise<void> {
  const own = resolve(journalPath(target));
  for (const { path, pending } of await findJournals(disk, folder)) {
    if (pending !== null) await finishJournal(disk, path, pending);
    else if (resolve(path) === own) await disk.remove(path);
  }
  await removeLeftovers(disk, owner, folder, paths);
}

async function place(
  disk: Disk,
  owner: Owner,
  target: string,
  staged: readonly JournalFile[],
): Promise<void> {
  for (const { path, isFolder } of staged)
    if (!isFolder && (await disk.look(path))?.isDirectory())
      throw new AtlasmtlError("IO", "a folder stands where a file is needed", {
        where: path,
        hint: "choose another path",
      });
  const [only] = staged;
  if (staged.length === 1 && (!only.isFolder || (await disk.look(only.path)) === null)) {
    await disk.rename(only.temporary, only.path);
    await disk.flushFolder(dirname(only.path));
    return;
  }
  for (const folder of new Set(staged.map(({ path }) => dirname(resolve(path)))))
    await disk.flushFolder(folder);
  const path = journalPath(target);
  const bytes = await putJournal(disk, owner, path, target, staged);
  try {
    await finishJournal(disk, path, staged, bytes);
  } catch (error) {
    if (!(await takenBack(disk, path, staged))) throw new Unfinished(target, error);
    throw error;
  }
}

/**
 * Places the journal and returns its bytes. A commit to the same file that is in progress is finished first.
 */
async function putJournal(
  disk: Disk,
  owner: Owner,
  path: string,
  target: string,
  files: readonly JournalFile[],
): Promise<Uint8Array> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const last = files.at(-1)!;
    const replaces = await contentOf(disk, last.path);
    const bytes = emitJournal(path, { files, replaces });
    const temporary = temporaryPath(owner, path, target);
    try {
      await bytesPart({ path, bytes: [bytes] }, { disk }).write(temporary, null);
      const isPlaced = await nameOnce(disk, temporary, path);
      await disk.remove(temporary);
      await disk.flushFolder(dirname(path));
      // Another process may have committed, and finished, between our check of the target and our journal.
      if (isPlaced && (await contentOf(disk, last.path)) === replaces) return bytes;
      if (isPlaced) await disk.remove(path);
      else await tidyJournal(disk, path);
    } catch (error) {
      await disk.remove(temporary).catch(() => undefined);
      throw error;
    }
  }
  throw new AtlasmtlError("IO", "other processes keep writing the same files", {
    where: target,
    hint: "let one process at a time write there",
  });
}

/** False if a file exists at `to`. */
async function nameOnce(disk: Disk, from: string, to: string): Promise<boolean> {
  try {
    await disk.link(from, to);
  } catch (error) {
    const code = systemCode(error) ?? "";
    if (code === "EEXIST") return false;
    // Some file systems have no hard links; there, two concurrent saves are not detected.
    if (!["EPERM", "ENOTSUP", "EOPNOTSUPP", "ENOSYS", "EMLINK", "EINVAL"].includes(code)) throw error;
    await disk.rename(from, to);
  }
  return true;
}

async function tidyJournal(disk: Disk, path: string): Promise<void> {
  const found = (await findJournals(disk, dirname(path))).find(
    (each) => resolve(each.path) === resolve(path),
  );
  if (found?.pending === null) await disk.remove(path);
  else if (found !== undefined) await finishJournal(disk, path, found.pending);
}

/** Reverts the commit if no file has been renamed yet; true if it did. */
async function takenBack(disk: Disk, path: string, staged: readonly JournalFile[]): Promise<boolean> {
  try {
    for (const { temporary } of staged) if ((await disk.look(temporary)) === null) return false;
    for (const file of staged) if (file.isFolder) await putBack(disk, file.path);
    await disk.remove(path);
    return true;
  } catch {
    return false;
  }
}

/** The HDF5 library reports the reason of a failure as text only. */
function asFullDisk(error: unknown): unknown {
  if (!isAtlasmtlError(error, "IO") || !(error.cause instanceof Error)) return error;
  if (!/no space left/i.test(error.cause.message)) return error;
  return Object.assign(new Error(error.message, { cause: error }), { code: "ENOSPC" });
}

/** The files are committed, but not all could be renamed. */
class Unfinished extends Error {
  constructor(
    private readonly target: string,
    override readonly cause: unknown,
  ) {
    super("unfinished");
  }

  asIo(): unknown {
    const error = asFileError(this.cause, this.target, "write");
    if (!(error instanceof AtlasmtlError)) return error;
    return new AtlasmtlError("IO", `the files are written but could not be put in place: ${error.message}`, {
      where: this.target,
      hint: "once that is solved, save again or run: atlasmtl verify --finish on this folder",
      cause: error,
    });
  }
}
