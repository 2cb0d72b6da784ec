/** Files that are read from front to back, whatever they are compressed with. @module */
import type { ByteSource } from "../../core/bytes.ts";
import { AtlasmtlError } from "../../errors.ts";
import { ByteCursor, type ByteFlow } from "../byte-cursor.ts";
import { unpackBzip2 } from "./bzip2.ts";
import { PIECE_BYTES, type UnpackedOptions, unpacked } from "./unpacked.ts";
import { unpackXz } from "./xz.ts";

export type Packing = "gzip" | "bzip2" | "xz";

/** What a file that begins so is compressed with. */
export function packingOf(head: Uint8Array): Packing | "Zstandard" | null {
  const begins = (...bytes: number[]): boolean => bytes.every((byte, i) => head[i] === byte);
  if (begins(0x1f, 0x8b)) return "gzip";
  if (begins(0x42, 0x5a, 0x68)) return "bzip2";
  if (begins(0xfd, 0x37, 0x7a, 0x58, 0x5a)) return "xz";
  return begins(0x28, 0xb5, 0x2f, 0xfd) ? "Zstandard" : null;
}

/** The content of a file. @throws BAD_FORMAT for damaged data, LIMIT beyond the bound. */
export function unpackedFlow(source: ByteSource, packing: Packing, options: UnpackedOptions): ByteFlow {
  if (packing === "gzip") return flowOf(unpacked(source, options));
  const packed = new ByteCursor(fileFlow(source));
  const pieces = packing === "xz" ? unpackXz(packed) : unpackBzip2(packed);
  return flowOf(bounded(pieces, source.byteLength, packing, options));
}

/** The bytes of a file as they are. */
export function fileFlow(source: ByteSource): ByteFlow {
  let at = 0;
  return {
    async next() {
      if (at >= source.byteLength) return null;
      const piece = await source.read(at, at + PIECE_BYTES);
      at += piece.length;
      return piece;
    },
    skip(count) {
      const skipped = Math.min(count, source.byteLength - at);
      at += skipped;
      return skipped;
    },
    close: async () => undefined,
  };
}

function flowOf(pieces: AsyncGenerator<Uint8Array, void>): ByteFlow {
  return {
    next: async () => (await pieces.next()).value ?? null,
    skip: () => 0,
    close: async () => {
      await pieces.return();
    },
  };
}

async function* bounded(
  pieces: AsyncIterable<Uint8Array>,
  packedBytes: number,
  packing: Packing,
  { maxBytes, bound, hint }: UnpackedOptions,
): AsyncGenerator<Uint8Array, void> {
  let left = maxBytes;
  for await (const piece of pieces) {
    left -= piece.length;
    if (left < 0)
      throw new AtlasmtlError("LIMIT", `${packedBytes} bytes of ${packing} data expand beyond ${bound}`, {
        hint,
      });
    yield piece;
  }
}
