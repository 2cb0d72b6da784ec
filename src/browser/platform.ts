/** The host for browser pages and workers: files come from the user, nothing leaves the machine. @module */
import { sha256 } from "@noble/hashes/sha2.js";
import { bytesToHex } from "@noble/hashes/utils.js";
import { blobSource, bytesSource } from "../core/blob-source.ts";
import type { Platform } from "../core/platform.ts";
import { AtlasmtlError } from "../errors.ts";
import { mountForHdf5 } from "./hdf5-host.ts";
import { browserThreads } from "./workers.ts";

const noPaths = async (path: string): Promise<never> => {
  throw new AtlasmtlError("USAGE", "a browser has no file paths", {
    where: path,
    hint: "pass a File (from a file picker or a drop) or bytes, and take results as bytes",
  });
};

export const platform: Platform = {
  info: {
    runtime: "browser",
    version: navigator.userAgent,
    os: navigator.platform,
    cpuCount: navigator.hardwareConcurrency,
    memoryBytes: null,
  },
  files: {
    open: noPaths,
    exists: noPaths,
    writeAll: async (files) => noPaths(files[0]?.path ?? ""),
    replace: noPaths,
    finish: async () => [],
    replaceFolder: noPaths,
    list: async () => null,
    discard: noPaths,
    copy: noPaths,
    isSame: noPaths,
    checkWritable: noPaths,
  },

  native: () => null,

  async openFile(input) {
    if (typeof input === "string") return noPaths(input);
    if (input instanceof URL) return noPaths(input.href);
    return input instanceof Uint8Array ? bytesSource(input) : blobSource(input);
  },

  mountForHdf5,
  fileOfDescriptor(fd) {
    throw new AtlasmtlError("USAGE", `got the file descriptor ${fd}; a browser has none`, {
      hint: "pass a FileSystemSyncAccessHandle, in a worker",
    });
  },
  // A file of the private file system is opened by waiting, and only in workers.
  openScratch: () => null,
  // Other codecs are megabytes of WebAssembly that a page would have to fetch; gzip needs none.
  hdf5Plugins: () => null,

  threads: browserThreads,

  createSha256() {
    const hash = sha256.create();
    return { update: (bytes) => void hash.update(bytes), hex: () => bytesToHex(hash.digest()) };
  },

  usage: () => ({ cpuSeconds: null, rssBytes: null, peakRssBytes: null }),
};
