/** Bytes in memory and `Blob`s as {@link ByteSource}s; both work on every host. @module */
import type { ByteSource } from "./bytes.ts";

export function bytesSource(bytes: Uint8Array, name = "memory"): ByteSource {
  return {
    name,
    byteLength: bytes.length,
    read: async (start, end) => bytes.subarray(Math.max(start, 0), Math.max(end, 0)),
    close: async () => undefined,
  };
}

export function blobSource(blob: Blob): ByteSource {
  const name = "name" in blob && typeof blob.name === "string" ? blob.name : "memory";
  return {
    name,
    byteLength: blob.size,
    read: async (start, end) =>
      new Uint8Array(await blob.slice(Math.max(start, 0), Math.max(end, 0)).arrayBuffer()),
    close: async () => undefined,
  };
}
