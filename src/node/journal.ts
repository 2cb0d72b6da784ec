/**
 * The journal of a commit: a small file that lists the pending renames.
 *
 * It is placed once every temporary file is complete and flushed. From that moment the new state is valid:
 * writers first finish its renames, and readers follow them. A crash before that moment leaves the old state
 * and some temporary files.
 *
 * Node has no system call that swaps two folders. An existing folder is therefore renamed to a name of its own, the
 * new one to its place, and the old one is removed.
 * @module
 */
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { systemCode } from "../core/file-errors.ts";
import type { Disk } from "./disk.ts";
import { isTemporaryOf } from "./temporaries.ts";

/** One file or folder of a commit. */
export interface JournalFile {
  /** As the caller named it: `path`, or a symbolic link to it. */
  readonly named: string;
  /** The final path, absolute or as the caller gave it. */
  readonly path: string;
  /** The temporary path, in the same folder. */
  readonly temporary: string;
  readonly size: number;
  readonly sha256: string;
  readonly isFolder: boolean;
}

export interface Journal {
  /** In the order of the renames. */
  readonly files: readonly JournalFile[];
  /**
   * SHA-256 of the previous content of the last file, or of the listing of a folder; null if it did not exist. A
   * program that saves without a journal also replaces it, which shows that the journal is out of date.
   */
  readonly replaces: string | null;
}

const FORMAT = "atlasmtl commit 1";
const MAX_JOURNAL_BYTES = 1 << 20;
const MAX_JOURNAL_FILES = 1000;
const SHA256 = /^[0-9a-f]{64}$/;

/** The path of the journal of a commit whose last file is `target`. */
export function journalPath(target: string): string {
  return join(dirname(target), `.${basename(target)}.commit`);
}

/** For the name of a journal, the last file of its commit; null for any other name. */
function journalTarget(name: string): string | null {
  return /^\.(.+)\.commit$/.exec(name)?.[1] ?? null;
}

export function emitJournal(path: string, { files, replaces }: Journal): Uint8Array {
  const folder = resolve(dirname(path));
  const entries = files.map((file) => ({
    path: relative(folder, resolve(file.path)).split(sep).join("/"),
    ...(resolve(file.named) === resolve(file.path) ? {} : { link: basename(file.named) }),
    ...(file.isFolder ? { folder: true } : {}),
    temporary: basename(file.temporary),
    size: file.size,
    sha256: file.sha256,
  }));
  return new TextEncoder().encode(
    `${JSON.stringify({ format: FORMAT, replaces, files: entries }, null, 2)}\n`,
  );
}

/** Reads the journal at `path`; null if it is not a journal. (No writer leaves an incomplete one.) */
async function readJournal(disk: Disk, path: string): Promise<Journal | null> {
  const stats = await disk.look(path);
  if (!stats?.isFile() || stats.size > MAX_JOURNAL_BYTES) return null;
  try {
    return parseJournal(path, JSON.parse(new TextDecoder().decode(await disk.read(path))));
  } catch (error) {
    if (error instanceof SyntaxError || systemCode(error) === "ENOENT") return null;
    throw error;
  }
}

function parseJournal(path: string, json: unknown): Journal | null {
  if (typeof json !== "object" || json === null) return null;
  const { format, replaces, files } = json as Readonly<Record<string, unknown>>;
  if (format !== FORMAT || !Array.isArray(files) || files.length === 0) return null;
  if (files.length > MAX_JOURNAL_FILES || !(replaces === null || isDigest(replaces))) return null;
  const folder = resolve(dirname(path));
  const parsed = files.map((file: unknown) => parseFile(folder, file));
  if (parsed.includes(null)) return null;
  const all = parsed as JournalFile[];
  const target = join(folder, journalTarget(basename(path)) ?? "");
  const isDistinct = new Set(all.map((file) => file.path)).size === all.length;
  return isDistinct && all.at(-1)!.named === target ? { files: all, replaces } : null;
}

function parseFile(folder: string, json: unknown): JournalFile | null {
  if (typeof json !== "object" || json === null) return null;
  const { path, link = null, temporary, size, sha256, ...rest } = json as Readonly<Record<string, unknown>>;
  if (typeof path !== "string" || typeof temporary !== "string" || path.includes("\0")) return null;
  if (!Number.isSafeInteger(size) || !isDigest(sha256)) return null;
  const absolute = resolve(folder, path);
  if (basename(temporary) !== temporary || !isTemporaryOf(temporary, basename(absolute))) return null;
  if (link !== null && (typeof link !== "string" || basename(link) !== link)) return null;
  return {
    // Only the last file's name is read again, and it is in the folder of the journal.
    named: link === null ? absolute : join(folder, link),
    path: absolute,
    temporary: join(dirname(absolute), temporary),
    size: size as number,
    sha256,
    isFolder: rest.folder === true,
  };
}

function isDigest(value: unknown): value is string {
  return typeof value === "string" && SHA256.test(value);
}

/**
 * The files that are still under their temporary names; null for a void journal: a file exists neither at its
 * final nor at its temporary path with its recorded content, or another program has replaced the last one.
 */
