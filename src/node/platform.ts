/** The host for Node: paths, worker threads, OpenSSL's SHA-256. @module */
import { createHash } from "node:crypto";
import { arch, availableParallelism, platform as osName, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { blobSource, bytesSource } from "../core/blob-source.ts";
import type { Platform } from "../core/platform.ts";
import { AtlasmtlError } from "../errors.ts";
import { nodeFiles, openPath } from "./files.ts";
import { hdf5Plugins, mountForHdf5 } from "./hdf5-host.ts";
import { findNative } from "./native.ts";
import { fileOfDescriptor, openScratch } from "./sync-file.ts";
import { nodeThreads } from "./workers.ts";

/** That of the machine, or of the container that the process is in. */
function memoryBytes(): number {
  const limit = process.constrainedMemory?.() ?? 0;
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}

export const platform: Platform = {
  info: {
    runtime: "node",
    version: process.versions.node,
    os: `${osName()} ${arch()}`,
    cpuCount: availableParallelism(),
    memoryBytes: memoryBytes(),
  },
  files: nodeFiles,
  native: findNative,

  async openFile(input) {
    if (typeof input === "string") return openPath(input);
    if (input instanceof URL) {
      if (input.protocol !== "file:")
        throw new AtlasmtlError("UNSUPPORTED", `cannot read a ${input.protocol} address`, {
          where: input.href,
          hint: "download the file and pass its path",
        });
      return openPath(fileURLToPath(input));
    }
    return input instanceof Uint8Array ? bytesSource(input) : blobSource(input);
  },

  mountForHdf5,
  hdf5Plugins,
  fileOfDescriptor,
  openScratch,

  threads: nodeThreads,

  createSha256() {
    const hash = createHash("sha256");
    return { update: (bytes) => void hash.update(bytes), hex: () => hash.digest("hex") };
  },

  usage() {
    const { user, system } = process.cpuUsage();
    return {
      cpuSeconds: (user + system) / 1e6,
      rssBytes: process.memoryUsage.rss(),
      peakRssBytes: process.resourceUsage().maxRSS * 1024,
    };
  },
};
