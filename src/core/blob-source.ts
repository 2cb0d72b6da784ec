/** Makes a {@link ByteSource} from bytes in memory or from a `Blob`, on every host. @module */
import { AtlasmtlError } from "../errors.ts";
import type { ByteSource } from "./bytes.ts";

export function bytesSource(bytes: Uint8Array, name = "memory"): ByteSource {
  return {
    name,
    byteLength: bytes.length,
    read: async (start, end) => bytes.subarray(Math.max(start, 0), Math.max(end, 0)),
    close: async () => undefined,
  };
}

export function blobSource(blob: Blob, name = nameOf(blob)): ByteSource {
  return {
    name,
    byteLength: blob.size,
    async read(start, end) {
      try {
        return new Uint8Array(await blob.slice(Math.max(start, 0), Math.max(end, 0)).arrayBuffer());
      } catch (cause) {
        // The content of a File stays on the disk, where it may change or be deleted.
        throw new AtlasmtlError("IO", "the file cannot be read", {
          where: name,
          hint: "choose it again if it was changed, moved or removed since; if not, there may be no memory for it",
          cause,
        });
      }
    },
    close: async () => undefined,
  };
}

const nameOf = (blob: Blob): string =>
  "name" in blob && typeof blob.name === "string" ? blob.name : "memory";
