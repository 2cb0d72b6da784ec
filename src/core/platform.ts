/**
 * What the library needs from its host. `#platform` resolves to `src/node/platform.ts` in Node and to
 * `src/browser/platform.ts` elsewhere (the `imports` map of package.json); both export a `platform` of this
 * shape, so that nothing else in the library knows where it runs.
 * @module
 */
import type { AlsoWrite, ByteSource, FileInput, FileStore } from "./bytes.ts";
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
}

export interface Usage {
  /** Processor seconds of the whole process so far; null where the host does not say. */
  readonly cpuSeconds: number | null;
  readonly rssBytes: number | null;
  readonly peakRssBytes: number | null;
}

/** A folder that is being filled. */
export interface FolderWriter {
  /** Where it is for now. */
  readonly path: string;
  /** Writes and flushes one file; `key` has `/` between its parts, whose folders are created. */
  write(key: string, bytes: Uint8Array): Promise<void>;
}

/** Files by path. In browsers, which have none, every call is a USAGE error that says what to do instead. */
export interface FileSystem extends FileStore {
  /**
   * Lets `make` write a temporary file in the folder of `path`, flushes it and renames it to `path`; when
   * `make` fails nothing remains. Missing folders are created. What `also` makes of the written file is
   * written with it, all or nothing.
   * @throws IO when the folder or file cannot be written.
   */
  replace(path: string, make: (temporaryPath: string) => Promise<void>, also?: AlsoWrite): Promise<void>;
  /**
   * Puts in place what an interrupted {@link FileStore.writeAll} or {@link replace} had committed in `folder`;
   * returns those files. @throws IO when the folder cannot be written.
   */
  finish(folder: string): Promise<readonly string[]>;
  /** The names in a folder, sorted by code point; null when `path` is no folder. @throws IO when it is unreadable. */
  list(path: string): Promise<readonly string[] | null>;
  /**
   * As {@link replace}, for a folder: `make` fills a temporary folder beside `path`, which then takes the place
   * of what was there. `isReplaceable` looks at the names in an existing folder of that name.
   * @throws USAGE when something that may not be replaced is there, IO when it cannot be written.
   */
  replaceFolder(
    path: string,
    isReplaceable: (names: readonly string[]) => boolean,
    make: (folder: FolderWriter) => Promise<void>,
  ): Promise<void>;
  /** Copies a file whole, sharing blocks where the file system can. */
  copy(from: string, to: string): Promise<void>;
  /** True when both paths name one file. */
  isSame(a: string, b: string): Promise<boolean>;
  /**
   * Checks before long work that a file at `path` could be written: its folder (created if missing) is
   * writable and has room for `bytes`.
   * A folder may stand there only where `isReplaceable` says so of the names in it.
   * @throws USAGE or IO saying what is in the way.
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

/** What mounting needs of Emscripten's file system; only hosts that keep files in memory use it. */
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
  /** @throws NOT_FOUND for a path that is not there, USAGE for a path in a browser, IO otherwise. */
  openFile(input: FileInput): Promise<ByteSource>;
  /**
   * Makes a file visible to the HDF5 library, whose file system is `fs`. Bytes are copied, so that the
   * library may write to them; paths and `File`s are used where they are.
   */
  mountForHdf5(input: FileInput, fs: MountingFs): Promise<MountedFile>;
  readonly threads: ThreadHost;
  /** The folder with plugins for HDF5's compression filters; null on a host that has none. */
  hdf5Plugins(): string | null;
  createSha256(): Sha256;
  usage(): Usage;
}
