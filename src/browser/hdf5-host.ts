/**
 * Gives the HDF5 library access to files in browsers: a `File` is mounted in a worker, else copied into
 * memory. @module
 */
import type { FileInput } from "../core/bytes.ts";
import type { MountedFile, MountingFs } from "../core/platform.ts";
import { AtlasmtlError } from "../errors.ts";

let mounts = 0;

/**
 * In a worker a `File` is read in place, whatever its size; on the main thread, where files cannot be read
 * synchronously, it is copied into memory, as bytes always are.
 */
export async function mountForHdf5(input: FileInput, fs: MountingFs): Promise<MountedFile> {
  if (typeof input === "string" || input instanceof URL)
    throw new AtlasmtlError("USAGE", "a browser has no file paths", {
      where: String(input),
      hint: "pass a File (from a file picker or a drop) or bytes",
    });
  mounts += 1;
  const folder = `/atlasmtl-${mounts}`;
  fs.mkdir(folder);
  const path = `${folder}/data.h5`;
  const { WORKERFS } = fs.filesystems;
  if (input instanceof Blob && WORKERFS !== undefined && "FileReaderSync" in globalThis) {
    fs.mount(WORKERFS, { blobs: [{ name: "data.h5", data: input }] }, folder);
    return {
      path,
      async unmount() {
        fs.unmount(folder);
        fs.rmdir(folder);
      },
    };
  }
  try {
    fs.writeFile(path, input instanceof Uint8Array ? input : new Uint8Array(await input.arrayBuffer()));
  } catch (cause) {
    fs.rmdir(folder);
    throw tooLarge(input, cause);
  }
  return {
    path,
    async unmount() {
      fs.unlink(path);
      fs.rmdir(folder);
    },
  };
}

function tooLarge(input: Blob | Uint8Array, cause: unknown): AtlasmtlError {
  const isFile = input instanceof Blob;
  const bytes = isFile ? input.size : input.length;
  return new AtlasmtlError("IO", `the file of ${bytes} bytes cannot be copied into memory`, {
    where: isFile && "name" in input ? String(input.name) : "memory",
    hint: isFile
      ? "open it in a worker, where a File of any size is read in place; if it was changed since, choose it again"
      : "pass the File itself, in a worker, where it is read in place",
    cause,
  });
}
