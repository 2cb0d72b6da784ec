/** The file system of Node behind the library's seams. @module */
import { constants } from "node:fs";
import {
  access,
  chmod,
  copyFile,
  type FileHandle,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  rmdir,
  stat,
  statfs,
} from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import type { ByteSource, FileToWrite } from "../core/bytes.ts";
import type { FileSystem } from "../core/platform.ts";
import { AtlasmtlError } from "../errors.ts";

/** Opens a file for random access. @throws NOT_FOUND, or IO with the system's reason. */
export async function openPath(path: string): Promise<ByteSource> {
  let handle: FileHandle;
  try {
    handle = await open(path, "r");
  } catch (error) {
    throw asFileError(error, path, "read");
  }
  const stats = await handle.stat();
  if (stats.isDirectory()) {
    await handle.close();
    throw new AtlasmtlError("NOT_FOUND", "a folder is where a file was expected", { where: path });
  }
  return {
    name: path,
    byteLength: stats.size,
    async read(start, end) {
      const from = Math.min(Math.max(start, 0), stats.size);
      const bytes = new Uint8Array(Math.max(Math.min(end, stats.size) - from, 0));
      let done = 0;
      while (done < bytes.length) {
        const { bytesRead } = await handle.read(
          bytes,
          done,
          Math.min(bytes.length - done, 1 << 30),
          from + done,
        );
        if (bytesRead === 0) break;
        done += bytesRead;
      }
      return done === bytes.length ? bytes : bytes.subarray(0, done);
    },
    close: () => handle.close(),
  };
}

export const nodeFiles: FileSystem = {
  open: openPath,

  async exists(path) {
    try {
      return (await stat(path)).isFile();
    } catch {
      return false;
    }
  },

  async writeAll(files) {
    const made: { temporary: string; path: string }[] = [];
    const folders: string[] = [];
    try {
      for (const file of files) {
        folders.push(...(await makeFolder(file.path)));
        const temporary = temporaryPath(file.path);
        made.push({ temporary, path: file.path });
        await writeWhole(temporary, file);
      }
      for (const { temporary, path } of made) await rename(temporary, path);
    } catch (error) {
      for (const { temporary } of made) await rm(temporary, { force: true });
      await removeEmpty(folders);
      throw asFileError(error, made.at(-1)?.path ?? "", "write");
    }
    for (const folder of new Set(made.map(({ path }) => dirname(path)))) await flushFolder(folder);
  },

  async replace(path, make) {
    const folders = await makeFolder(path);
    const temporary = temporaryPath(path);
    try {
      await make(temporary);
      await flush(temporary);
      await rename(temporary, path);
    } catch (error) {
      await rm(temporary, { force: true });
      await removeEmpty(folders);
      throw asFileError(error, path, "write");
    }
    await flushFolder(dirname(path));
  },

  async copy(from, to) {
    try {
      await copyFile(from, to, constants.COPYFILE_FICLONE);
      // A copy takes over the mode; that of a read-only file is written to all the same.
      await chmod(to, (await stat(to)).mode | 0o200);
    } catch (error) {
      throw asFileError(error, to, "write");
    }
  },

  async isSame(a, b) {
    try {
      const [x, y] = await Promise.all([stat(a, { bigint: true }), stat(b, { bigint: true })]);
      return x.dev === y.dev && x.ino === y.ino;
    } catch {
      return resolve(a) === resolve(b);
    }
  },

  async checkWritable(path, bytes = 0) {
    const folders = await makeFolder(path);
    try {
      const folder = dirname(resolve(path));
      const probe = temporaryPath(path);
      try {
        await access(folder, constants.W_OK);
        await (await open(probe, "wx")).close();
      } catch (error) {
        throw asFileError(error, path, "write");
      } finally {
        await rm(probe, { force: true });
      }
      const target = await stat(path).catch(() => null);
      if (target?.isDirectory())
        throw new AtlasmtlError("USAGE", "the output path is a folder", {
          where: path,
          hint: "name a file inside it",
        });
      const { bavail, bsize } = await statfs(folder);
      if (bavail * bsize < bytes)
        throw new AtlasmtlError(
          "IO",
          `the output needs about ${megabytes(bytes)} and the disk has ${megabytes(bavail * bsize)} free`,
          { where: path, hint: "free some space or write to another disk" },
        );
    } finally {
      await removeEmpty(folders);
    }
  },
};

const megabytes = (bytes: number): string => `${Math.ceil(bytes / 1e6).toLocaleString("en")} MB`;

let temporaries = 0;

/** A name in the same folder, so that the rename stays on one disk; hidden, and unlike any output of ours. */
function temporaryPath(path: string): string {
  temporaries += 1;
  return join(dirname(path), `.${basename(path)}.${process.pid}-${temporaries}.tmp`);
}

async function writeWhole(temporary: string, file: FileToWrite): Promise<void> {
  const handle = await open(temporary, "wx");
  try {
    for (const piece of file.bytes) {
      let done = 0;
      while (done < piece.length)
        done += (await handle.write(piece, done, Math.min(piece.length - done, 1 << 30))).bytesWritten;
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function flush(path: string): Promise<void> {
  const handle = await open(path, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the renames durable where the system can open a folder; others keep their own order. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => null);
  if (handle === null) return;
  await handle.sync().catch(() => undefined);
  await handle.close();
}

/** Creates the folder of `path`; returns the folders that were missing, deepest first. */
async function makeFolder(path: string): Promise<string[]> {
  const folder = dirname(resolve(path));
  const missing: string[] = [];
  for (let at = folder; !(await stat(at).catch(() => null)) && at !== dirname(at); at = dirname(at))
    missing.push(at);
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw asFileError(error, path, "write");
  }
  return missing;
}

/** Removes folders made in vain, as long as they are still empty. */
async function removeEmpty(folders: readonly string[]): Promise<void> {
  for (const folder of folders) {
    const names = await readdir(folder).catch(() => ["kept"]);
    if (names.length > 0) return;
    await rmdir(folder).catch(() => undefined);
  }
}

const REASONS: Readonly<Record<string, readonly [message: string, hint: string]>> = {
  EACCES: ["permission denied", "check the permissions of the folder, or write elsewhere"],
  EPERM: ["the system does not permit it", "check the permissions of the folder, or write elsewhere"],
  EROFS: ["the file system is read-only", "write to another folder"],
  ENOSPC: ["the disk is full", "free some space or write to another disk"],
  EDQUOT: ["the disk quota is used up", "free some space or write to another disk"],
  EFBIG: [
    "the file would exceed the size limit of this process or disk",
    "raise the limit (ulimit -f) or write elsewhere",
  ],
  ENOTDIR: ["a file stands where a folder is needed", "choose another output path"],
  EEXIST: ["a file stands where a folder is needed", "choose another output path"],
  EISDIR: ["a folder stands where a file is needed", "choose another path"],
  EMFILE: ["too many open files", "raise the limit (ulimit -n)"],
};

/** Turns an error of the system into ours; leaves others as they are. */
export function asFileError(error: unknown, path: string, doing: "read" | "write"): unknown {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  if (error instanceof AtlasmtlError || typeof code !== "string" || !/^E[A-Z0-9]+$/.test(code)) return error;
  if (code === "ENOENT" && doing === "read")
    return new AtlasmtlError("NOT_FOUND", "no such file", {
      where: path,
      hint: "check the path",
      cause: error,
    });
  const [reason, hint] = REASONS[code] ?? [code, undefined];
  return new AtlasmtlError("IO", `cannot ${doing} the file: ${reason}`, {
    where: path,
    ...(hint === undefined ? {} : { hint }),
    cause: error,
  });
}
