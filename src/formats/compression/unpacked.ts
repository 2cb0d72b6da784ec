/** Decompresses gzip files of any size as a stream, with bounds. @module */
import type { ByteSource } from "../../core/bytes.ts";
import { AtlasmtlError, type Said } from "../../errors.ts";

/** Bytes of a file that are read at once. */
export const PIECE_BYTES = 1 << 20;

export interface UnpackedOptions {
  /** The most bytes that the content may have. */
  readonly maxBytes: number;
  /** For the error about more bytes: by how much the file may expand, and what its owner can do. */
  readonly bound: string;
  readonly hint: Said;
}

/**
 * The content of a gzip file. The host's decoder, which is several times faster than one in JavaScript.
 * @throws BAD_FORMAT for damaged gzip, LIMIT beyond `maxBytes`.
 */
export async function* unpacked(
  source: ByteSource,
  { maxBytes, bound, hint }: UnpackedOptions,
): AsyncGenerator<Uint8Array, void> {
  let at = 0;
  let left = maxBytes;
  const compressed = new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      if (at >= source.byteLength) return controller.close();
      // A view of a larger buffer cannot be passed on, so it is copied.
      controller.enqueue(new Uint8Array(await source.read(at, at + PIECE_BYTES)));
      at += PIECE_BYTES;
    },
  });
  const reader = compressed.pipeThrough(new DecompressionStream("gzip")).getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      left -= value.length;
      if (left < 0)
        throw new AtlasmtlError("LIMIT", `${source.byteLength} bytes of gzip data expand beyond ${bound}`, {
          hint,
        });
      yield value;
    }
  } catch (cause) {
    if (cause instanceof AtlasmtlError) throw cause;
    throw new AtlasmtlError("BAD_FORMAT", "the gzip data are damaged or truncated", {
      hint: "copy the file again from its source, or compress it anew with gzip",
      cause,
    });
  } finally {
    await reader.cancel().catch(() => undefined);
  }
}
