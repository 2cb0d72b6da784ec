/** Compressions of Parquet's pages. Source: the Parquet format specification, Compression.md. @module */
import { AtlasmtlError } from "../../errors.ts";
import type { GuardedConfig } from "../zarr/codecs.ts";
import { unsnappy } from "./snappy.ts";
import { damaged } from "./thrift.ts";

/**
 * Decompresses gzip, zstd or lz4: `decompress` of the Zarr codecs. It is a parameter, because pages load it
 * at once and this reader later: bundlers would otherwise make another chunk of the shared imports.
 */
export type Decompress = (bytes: Uint8Array, config: GuardedConfig) => Promise<Uint8Array>;

/** Compressions by their number. */
const CODECS = ["none", "Snappy", "gzip", "LZO", "Brotli", "LZ4 (Hadoop)", "Zstandard", "LZ4"] as const;
/** Maximum expansion of LZ4 per byte. */
const MAX_LZ4_RATIO = 255;

/** The content of a page, of exactly `size` bytes. @throws BAD_FORMAT, LIMIT, UNSUPPORTED. */
export async function undo(
  codec: number,
  bytes: Uint8Array,
  size: number,
  decompress: Decompress,
): Promise<Uint8Array> {
  const content = await decompressed(codec, bytes, size, decompress);
  if (content.length !== size) throw damaged(`a page holds ${content.length} bytes where ${size} belong`);
  return content;
}

async function decompressed(
  codec: number,
  bytes: Uint8Array,
  size: number,
  decompress: Decompress,
): Promise<Uint8Array> {
  switch (CODECS[codec]) {
    case "none":
      return bytes;
    case "Snappy":
      return unsnappy(bytes, size);
    case "gzip":
      return decompress(bytes, { name: "gzip", configuration: {}, maxBytes: size });
    case "Zstandard":
      return decompress(bytes, { name: "zstd", configuration: {}, maxBytes: size });
    case "LZ4": {
      if (size > MAX_LZ4_RATIO * bytes.length) throw damaged(`${bytes.length} bytes of LZ4 for ${size}`);
      // The decoder expects the size before the data.
      const sized = new Uint8Array(4 + bytes.length);
      new DataView(sized.buffer).setUint32(0, size, true);
      sized.set(bytes, 4);
      return decompress(sized, { name: "lz4", configuration: {}, maxBytes: size });
    }
    default:
      throw new AtlasmtlError("UNSUPPORTED", `the compression ${CODECS[codec] ?? codec} is not read`, {
        hint: "write the file with Snappy, gzip or Zstandard",
      });
  }
}
