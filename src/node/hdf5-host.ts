/** Gives the HDF5 library access to files in Node: by path; bytes through a temporary file. @module */

import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { FileInput } from "../core/bytes.ts";
import { asFileError } from "../core/file-errors.ts";
import type { MountedFile } from "../core/platform.ts";
import { filterFolder } from "./filter-folder.ts";

/**
 * A path is used directly; bytes and `Blob`s are written to a temporary file, which is removed on unmount.
 */
export async function mountForHdf5(input: FileInput): Promise<MountedFile> {
  if (typeof input === "string") return { path: resolve(input), unmount: async () => undefined };
  if (input instanceof URL) return { path: fileURLToPath(input), unmount: async () => undefined };
  const folder = await mkdtemp(join(tmpdir(), "atlasmtl-"));
  const unmount = (): Promise<void> => rm(folder, { recursive: true, force: true });
  const path = join(folder, "data.h5");
  try {
    await writeFile(path, input instanceof Uint8Array ? input : input.stream());
  } catch (error) {
    await unmount();
    throw asFileError(error, path, "write");
  }
  return { path, unmount };
}

/** The folder of the compression filters; null if a bundler has not included it. */
export function hdf5Plugins(): string | null {
  const folder = filterFolder();
  return folder !== null && existsSync(folder) ? folder : null;
}
