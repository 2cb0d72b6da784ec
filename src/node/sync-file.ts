/** Files that are read and written at once: those that callers have opened, and temporary ones. @module */
import { randomUUID } from "node:crypto";
import {
  closeSync,
  fstatSync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  rmSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { SyncFile } from "../core/sync-file.ts";

export function fileOfDescriptor(fd: number): SyncFile {
  return {
    read: (into, { at }) => readSync(fd, into, 0, into.length, at),
    write: (from, { at }) => writeSync(fd, from, 0, from.length, at),
    truncate: (size) => ftruncateSync(fd, size),
    getSize: () => fstatSync(fd).size,
    flush: () => fsyncSync(fd),
  };
}

/** Closes temporary files that nothing refers to any more. */
const unreferenced = new FinalizationRegistry<number>((fd) => closeSync(fd));

/** A file in the folder of temporary files that has no name there, so that it ends with the process. */
export function openScratch(): SyncFile | null {
  const path = join(tmpdir(), `atlasmtl-${randomUUID()}.tmp`);
  try {
    const fd = openSync(path, "wx+", 0o600);
    rmSync(path);
    const file = fileOfDescriptor(fd);
    unreferenced.register(file, fd);
    return file;
  } catch {
    return null;
  }
}
