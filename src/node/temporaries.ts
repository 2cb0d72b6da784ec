/**
 * Names of temporary files, and which of them can be removed.
 *
 * A name is `.BASE.TAG-PID-RUN-N.tmp` in the folder of BASE, so that the rename stays on one disk. TAG
 * identifies the machine and the file whose rename is the commit: temporary files with this tag belong to
 * writers of that file.
 * @module
 */
import { createHash } from "node:crypto";
import { hostname } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import type { Disk } from "./disk.ts";

/** The writer: a process of a machine. */
export interface Owner {
  readonly host: string;
  readonly pid: number;
  /** Distinguishes processes with the same number, which occur in containers. */
  readonly run: string;
  /** Start time of the process, in milliseconds since 1970. */
  readonly since: number;
  isAlive(pid: number): boolean;
}

export const thisProcess: Owner = {
  host: hostname(),
  pid: process.pid,
  run: Math.floor(performance.timeOrigin).toString(36),
  since: Date.now() - 1000 * process.uptime(),
  isAlive(pid) {
    try {
      process.kill(pid, 0); // signal 0 only tests whether the process exists
      return true;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === "EPERM";
    }
  },
};

const PATTERN = /^\.(.+)\.([0-9a-f]{8})-(\d{1,10})-([0-9a-z]+)-(\d+)\.tmp$/;

/** Tolerance of one second between the clocks of the disk and the process. */
const CLOCK_SLACK = 2000;

let made = 0;

/** A new temporary name for `path`; `target` is the file whose rename is the commit. */
export function temporaryPath(owner: Owner, path: string, target: string): string {
  made += 1;
  const id = `${tagOf(owner, target)}-${owner.pid}-${owner.run}-${made}`;
  // Absolute, because the HDF5 library uses absolute names, too.
  return join(dirname(resolve(path)), `.${basename(path)}.${id}.tmp`);
}

/** True if `name` is a temporary name of a file called `base`. */
export function isTemporaryOf(name: string, base: string): boolean {
  return PATTERN.exec(name)?.[1] === base;
}

function tagOf(owner: Owner, target: string): string {
  return createHash("sha256")
    .update(`${owner.host}\0${resolve(target)}`)
    .digest("hex")
    .slice(0, 8);
}

/** Removes temporary files in `folder` that were left by dead writers of `targets` on this machine. */
export async function removeLeftovers(
  disk: Disk,
  owner: Owner,
  folder: string,
  targets: readonly string[],
): Promise<void> {
  const tags = new Set(targets.map((target) => tagOf(owner, target)));
  for (const name of await disk.names(folder)) {
    const [, , itsTag, pid] = PATTERN.exec(name) ?? [];
    const path = join(folder, name);
    if (itsTag === undefined || !tags.has(itsTag) || !(await isLeft(disk, owner, path, Number(pid))))
      continue;
    await disk.remove(path).catch(() => undefined); // a leftover file is harmless
  }
}

/** After so many milliseconds a writer on another machine is taken for dead. */
const LONG_AGO = 60_000;

/** True if the temporary file is gone or its writer has died; `target` as in its name. */
export async function isAbandoned(disk: Disk, owner: Owner, path: string, target: string): Promise<boolean> {
  const stats = await disk.look(path);
  if (stats === null) return true;
  const [, , itsTag, pid] = PATTERN.exec(basename(path)) ?? [];
  if (itsTag === tagOf(owner, target)) return isLeft(disk, owner, path, Number(pid));
  return stats.mtimeMs < Date.now() - LONG_AGO;
}

async function isLeft(disk: Disk, owner: Owner, path: string, pid: number): Promise<boolean> {
  if (pid !== owner.pid) return !owner.isAlive(pid);
  // The process number is ours, so the writer is this process or one that died before it began.
  const stats = await disk.look(path);
  return stats !== null && stats.mtimeMs < owner.since - CLOCK_SLACK;
}
