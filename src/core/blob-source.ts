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
  const { read: readInto, close } = createReadInto(blob);
  return {
    name,
    byteLength: blob.size,
    async read(start, end, into) {
      try {
        const [from, to] = [start, end].map((at) => Math.min(Math.max(at, 0), blob.size));
        return into === undefined || to <= from
          ? new Uint8Array(await blob.slice(from, to).arrayBuffer())
          : await readInto(from, to, into);
      } catch (cause) {
        // The content of a File stays on the disk, where it may change or be deleted.
        throw new AtlasmtlError("IO", "the file cannot be read", {
          where: name,
          hint: "choose it again if it was changed, moved or removed since; if not, there may be no memory for it",
          cause,
        });
      }
    },
    close,
  };
}

/** A stream of a blob that is read in order. */
interface OpenStream {
  readonly reader: ReadableStreamBYOBReader;
  /** The byte that it gives next. */
  at: number;
  /** What it fills; it takes the memory away and gives it back. */
  spare: ArrayBuffer;
}

/**
 * The streams of pending reads. Chromium collects the stream of a blob that nothing but a pending read holds, and the read
 * then never ends.
 */
const reading = new Set<OpenStream>();

/**
 * Reads a blob into bytes that are there. `arrayBuffer()` makes new ones each time, of which hundreds of megabytes wait to be
 * collected when a large file is read in slices. A read that goes on where the last one ended goes on with its stream.
 */
function createReadInto(blob: Blob) {
  let open: OpenStream | null = null;
  const close = async (): Promise<void> => {
    const last = open;
    open = null;
    await last?.reader.cancel().catch(() => undefined);
  };
  const read = async (start: number, end: number, into: Uint8Array): Promise<Uint8Array> => {
    if (open?.at !== start) await close();
    const own = open ?? openStream(blob, start, into.length);
    if (own === null) {
      const bytes = new Uint8Array(await blob.slice(start, end).arrayBuffer());
      into.set(bytes);
      return into.subarray(0, bytes.length);
    }
    // Another read at the same time opens a stream of its own.
    open = null;
    reading.add(own);
    const n = await fill(into.subarray(0, end - start), own).finally(() => reading.delete(own));
    if (open === null && n === end - start) open = own;
    else await own.reader.cancel().catch(() => undefined);
    return into.subarray(0, n);
  };
  return { read, close };
}

/** Reads until `into` is full or the stream ends; returns how many bytes were read. */
async function fill(into: Uint8Array, own: OpenStream): Promise<number> {
  let n = 0;
  while (n < into.length) {
    const view = new Uint8Array(own.spare, 0, Math.min(own.spare.byteLength, into.length - n));
    const { value, done } = await own.reader.read(view);
    if (done || value === undefined) break;
    into.set(value, n);
    own.spare = value.buffer;
    n += value.length;
  }
  own.at += n;
  return n;
}

/** Null where streams of blobs fill no given memory. */
function openStream(blob: Blob, at: number, spareBytes: number): OpenStream | null {
  try {
    const reader = blob.slice(at).stream().getReader({ mode: "byob" });
    return { reader, at, spare: new ArrayBuffer(spareBytes) };
  } catch {
    return null;
  }
}

const nameOf = (blob: Blob): string =>
  "name" in blob && typeof blob.name === "string" ? blob.name : "memory";
