/**
 * The interface of the host. `#platform` resolves to `src/node/platform.ts` in Node and to
 * `src/browser/platform.ts` elsewhere (the `imports` map of package.json). Both export a `platform` of this
 * type; no other part of the library depends on where it runs.
 * @module
 */
import type { AlsoWrite, ByteSource, FileInput, FileStore } from "./bytes.ts";
import type { NativeAddon } from "./native.ts";
import type { SyncFile } from "./sync-file.ts";
import type { ThreadHost } from "./threads.ts";

export interface Sha256 {
  update(bytes: Uint8Array): void;
  /** The digest in lower-case hex; call once. */
  hex(): string;
}

export interface RuntimeInfo {
  /** `node` or `browser`. */
  readonly runtime: string;
  readonly version: string;
  readonly os: string;
  readonly cpuCount: number;
  /** Memory that this process may use; null if the host does not tell. */
  readonly memoryBytes: number | null;
}

export interface Usage {
  /** Processor seconds of the whole process so far; null if the host does not report them. */
  readonly cpuSeconds: number | null;
  readonly rssBytes: number | null;
  readonly peakRssBytes: number | null;
}

/** A folder while it is being written. */
export interface FolderWriter {
  /** Its temporary path. */
  readonly path: string;
  /** Writes and flushes one file. `key` is a path with `/`; its folders are created. */
  write(key: string, bytes: Uint8Array): Promise<void>;
}

/**
 * Access to files by path. Browsers have no paths: there every call throws a USAGE error that says what to do
 * instead.
 */
export interface FileSystem extends FileStore {
  /**
   * Calls `make` to write a temporary file in the folder of `path`, flushes it and renames it to `path`. If
   * `make` fails, nothing remains. Missing folders are created. The files that `also` makes from the written
   * file are written with it, all or none.
   * @throws IO when the folder or file cannot be written.
   */
  replace(path: string, make: (temporaryPath: string) => Promise<void>, also?: AlsoWrite): Promise<void>;
  /**
   * Finishes an interrupted {@link FileStore.writeAll} or {@link replace} that was committed in `folder`;
   * returns its files. @throws IO when the folder cannot be written.
   */
  finish(folder: string): Promise<readonly string[]>;
  /** The names in a folder, sorted by code point; null when `path` is no folder. @throws IO when it is unreadable. */
  list(path: string): Promise<readonly string[] | null>;
  /**
   * As {@link replace}, for a folder: `make` writes a temporary folder beside `path`, which then replaces
   * the existing one. `isReplaceable` gets the names in an existing folder and decides whether it may be
   * replaced. The files of `also` are written with it, all or none.
   * @throws USAGE if `path` exists and may not be replaced, IO if it cannot be written.
   */
  replaceFolder(
    path: string,
    isReplaceable: (names: readonly string[]) => boolean,
    make: (folder: FolderWriter) => Promise<void>,
    also?: AlsoWrite,
  ): Promise<void>;
  /**
   * Removes what is at `path` below the folder `root`, and `root` and the folders between if nothing else is in them.
   * What cannot be removed stays.
   */
  discard(root: string, path: string): Promise<void>;
  /** Copies a whole file, sharing blocks if the file system can. A file at `to` gets no more permissions than it has. */
  copy(from: string, to: string): Promise<void>;
  /** True if both paths name the same file. */
  isSame(a: string, b: string): Promise<boolean>;
  /**
   * Checks before long work that a file can be written at `path`: its folder (created if missing) is
   * writable and has `bytes` of free space. If `path` is a folder, `isReplaceable` gets the names in it and
   * decides.
   * @throws USAGE or IO that names the obstacle.
   */
  checkWritable(
    path: string,
    bytes?: number,
    isReplaceable?: (names: readonly string[]) => boolean,
  ): Promise<void>;
}

/** A file that the HDF5 library can open under `path` until it is unmounted. */
export interface MountedFile {
  readonly path: string;
  unmount(): Promise<void>;
}

/** The part of Emscripten's file system that mounting uses; only hosts that keep files in memory need it. */
export interface MountingFs {
  readonly filesystems: { readonly WORKERFS?: object };
  mkdir(path: string): unknown;
  rmdir(path: string): void;
  mount(type: object, options: object, path: string): unknown;
  unmount(path: string): void;
  writeFile(path: string, bytes: Uint8Array): void;
  unlink(path: string): void;
}

export interface Platform {
  readonly info: RuntimeInfo;
  readonly files: FileSystem;
  /**
   * The native kernels and the width of vectors to use, 0 for the widest; null where they are not there: in browsers, and without
   * a package or a build of them for this machine.
   */
  native(): { readonly addon: NativeAddon; readonly width: number } | null;
  /** @throws NOT_FOUND for a path that is not there, USAGE for a path in a browser, IO otherwise. */
  openFile(input: FileInput): Promise<ByteSource>;
  /**
   * Makes a file visible to the HDF5 library, whose file system is `fs`. Bytes are copied, so that the
   * library may write to them; paths and `File`s are used in place.
   */
  mountForHdf5(input: FileInput, fs: MountingFs): Promise<MountedFile>;
  /** The file that is open under a descriptor. @throws USAGE on a host without descriptors. */
  fileOfDescriptor(fd: number): SyncFile;
  /**
   * An empty file for what need not be in memory; it is gone when nothing refers to it. Null on a host without files, and where
   * it cannot be made.
   */
  openScratch(): SyncFile | null;
  readonly threads: ThreadHost;
  /** The folder with plugins for HDF5's compression filters; null on a host that has none. */
  hdf5Plugins(): string | null;
  createSha256(): Sha256;
  usage(): Usage;
}
