/**
 * The system calls that write files, one function each, so that a test can stop a save after any of them.
 * @module
 */
import { createHash } from "node:crypto";
import { createReadStream, type Stats } from "node:fs";
import { link, lstat, mkdir, open, readdir, readFile, rename, rm, rmdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { systemCode } from "../core/file-errors.ts";

/** A file open for writing. */
export interface DiskFile {
  write(piece: Uint8Array): Promise<void>;
  /** Until then a power failure may lose the written bytes. */
  sync(): Promise<void>;
  close(): Promise<void>;
}

export interface Disk {
  /** The names in a folder; none if it does not exist or is not a folder. */
  names(folder: string): Promise<readonly string[]>;
  /** What is at `path`, without following links; null if nothing is. */
  look(path: string): Promise<Stats | null>;
  read(path: string): Promise<Uint8Array>;
  /** SHA-256 of a file in hex. */
  sha256(path: string): Promise<string>;
  /** Creates a file that must not exist yet. */
  create(path: string): Promise<DiskFile>;
  /** Flushes a file that was written by other code. */
  flush(path: string): Promise<void>;
  /** Makes created, renamed and removed names durable, if the system can open a folder. */
  flushFolder(folder: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Creates a hard link to a file; fails if `to` exists. */
  link(from: string, to: string): Promise<void>;
  /** Removes a file if it exists. */
  remove(path: string): Promise<void>;
  /** Creates the folder of `path` and its missing parents; returns the created ones, deepest first. */
  makeFolderOf(path: string): Promise<readonly string[]>;
  /** Removes a folder if it is empty. */
  removeEmpty(folder: string): Promise<void>;
}

export const nodeDisk: Disk = {
  async names(folder) {
    try {
      return await readdir(folder);
    } catch (error) {
      if (["ENOENT", "ENOTDIR"].includes(systemCode(error) ?? "")) return [];
      throw error;
    }
  },

  look: (path) => lstat(path).catch(() => null),
  read: (path) => readFile(path),

  async sha256(path) {
    const hash = createHash("sha256");
    for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 }))
      hash.update(piece as Buffer);
    return hash.digest("hex");
  },

  async create(path) {
    const handle = await open(path, "wx");
    return {
      async write(piece) {
        let done = 0;
        while (done < piece.length)
          done += (await handle.write(piece, done, Math.min(piece.length - done, 1 << 30))).bytesWritten;
      },
      sync: () => handle.sync(),
      close: () => handle.close(),
    };
  },

  async flush(path) {
    const handle = await open(path, "r+");
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  },

  async flushFolder(folder) {
    const handle = await open(folder, "r").catch(() => null);
    if (handle === null) return;
    await handle.sync().catch(() => undefined);
    await handle.close();
  },

  rename: (from, to) => rename(from, to),
  link: (from, to) => link(from, to),
  remove: (path) => rm(path, { force: true }),

  async makeFolderOf(path) {
    const folder = dirname(resolve(path));
    const missing: string[] = [];
    for (let at = folder; !(await stat(at).catch(() => null)) && at !== dirname(at); at = dirname(at))
      missing.push(at);
    // One by one: the recursive call of Node never ends where the system denies a folder by ENOENT, as in /proc.
    for (const each of [...missing].reverse()) await makeFolder(each);
    // A file in place of the folder.
    if (missing.length === 0 && !(await stat(folder)).isDirectory()) await mkdir(folder);
    return missing;
  },

  removeEmpty: (folder) => rmdir(folder).catch(() => undefined),
};

/** Another process may make the same folder at the same time. */
async function makeFolder(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    const isThere = systemCode(error) === "EEXIST" && (await stat(path).catch(() => null))?.isDirectory();
    if (isThere !== true) throw error;
  }
}
