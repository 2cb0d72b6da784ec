/** Files that callers have opened, by their descriptors. @module */
import { fstatSync, fsyncSync, ftruncateSync, readSync, writeSync } from "node:fs";
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
