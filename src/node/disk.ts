/**
 * The system calls that write files, one function each, so that a test can stop a save after any of them.
 * @module
 */
import { createHash } from "node:crypto";
import { createReadStream, type Stats } from "node:fs";
import {
  chmod,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  rmdir,
  stat,
} from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { systemCode } from "../core/file-errors.ts";
import { compareCodePoints } from "../core/order.ts";

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
  /**
   * Where a file called `path` is: the end of a chain of symbolic links, also if nothing is there; else `path`. Fails
   * with ELOOP for links in a circle.
   */
  follow(path: string): Promise<string>;
  read(path: string): Promise<Uint8Array>;
  /** SHA-256 of a file in hex. */
  sha256(path: string): Promise<string>;
  /** Size and SHA-256 of a folder, of the text `<sha256>  <path>\n` of every file in it, sorted by path. */
  sha256Folder(path: string): Promise<{ readonly sizeBytes: number; readonly sha256: string }>;
  /** SHA-256 of paths, sizes and times of a folder's files, which changes with them. */
  sha256Listing(path: string): Promise<string>;
  /** Creates a file that must not exist yet, with these mode bits or the usual ones. */
  create(path: string, mode: number | null): Promise<DiskFile>;
  setMode(path: string, mode: number): Promise<void>;
  /** Flushes a file that was written by other code. */
  flush(path: string): Promise<void>;
  /** Makes created, renamed and removed names durable, if the system can open a folder. */
  flushFolder(folder: string): Promise<void>;
  /** As {@link flushFolder}, for a folder and all folders in it. */
  flushFolders(folder: string): Promise<void>;
  /** Creates a folder and its missing parents. */
  makeFolder(path: string): Promise<void>;
  rename(from: string, to: string): Promise<void>;
  /** Creates a hard link to a file; fails if `to` exists. */
  link(from: string, to: string): Promise<void>;
  /** Removes a file, or a folder with all that is in it, if it exists. */
  remove(path: string): Promise<void>;
  /** Creates the folder of `path` and its missing parents, durably; returns the created ones, deepest first. */
  makeFolderOf(path: string): Promise<readonly string[]>;
  /** Removes a folder if it is empty. */
  removeEmpty(folder: string): Promise<void>;
}

/** A longer chain of symbolic links is a circle, as Linux has it. */
const MAX_LINKS = 40;

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

  async follow(path) {
    let at = path;
    for (let links = 0; (await lstat(at).catch(() => null))?.isSymbolicLink(); links++) {
      if (links === MAX_LINKS)
        throw Object.assign(new Error(`links in a circle: ${path}`), { code: "ELOOP" });
      at = resolve(dirname(resolve(at)), await readlink(at));
    }
    return at;
  },

  async sha256(path) {
    const hash = createHash("sha256");
    for await (const piece of createReadStream(path, { highWaterMark: 1 << 20 }))
      hash.update(piece as Buffer);
    return hash.digest("hex");
  },

  async sha256Folder(path) {
    const hash = createHash("sha256");
    let sizeBytes = 0;
    for (const [name, { size }] of await filesIn(path)) {
      hash.update(`${await nodeDisk.sha256(join(path, name))}  ${name}\n`);
      sizeBytes += size;
    }
    return { sizeBytes, sha256: hash.digest("hex") };
  },

  async sha256Listing(path) {
    const hash = createHash("sha256");
    for (const [name, { size, mtimeMs }] of await filesIn(path))
      hash.update(`${name}\0${size}\0${mtimeMs}\n`);
    return hash.digest("hex");
  },

  async create(path, mode) {
    const handle = await open(path, "wx", mode ?? undefined);
    // The process's mask may have taken bits away.
    if (mode !== null) await handle.chmod(mode);
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

  setMode: (path, mode) => chmod(path, mode),

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

  async flushFolders(folder) {
    for (const entry of await readdir(folder, { withFileTypes: true }))
      if (entry.isDirectory()) await nodeDisk.flushFolders(join(folder, entry.name));
    await nodeDisk.flushFolder(folder);
  },

  async makeFolder(path) {
    await mkdir(path, { recursive: true });
  },

  rename: (from, to) => rename(from, to),
  link: (from, to) => link(from, to),
  remove: (path) => rm(path, { recursive: true, force: true }),

  async makeFolderOf(path) {
    const folder = dirname(resolve(path));
    const missing: string[] = [];
    for (let at = folder; !(await stat(at).catch(() => null)) && at !== dirname(at); at = dirname(at))
      missing.push(at);
    // One by one: the recursive call of Node never ends where the system denies a folder by ENOENT, as in /proc.
    for (const each of [...missing].reverse()) {
      await makeFolder(each);
      await nodeDisk.flushFolder(dirname(each));
    }
    // A file in place of the folder.
    if (missing.length === 0 && !(await stat(folder)).isDirectory()) await mkdir(folder);
    return missing;
  },

  removeEmpty: (folder) => rmdir(folder).catch(() => undefined),
};

/** Attempts to write into a folder that other processes make and remove. */
const MAX_ATTEMPTS = 20;

/**
 * Makes the folder of `path`, adds what it made to `made`, and does the work; again, if another process that had made
 * the folder removed it, still empty, in between.
 */
export async function inFolderOf<T>(
  disk: Disk,
  path: string,
  made: string[],
  work: () => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      made.push(...(await disk.makeFolderOf(path)));
      return await work();
    } catch (error) {
      const isGone = systemCode(error) === "ENOENT" && (await disk.look(dirname(resolve(path)))) === null;
      if (!isGone || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

/** Another process may make the same folder at the same time, and remove it, still empty. */
async function makeFolder(path: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await mkdir(path);
      return;
    } catch (error) {
      if (systemCode(error) !== "EEXIST") throw error;
      if ((await stat(path).catch(() => null))?.isDirectory()) return;
      // Nothing is there any more, not even a link that leads nowhere.
      const isGone = (await lstat(path).catch(() => null)) === null;
      if (!isGone || attempt === MAX_ATTEMPTS) throw error;
    }
  }
}

/** Every file in a folder, by its path in it with `/`, in the order of the paths by code point. */
async function filesIn(folder: string): Promise<[path: string, stats: Stats][]> {
  const found: [string, Stats][] = [];
  const walk = async (below: string): Promise<void> => {
    for (const name of await readdir(join(folder, below))) {
      const path = below === "" ? name : `${below}/${name}`;
      const stats = await stat(join(folder, path));
      if (stats.isDirectory()) await walk(path);
      else found.push([path, stats]);
    }
  };
  await walk("");
  return found.sort(([a], [b]) => compareCodePoints(a, b));
}
