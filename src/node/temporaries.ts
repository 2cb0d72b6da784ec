/**
 * Names of temporary files, and which of them nobody will need again.
 *
 * A name is `.BASE.TAG-PID-RUN-N.tmp` in the folder of BASE, so that the rename stays on one disk. TAG stands for
 * the machine and for the file whose writing is the commit: what bears it belongs to writers of that very file.
 * @module
 */
import { createHash } from "node:crypto";
import { hostname } from "node:os";
import { basename, dirname, join, resolve } from "node:path";
import type { Disk } from "./disk.ts";

/** Who writes: a process of a machine. */
export interface Owner {
  readonly host: string;
  readonly pid: number;
  /** Tells processes of one number apart, as containers have them. */
  readonly run: string;
  /** When the process began, in milliseconds since 1970. */
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
      process.kill(pid, 0); // asks only
      return true;
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === "EPERM";
    }
  },
};

const PATTERN = /^\.(.+)\.([0-9a-f]{8})-(\d{1,10})-([0-9a-z]+)-(\d+)\.tmp$/;

/** A second of clock between the disk and the process. */
const CLOCK_SLACK = 2000;

let made = 0;

/** A new name for what will become `path`; `target` is the file whose writing is the commit. */
export function temporaryPath(owner: Owner, path: string, target: string): string {
  made += 1;
  const id = `${tagOf(owner, target)}-${owner.pid}-${owner.run}-${made}`;
  // Absolute: the HDF5 library names files so, too.
  return join(dirname(resolve(path)), `.${basename(path)}.${id}.tmp`);
}

/** True when `name` is a temporary name of a file called `base`. */
export function isTemporaryOf(name: string, base: string): boolean {
  return PATTERN.exec(name)?.[1] === base;
}

function tagOf(owner: Owner, target: string): string {
  return createHash("sha256")
    .update(`${owner.host}\0${resolve(target)}`)
    .digest("hex")
    .slice(0, 8);
}

/** Removes what writers of any of `targets` that died on this machine left in `folder`. */
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
    await disk.remove(path).catch(() => undefined); // it harms nobody
  }
}

async function isLeft(disk: Disk, owner: Owner, path: string, pid: number): Promise<boolean> {
  if (pid !== owner.pid) return !owner.isAlive(pid);
  // The number is ours, so the writer is this process or one that died before it began.
  const stats = await disk.look(path);
  return stats !== null && stats.mtimeMs < owner.since - CLOCK_SLACK;
}