async function pendingFiles(disk: Disk, { files, replaces }: Journal): Promise<JournalFile[] | null> {
  const pending: JournalFile[] = [];
  for (const file of files) {
    if (await isWhole(disk, file.temporary, file)) pending.push(file);
    else if (!(await isWhole(disk, file.path, file))) return null;
  }
  const last = files.at(-1)!;
  if (pending.at(-1) !== last) return pending;
  const isMoved = last.isFolder && (await disk.look(last.path)) === null;
  const old = isMoved ? asidePath(last.path) : last.path;
  return (await contentOf(disk, old)) === replaces ? pending : null;
}

async function isWhole(disk: Disk, path: string, { size, sha256, isFolder }: JournalFile): Promise<boolean> {
  const stats = await disk.look(path);
  if (!isFolder) return stats?.size === size && (await digestOf(disk, path)) === sha256;
  if (!stats?.isDirectory()) return false;
  const found = await disk.sha256Folder(path);
  return found.sizeBytes === size && found.sha256 === sha256;
}

/** What tells the content at `path` from another: of a file its digest, of a folder that of its listing. */
export async function contentOf(disk: Disk, path: string): Promise<string | null> {
  return (await disk.look(path))?.isDirectory() ? disk.sha256Listing(path) : digestOf(disk, path);
}

/** The name of a folder that is being replaced. */
const asidePath = (path: string): string => join(dirname(path), `.${basename(path)}.previous`);

/** Puts a folder back that was moved aside for another one which did not come. */
export async function putBack(disk: Disk, path: string): Promise<void> {
  const aside = asidePath(path);
  if ((await disk.look(aside)) === null) return;
  if ((await disk.look(path)) === null) await disk.rename(aside, path);
  else await disk.remove(aside);
}

/**
 * SHA-256 of a file; null if it does not exist or is not a regular file (a link may lead anywhere, a pipe
 * never ends).
 */
export async function digestOf(disk: Disk, path: string): Promise<string | null> {
  if (!(await disk.look(path))?.isFile()) return null;
  try {
    return await disk.sha256(path);
  } catch (error) {
    if (["ENOENT", "EISDIR", "ENOTDIR"].includes(systemCode(error) ?? "")) return null;
    throw error;
  }
}

/**
 * Renames the files that are still under their temporary names; another process may do the same at the same
 * time.
 */
export async function finishJournal(
  disk: Disk,
  path: string,
  pending: readonly JournalFile[],
  written: Uint8Array | null = null,
): Promise<void> {
  for (const file of pending) {
    try {
      if (file.isFolder && (await disk.look(file.temporary)) !== null) await moveAside(disk, file.path);
      await disk.rename(file.temporary, file.path);
    } catch (error) {
      if (systemCode(error) !== "ENOENT" || !(await isWhole(disk, file.path, file))) throw error;
    }
  }
  for (const folder of new Set(pending.map((file) => dirname(file.path)))) await disk.flushFolder(folder);
  // If the journal has changed, another process has finished this commit and begun another.
  if (written !== null && !(await holds(disk, path, written))) return;
  await disk.remove(path);
  await disk.flushFolder(dirname(path));
  for (const file of pending) if (file.isFolder) await disk.remove(asidePath(file.path));
}

async function moveAside(disk: Disk, path: string): Promise<void> {
  if ((await disk.look(path)) === null) return;
  const aside = asidePath(path);
  await disk.remove(aside);
  await disk.rename(path, aside);
}

/** True if the file has exactly these bytes. */
async function holds(disk: Disk, path: string, bytes: Uint8Array): Promise<boolean> {
  try {
    return Buffer.from(bytes).equals(await disk.read(path));
  } catch {
    return false;
  }
}

/** A journal in a folder, with its pending renames; null if it is void. */
export interface FoundJournal {
  readonly path: string;
  readonly journal: Journal | null;
  readonly pending: readonly JournalFile[] | null;
}

/** A commit may have files in folders below that of its journal, up to so many levels (those of a benchmark). */
const MAX_LEVELS = 2;

/** The journals in a folder, and those in the folders above it that list a file in it. */
export async function findJournals(disk: Disk, folder: string): Promise<FoundJournal[]> {
  const found: FoundJournal[] = [];
  const own = resolve(folder);
  let at = folder;
  for (let level = 0; level <= MAX_LEVELS; level++) {
    for (const path of await journalsIn(disk, at, level > 0)) {
      const journal = await readJournal(disk, path);
      if (level > 0 && journal?.files.some((file) => dirname(file.path) === own) !== true) continue;
      found.push({ path, journal, pending: journal === null ? null : await pendingFiles(disk, journal) });
    }
    at = dirname(resolve(at));
  }
  return found;
}

/** A folder above may forbid listing. */
async function journalsIn(disk: Disk, folder: string, isAbove: boolean): Promise<string[]> {
  try {
    return (await disk.names(folder))
      .filter((name) => journalTarget(name) !== null)
      .map((name) => join(folder, name));
  } catch (error) {
    if (isAbove && ["EACCES", "EPERM"].includes(systemCode(error) ?? "")) return [];
    throw error;
  }
}
