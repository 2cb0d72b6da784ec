/**
 * Writes several files so that a crash at any moment leaves the old ones or the new ones
 * (docs/specification/1-artifacts.md#atomic-saves).
 *
 * 1. Every file goes to a temporary name in its folder and is flushed.
 * 2. A journal of the renames to come is flushed and put in place: the commit.
 * 3. The renames are made, the last file last; the journal is removed.
 *
 * One file needs no journal: its rename is the commit.
 * @module
 */
import { createHash } from "node:crypto";
import { dirname, resolve } from "node:path";
import type { AlsoWrite, FileToWrite, WrittenFile } from "../core/bytes.ts";
import { asFileError, systemCode } from "../core/file-errors.ts";
import { AtlasmtlError, isAtlasmtlError } from "../errors.ts";
import { type Disk, nodeDisk } from "./disk.ts";
import {
  digestOf,
  emitJournal,
  findJournals,
  finishJournal,
  type JournalFile,
  journalPath,
} from "./journal.ts";
import { type Owner, removeLeftovers, temporaryPath, thisProcess } from "./temporaries.ts";

export interface CommitHost {
  readonly disk: Disk;
  readonly owner: Owner;
}

const HOST: CommitHost = { disk: nodeDisk, owner: thisProcess };

/** A file of a commit; `write` makes the whole of it under another name, and returns its size and digest. */
export interface Part {
  readonly path: string;
  write(temporary: string): Promise<Pick<WrittenFile, "sizeBytes" | "sha256">>;
}

/** Attempts to put a journal in place while other processes commit to the same files. */
const MAX_ATTEMPTS = 10;

/**
 * Writes all parts, and what `also` makes of them, or none; the last part is the last to be renamed.
 *
 * Earlier commits in the same folders that were interrupted are finished first, and what dead writers of the
 * last part left is removed.
 * @throws IO located in the file that cannot be written; what a part throws.
 */
export async function commitFiles(
  parts: readonly Part[],
  also: AlsoWrite = () => [],
  { disk, owner }: CommitHost = HOST,
): Promise<void> {
  if (parts.length === 0) return;
  const target = parts.at(-1)!.path;
  const prepared = new Set<string>();
  const folders: string[] = [];
  const staged: JournalFile[] = [];
  const begun: string[] = [];
  let at = target;

  const prepare = async (path: string): Promise<void> => {
    folders.push(...(await disk.makeFolderOf(path)));
    const folder = dirname(resolve(path));
    if (!prepared.has(folder))
      await tidy(disk, owner, folder, target, [target, ...parts.map((part) => part.path)]);
    prepared.add(folder);
  };
  const stage = async (part: Part): Promise<void> => {
    at = part.path;
    await prepare(part.path);
    const temporary = temporaryPath(owner, part.path, target);
    begun.push(temporary);
    const { sizeBytes, sha256 } = await part.write(temporary);
    staged.push({ path: part.path, temporary, size: sizeBytes, sha256 });
  };

  try {
    await prepare(target); // its journal may concern files of other folders
    for (const part of parts) await stage(part);
    const written = staged.map(({ path, size, sha256 }) => ({ path, sizeBytes: size, sha256 }));
    for (const file of also(written)) await stage(bytesPart(file, { disk }));
    at = target;
    const last = staged[parts.length - 1];
    await place(disk, owner, target, [...staged.filter((file) => file !== last), last]);
  } catch (error) {
    if (!(error instanceof Unfinished)) {
      for (const temporary of begun) await disk.remove(temporary).catch(() => undefined);
      for (const folder of folders) await disk.removeEmpty(folder);
    }
    throw asFileError(error instanceof Unfinished ? error.asIo() : asFullDisk(error), at, "write");
  }
}

/** A part whose bytes are at hand. */
export function bytesPart({ path, bytes }: FileToWrite, { disk }: Pick<CommitHost, "disk"> = HOST): Part {
  return {
    path,
    async write(temporary) {
      const hash = createHash("sha256");
      let sizeBytes = 0;
      const file = await disk.create(temporary);
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

/** A part that `make` writes itself. */
export function madePart(
  path: string,
  make: (temporary: string) => Promise<void>,
  isAlone: boolean,
  { disk }: Pick<CommitHost, "disk"> = HOST,
): Part {
  return {
    path,
    async write(temporary) {
      await make(temporary);
      await disk.flush(temporary);
      // The digest is for the journal and for others; a file alone needs none.
      if (isAlone) return { sizeBytes: 0, sha256: "" };
      const stats = await disk.look(temporary);
      return { sizeBytes: stats?.size ?? 0, sha256: await disk.sha256(temporary) };
    },
  };
}

/** Finishes what was interrupted in a folder; what is void for `target` is forgotten. */
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
  for (const { path } of staged)
    if ((await disk.look(path))?.isDirectory())
      throw new AtlasmtlError("IO", "a folder stands where a file is needed", {
        where: path,
        hint: "choose another path",
      });
  if (staged.length === 1) {
    await disk.rename(staged[0].temporary, target);
    await disk.flushFolder(dirname(target));
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

/** Puts the journal in place and returns its bytes; a commit to the same file that is under way is finished first. */
async function putJournal(
  disk: Disk,
  owner: Owner,
  path: string,
  target: string,
  files: readonly JournalFile[],
): Promise<Uint8Array> {
  for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
    const replaces = await digestOf(disk, target);
    const bytes = emitJournal(path, { files, replaces });
    const temporary = temporaryPath(owner, path, target);
    try {
      await bytesPart({ path, bytes: [bytes] }, { disk }).write(temporary);
      const isPlaced = await nameOnce(disk, temporary, path);
      await disk.remove(temporary);
      await disk.flushFolder(dirname(path));
      // Somebody may have committed, and finished, between our look at the target and our journal.
      if (isPlaced && (await digestOf(disk, target)) === replaces) return bytes;
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

/** False when there is a file at `to` already. */
async function nameOnce(disk: Disk, from: string, to: string): Promise<boolean> {
  try {
    await disk.link(from, to);
  } catch (error) {
    const code = systemCode(error) ?? "";
    if (code === "EEXIST") return false;
    // Some disks have no second names; there, two savers at once are not kept apart.
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

/** Where no rename was made yet, the commit can be taken back: true when it was. */
async function takenBack(disk: Disk, path: string, staged: readonly JournalFile[]): Promise<boolean> {
  try {
    for (const { temporary } of staged) if ((await disk.look(temporary)) === null) return false;
    await disk.remove(path);
    return true;
  } catch {
    return false;
  }
}

/** The HDF5 library says why it failed in words only. */
function asFullDisk(error: unknown): unknown {
  if (!isAtlasmtlError(error, "IO") || !(error.cause instanceof Error)) return error;
  if (!/no space left/i.test(error.cause.message)) return error;
  return Object.assign(new Error(error.message, { cause: error }), { code: "ENOSPC" });
}

/** The files are committed and could not all be renamed. */
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
