/**
 * Lets the HDF5 library write to a file that the caller has opened. Its calls to Emscripten's file system for that
 * path go to the file at their offsets, so that nothing of it is held in memory; on every host alike, because Node's
 * file system of the library can mount nothing.
 * @module
 */
import { isFullMemory } from "../../core/file-errors.ts";
import { type SyncFile, writeAt } from "../../core/sync-file.ts";
import type { EmscriptenFs, Stream } from "./emscripten-fs.ts";

/** A mounted target. */
export interface MountedTarget {
  /** The path by which the library knows it. */
  readonly path: string;
  /** The first error of the file itself; the library reports only that something failed. */
  failure(): unknown;
  unmount(): void;
}

/** Emscripten's error numbers: no such file, read or write error. */
const ENOENT = 44;
const EIO = 29;

const O_TRUNC = 0o1000;
const SEEK_CUR = 1;
const SEEK_END = 2;
/** Type and permissions of a regular file. */
const MODE = 0o100666;
/** HDF5 takes files of one device and number for one file; no host has this device. */
const DEVICE = 0x61746c;

interface Target {
  readonly file: SyncFile;
  readonly node: { readonly mode: number; readonly id: number };
  failure: unknown;
}

const targets = new Map<string, Target>();
const streams = new WeakMap<Stream, Target>();
let mounts = 0;

/** Gives `file` a path of the library; the guard of files treats it like every path. */
export function mountTarget(file: SyncFile): MountedTarget {
  mounts += 1;
  const path = `/atlasmtl-target-${mounts}`;
  const target: Target = { file, node: { mode: MODE, id: mounts }, failure: undefined };
  targets.set(path, target);
  return { path, failure: () => target.failure, unmount: () => void targets.delete(path) };
}

/** Sends the library's calls for mounted paths to their files; call once, before the guard is installed. */
export function routeTargets(fs: EmscriptenFs): void {
  const { open, close, read, write, llseek, stat, fstat, ftruncate } = fs;
  /** Calls the file; the library gets an error number, since another error would break off its work half-way. */
  const attempt = <T>(target: Target, work: () => T): T => {
    try {
      return work();
    } catch (error) {
      if (isFullMemory(error)) throw error;
      target.failure ??= error;
      throw new fs.ErrnoError(EIO);
    }
  };
  const status = (target: Target) => {
    const time = new Date(0);
    const size = attempt(target, () => target.file.getSize());
    const owner = { nlink: 1, uid: 0, gid: 0, rdev: 0 };
    const times = { atime: time, mtime: time, ctime: time };
    return {
      dev: DEVICE,
      ino: target.node.id,
      mode: MODE,
      size,
      blocks: Math.ceil(size / 512),
      ...owner,
      ...times,
    };
  };
  const targetOf = (fd: number): Target | undefined => {
    const stream = fs.getStream(fd);
    return stream === null ? undefined : streams.get(stream);
  };
  fs.open = (path, flags, ...rest) => {
    const target = targets.get(path);
    if (target === undefined) {
      if (path.startsWith("/atlasmtl-target-")) throw new fs.ErrnoError(ENOENT);
      return open.call(fs, path, flags, ...rest);
    }
    if (typeof flags === "number" && flags & O_TRUNC) attempt(target, () => target.file.truncate(0));
    const { node } = target;
    const stream = fs.createStream({ path, flags: 2, position: 0, seekable: true, node, stream_ops: {} });
    streams.set(stream, target);
    return stream;
  };
  fs.close = (stream) => (streams.has(stream) ? fs.closeStream(stream.fd) : close.call(fs, stream));
  fs.read = (stream, into, offset, length, position) => {
    const target = streams.get(stream);
    if (target === undefined) return read.call(fs, stream, into, offset, length, position);
    const at = position ?? stream.position;
    const view = into.subarray(offset, offset + length);
    const done = attempt(target, () => target.file.read(view, { at }));
    if (position === undefined) stream.position = at + done;
    return done;
  };
  fs.write = (stream, from, offset, length, position, ...rest) => {
    const target = streams.get(stream);
    if (target === undefined) return write.call(fs, stream, from, offset, length, position, ...rest);
    const at = position ?? stream.position;
    // After a failure the library still has to close its file, and the caller empties this one.
    if (target.failure === undefined)
      attempt(target, () => writeAt(target.file, from.subarray(offset, offset + length), at));
    if (position === undefined) stream.position = at + length;
    return length;
  };
  fs.llseek = (stream, offset, whence) => {
    const target = streams.get(stream);
    if (target === undefined) return llseek.call(fs, stream, offset, whence);
    const end = whence === SEEK_END ? attempt(target, () => target.file.getSize()) : 0;
    stream.position = offset + (whence === SEEK_CUR ? stream.position : end);
    return stream.position;
  };
  fs.stat = (path, ...rest) => {
    const target = targets.get(path);
    return target === undefined ? stat.call(fs, path, ...rest) : status(target);
  };
  fs.fstat = (fd) => {
    const target = targetOf(fd);
    return target === undefined ? fstat.call(fs, fd) : status(target);
  };
  fs.ftruncate = (fd, size) => {
    const target = targetOf(fd);
    if (target === undefined) return ftruncate.call(fs, fd, size);
    if (target.failure === undefined) attempt(target, () => target.file.truncate(size));
  };
}
