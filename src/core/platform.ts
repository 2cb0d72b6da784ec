/**
 * What the library needs from its host. `#platform` resolves to `src/node/platform.ts` in Node and to
 * `src/browser/platform.ts` elsewhere (the `imports` map of package.json); both export a `platform` of this
 * shape, so that nothing else in the library knows where it runs.
 * @module
 */
import type { ByteSource, FileInput, FileStore } from "./bytes.ts";
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

/** Files by path. In browsers, which have none, every call is a USAGE error that says what to do instead. */
export interface FileSystem extends FileStore {
  /**
   * Lets `make` write a temporary file in the folder of `path`, flushes it and renames it to `path`; when
   * `make` fails nothing remains. Missing folders are created.
   * @throws IO when the folder or file cannot be written.
   */
  replace(path: string, make: (temporaryPath: string) => Promise<void>): Promise<void>;
  /** Copies a file whole, sharing blocks where the file system can. */
  copy(from: string, to: string): Promise<void>;
  /** True when both paths name one file. */
  isSame(a: string, b: string): Promise<boolean>;
  /**
   * Checks before long work that a file at `path` could be written: its folder (created if missing) is
   * writable and has room for `bytes`.
   * @throws IO saying what is in the way.
   */
  checkWritable(path: string, bytes?: number): Promise<void>;
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
  createSha256(): Sha256;
  usage(): Usage;
}
