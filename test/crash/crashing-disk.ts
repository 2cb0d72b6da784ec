/** A disk whose process dies after a given number of calls. */
import { readFile, truncate } from "node:fs/promises";
import { resolve } from "node:path";
import { type Disk, nodeDisk } from "../../src/node/disk.ts";
import type { Owner } from "../../src/node/temporaries.ts";

/** Stands for the end of the process: no call is made after it. */
export class Crash extends Error {}

export interface CrashingDisk extends Disk {
  /** Calls made so far. */
  readonly calls: () => number;
  /** What a power failure does on top: of files that were not flushed, half is lost. */
  readonly losePower: () => Promise<void>;
}

/**
 * The call number `limit` (from 0) is not made, and none after it; a write is made by half. Flushing is noted and
 * left out, as it takes the most time and shows in nothing else.
 */
export function crashingDisk(limit: number): CrashingDisk {
  let made = 0;
  const unflushed = new Set<string>();
  const step = (): void => {
    if (made >= limit) throw new Crash(`after ${limit} calls`);
    made++;
  };
  const stepped =
    <A extends readonly unknown[], R>(call: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      step();
      return call(...args);
    };
  const rename = (from: string): string[] => [...unflushed].filter((path) => path === resolve(from));
  return {
    calls: () => made,
    async losePower() {
      for (const path of unflushed) {
        const bytes = await readFile(path).catch(() => null);
        if (bytes !== null) await truncate(path, Math.floor(bytes.length / 2));
      }
    },
    names: stepped(nodeDisk.names),
    look: stepped(nodeDisk.look),
    read: stepped(nodeDisk.read),
    follow: stepped(nodeDisk.follow),
    sha256: stepped(nodeDisk.sha256),
    sha256Folder: stepped(nodeDisk.sha256Folder),
    sha256Listing: stepped(nodeDisk.sha256Listing),
    setMode: stepped(nodeDisk.setMode),
    makeFolder: stepped(nodeDisk.makeFolder),
    flushFolders: stepped(async () => undefined),
    flushFolder: stepped(async () => undefined),
    link: stepped(nodeDisk.link),
    remove: stepped(nodeDisk.remove),
    makeFolderOf: stepped(nodeDisk.makeFolderOf),
    removeEmpty: stepped(nodeDisk.removeEmpty),
    flush: stepped(async () => undefined),
    rename: stepped(async (from: string, to: string) => {
      await nodeDisk.rename(from, to);
      for (const path of rename(from)) {
        unflushed.delete(path);
        unflushed.add(resolve(to));
      }
    }),
    create: stepped(async (path: string, mode: number | null) => {
      const file = await nodeDisk.create(path, mode);
      unflushed.add(resolve(path));
      return {
        async write(piece: Uint8Array) {
          if (made >= limit) {
            await file.write(piece.subarray(0, piece.length >> 1));
            await file.close();
          }
          step();
          await file.write(piece);
        },
        sync: async () => {
          step();
          unflushed.delete(resolve(path));
        },
        close: async () => {
          // The system closes the files of the dead.
          await file.close().catch(() => undefined);
          step();
        },
      };
    }),
  };
}

let processes = 0;

/** A process of its own; the others are taken for dead or alive. */
export function processAmong(others: "dead" | "alive"): Owner {
  processes += 1;
  return { host: "test", pid: 1_000_000 + processes, run: "r", since: 0, isAlive: () => others === "alive" };
}
