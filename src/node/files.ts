/** The file system of Node behind the library's interface. @module */
import { constants } from "node:fs";
import { access, chmod, copyFile, type FileHandle, open, readdir, rm, stat, statfs } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import type { ByteSource } from "../core/bytes.ts";
import { asFileError } from "../core/file-errors.ts";
import { compareCodePoints } from "../core/order.ts";
import type { FileSystem } from "../core/platform.ts";
import { grouped } from "../core/shown.ts";
import { AtlasmtlError } from "../errors.ts";
import { bytesPart, commitFiles, madePart } from "./commit.ts";
import { committedView, finishFolder, realPath } from "./committed-view.ts";
import { inFolderOf, nodeDisk } from "./disk.ts";
import { checkReplaceable, replaceFolder } from "./folders.ts";
import { temporaryPath, thisProcess } from "./temporaries.ts";

/** Opens a regular file for random access. @throws NOT_FOUND, or IO with the system's reason. */
export async function openPath(path: string): Promise<ByteSource> {
  // Node refuses such a path as an argument, not as a file.
  if (path.includes("\0"))
    throw new AtlasmtlError("NOT_FOUND", "no file has NUL in its path", { where: path });
  let handle: FileHandle;
  try {
    // Check the type first: opening a pipe waits until a process writes to it.
    const kind = await stat(path);
    if (!kind.isFile())
      throw new AtlasmtlError(
        "NOT_FOUND",
        `a ${kind.isDirectory() ? "folder" : "pipe or device"} is where a file was expected`,
        { where: path },
      );
    handle = await open(path, "r");
  } catch (error) {
    throw asFileError(error, path, "read");
  }
  const stats = await handle.stat();
  return {
    name: path,
    byteLength: stats.size,
    async read(start, end, into) {
      const from = Math.min(Math.max(start, 0), stats.size);
      const length = Math.max(Math.min(end, stats.size) - from, 0);
      const bytes = into?.subarray(0, length) ?? new Uint8Array(length);
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

  async writeAll(files, also) {
    await commitFiles(
      files.map((file) => bytesPart(file)),
      also,
    );
  },

  committedView: () => committedView(openPath),
  realPath,

  async replace(path, make, also) {
    await commitFiles([madePart(path, make, also === undefined)], also);
  },

  finish: (folder) => finishFolder(folder),

  async list(path) {
    try {
      return (await readdir(path)).sort(compareCodePoints);
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code;
      if (code === "ENOENT" || code === "ENOTDIR") return null;
      throw asFileError(error, path, "read");
    }
  },

  replaceFolder: (path, isReplaceable, make, also) => replaceFolder(path, isReplaceable, make, also),

  async discard(root, path) {
    await nodeDisk.remove(join(root, path)).catch(() => undefined);
    for (let at = dirname(path); ; at = dirname(at)) {
      await nodeDisk.removeEmpty(join(root, at));
      if (at === ".") return;
    }
  },

  async copy(from, to) {
    try {
      const allowed = (await stat(to).catch(() => null))?.mode ?? 0o777;
      await copyFile(from, to, constants.COPYFILE_FICLONE);
      // A copy has the mode of its source; the copy of a read-only file must be writable.
      await chmod(to, ((await stat(to)).mode & allowed) | 0o200);
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

  async checkWritable(path, bytes = 0, isReplaceable) {
    const folder = dirname(resolve(path));
    const folders: string[] = [];
    const probe = temporaryPath(thisProcess, path, path);
    try {
      await nodeDisk.follow(path);
      await inFolderOf(nodeDisk, path, folders, async () => {
        await access(folder, constants.W_OK);
        await (await open(probe, "wx")).close();
      });
      const target = await stat(path).catch(() => null);
      if (isReplaceable !== undefined) await checkReplaceable(path, isReplaceable);
      else if (target?.isDirectory())
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
    } catch (error) {
      throw asFileError(error, path, "write");
    } finally {
      await rm(probe, { force: true }).catch(() => undefined);
      for (const made of folders) await nodeDisk.removeEmpty(made);
    }
  },
};

const megabytes = (bytes: number): string => `${grouped(Math.ceil(bytes / 1e6))} MB`;
