/** How HDF5 files reach the library in browsers: mounted where they are, or copied into memory. @module */
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
  fs.writeFile(path, input instanceof Uint8Array ? input : new Uint8Array(await input.arrayBuffer()));
  return {
    path,
    async unmount() {
      fs.unlink(path);
      fs.rmdir(folder);
    },
  };
}
