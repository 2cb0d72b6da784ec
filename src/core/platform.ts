/**
 * What the library needs from its host. `#platform` resolves to `src/node/platform.ts` in Node and to
 * `src/browser/platform.ts` elsewhere (the `imports` map of package.json); both export a `platform` of this
 * shape, so that nothing else in the library knows where it runs.
 * @module
 */
import type { ByteSource, FileInput, FileStore } from "./bytes.ts";

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

export interface Platform {
  readonly info: RuntimeInfo;
  /** The file system in Node; a store that refuses with USAGE in browsers, which have none. */
  readonly files: FileStore;
  /** @throws NOT_FOUND for a path that is not there, USAGE for a path in a browser, IO otherwise. */
  openFile(input: FileInput): Promise<ByteSource>;
  createSha256(): Sha256;
  usage(): Usage;
}
