/**
 * Guarded codecs of Zarr chunks. The expanded size of a chunk is bounded before it is decompressed, and a
 * chunk with another size than declared is an error. They are registered under special names, so that other
 * users of zarrita are not affected.
 * @module
 */
import { Unzlib } from "fflate";
import type { registry } from "zarrita";
import { joinBytes } from "../../core/bytes.ts";
import { AtlasmtlError } from "../../errors.ts";
import { gunzip } from "../compression/gzip.ts";
import { zstdBound } from "../compression/zstd-bound.ts";

/** Names of the registered codecs. */
export const GUARDED = "atlasmtl.guarded";
export const EXACT = "atlasmtl.exact";
export const TEXT = "atlasmtl.text";

/** Supported compressions of chunks. */
export const COMPRESSIONS: readonly string[] = ["blosc", "zstd", "lz4", "gzip", "zlib"];

/** Compressed bytes passed to a decoder at once, so that a bomb is noticed early. */
const PIECE_BYTES = 1 << 16;

type ByteCodec = { decode(bytes: Uint8Array): Uint8Array | Promise<Uint8Array> };

/** The interface of a codec in `zarrita`; it is not used for encoding. */
interface ReadingCodec<Out> {
  readonly kind: "array_to_bytes" | "bytes_to_bytes";
  encode(): never;
  decode(bytes: Uint8Array): Out | Promise<Out>;
}

/** One compression with the most bytes that it may expand to. */
export interface GuardedConfig {
  readonly name: string;
  readonly configuration: Readonly<Record<string, unknown>>;
  readonly maxBytes: number;
}

const refuseEncoding = (): never => {
  throw new AtlasmtlError("BUG", "chunks are not encoded here");
};

const damaged = (message: string, cause?: unknown): AtlasmtlError =>
  new AtlasmtlError("BAD_FORMAT", message, { hint: "the data are damaged; copy them again", cause });

const tooLarge = (size: number, maxBytes: number): AtlasmtlError =>
  new AtlasmtlError("LIMIT", `a chunk expands to ${size} bytes; at most ${maxBytes} are expected`);

/** A codec from bytes to bytes. */
const bytesCodec = (decode: ByteCodec["decode"]): ReadingCodec<Uint8Array> => ({
  kind: "bytes_to_bytes",
  encode: refuseEncoding,
  decode,
});

const guarded = (config: GuardedConfig): ReadingCodec<Uint8Array> =>
  bytesCodec((bytes) => decompress(bytes, config));

/**
 * Decompresses. @throws BAD_FORMAT for damaged data, LIMIT beyond `maxBytes`, UNSUPPORTED in pages whose
 * policy forbids it.
 */
export async function decompress(
  bytes: Uint8Array,
  { name, configuration, maxBytes }: GuardedConfig,
): Promise<Uint8Array> {
  const bound = boundOf(name, bytes);
  if (Number.isNaN(bound)) throw damaged(`a chunk is damaged ${name} data`);
  if (bound > maxBytes) throw tooLarge(bound, maxBytes);
  if (name === "gzip") return gunzip(bytes, { maxBytes });
  if (name === "zlib") return unzlib(bytes, maxBytes);
  const { registry } = await loadZarrita();
  const entry = await registry.get(name)?.();
  if (entry === undefined) throw new AtlasmtlError("BUG", `there is no codec ${name}`);
  const codec = entry.fromConfig(configuration, UNUSED) as unknown as ByteCodec;
  let content: Uint8Array;
  try {
    content = await codec.decode(bytes);
  } catch (cause) {
    if (cause instanceof EvalError) throw forbidden(name, cause);
    throw damaged(`a chunk is damaged ${name} data`, cause);
  }
  if (content.length > maxBytes) throw tooLarge(content.length, maxBytes);
  return content;
}

/** The decoders use `Function`, which the policy of a page may forbid. */
const forbidden = (name: string, cause: EvalError): AtlasmtlError =>
  new AtlasmtlError("UNSUPPORTED", `the ${name} decoder is forbidden by the page's content security policy`, {
    hint: "add 'unsafe-eval' to its script-src, or save the data with gzip",
    cause,
  });

function unzlib(bytes: Uint8Array, maxBytes: number): Uint8Array {
  const pieces: Uint8Array[] = [];
  let size = 0;
  const decoder = new Unzlib((piece) => {
    size += piece.length;
    if (size > maxBytes) throw tooLarge(size, maxBytes);
    pieces.push(piece);
  });
  try {
    for (let at = 0; at < bytes.length; at += PIECE_BYTES)
      decoder.push(bytes.subarray(at, at + PIECE_BYTES), at + PIECE_BYTES >= bytes.length);
  } catch (cause) {
    throw cause instanceof AtlasmtlError ? cause : damaged("a chunk is damaged zlib data", cause);
  }
  return joinBytes(pieces);
}

const UNUSED = { dataType: "uint8" as const, shape: [], codecs: [], fillValue: 0 };

/** Upper bound of a chunk's expanded size, from its headers. */
function boundOf(name: string, bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  switch (name) {
    case "blosc": {
      if (bytes.length < 16 || view.getUint32(12, true) !== bytes.length) return Number.NaN;
      return view.getUint32(4, true);
    }
    case "lz4":
      return bytes.length < 4 ? Number.NaN : view.getUint32(0, true);
    case "zstd":
      return zstdBound(bytes);
    default:
      return 0; // bounded during decompression
  }
}

/** Checks that the chunk has the expected size. */
function sized(bytes: Uint8Array, expected: number): Uint8Array {
  if (bytes.length === expected) return bytes;
  throw damaged(`a chunk holds ${bytes.length} bytes where ${expected} belong`);
}

/** The size of a decoded chunk. */
const exact = ({ bytes: expected }: { readonly bytes: number }): ReadingCodec<Uint8Array> =>
  bytesCodec((bytes) => sized(bytes, expected));

/**
 * How the strings of a chunk are stored: each with its length, or in fixed width; `rows` are returned as
 * bytes.
 */
export interface TextConfig {
  readonly storage: "vlen" | "utf32le" | "utf32be" | "bytes" | "rows";
  /** Bytes of one string of fixed width. */
  readonly width: number;
}

interface TextChunk {
  readonly data: (string | Uint8Array)[];
  readonly shape: number[];
  readonly stride: number[];
}

function textCodec(config: TextConfig, shape: number[]): ReadingCodec<TextChunk> {
  const count = shape.reduce((product, n) => product * n, 1);
  const stride = shape.map((_, i) => shape.slice(i + 1).reduce((product, n) => product * n, 1));
  return {
    kind: "array_to_bytes",
    encode: refuseEncoding,
    decode(bytes) {
      const data =
        config.storage === "vlen"
          ? readVlen(bytes, count)
          : readFixed(bytes, count, config.storage, config.width);
      return { data, shape, stride };
    },
  };
}

/** numcodecs' vlen-utf8: a count, then each string after its length, all little-endian uint32. */
function readVlen(bytes: Uint8Array, count: number): string[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const declared = bytes.length < 4 ? -1 : view.getUint32(0, true);
  if (declared !== count) throw damaged(`a chunk holds ${declared} strings where ${count} belong`);
  const decoder = new TextDecoder();
  const result: string[] = [];
  let at = 4;
  for (let i = 0; i < count; i++) {
    const length = at + 4 > bytes.length ? Number.POSITIVE_INFINITY : view.getUint32(at, true);
    if (at + 4 + length > bytes.length) throw damaged(`string ${i} of a chunk leaves the chunk`);
    result.push(decoder.decode(bytes.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return result;
}

/** The counterpart of {@link readVlen}. */
export function emitVlen(strings: readonly string[]): Uint8Array {
  const encoder = new TextEncoder();
  const encoded = strings.map((text) => encoder.encode(text));
  const bytes = new Uint8Array(4 + encoded.reduce((size, text) => size + 4 + text.length, 0));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, strings.length, true);
  let at = 4;
  for (const text of encoded) {
    view.setUint32(at, text.length, true);
    bytes.set(text, at + 4);
    at += 4 + text.length;
  }
  return bytes;
}

function readFixed(
  bytes: Uint8Array,
  count: number,
  storage: TextConfig["storage"],
  width: number,
): (string | Uint8Array)[] {
  sized(bytes, count * width);
  const part = (i: number): Uint8Array => bytes.subarray(i * width, (i + 1) * width);
  return Array.from({ length: count }, (_, i) =>
    storage === "rows" ? part(i) : fixedText(part(i), storage),
  );
}

/** Text of fixed width: bytes, or UTF-32 of either byte order, padded with zeros. */
export function fixedText(bytes: Uint8Array, storage: TextConfig["storage"]): string {
  if (storage === "bytes") return new TextDecoder().decode(bytes).replace(/\0+$/, "");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let text = "";
  for (let at = 0; at + 4 <= bytes.length; at += 4) {
    const code = view.getUint32(at, storage === "utf32le");
    if (code > 0x10ffff) throw damaged(`a string of a chunk holds ${code}, which is no character`);
    text += String.fromCodePoint(code);
  }
  return text.replace(/\0+$/, "");
}

type Registered = NonNullable<ReturnType<typeof registry.get>>;
type CodecEntry = Awaited<ReturnType<Registered>>;

/** zarrita's type requires codecs that also encode; ours throw. */
function registered(
  make: (config: never, shape: number[]) => ReadingCodec<unknown>,
): () => Promise<CodecEntry> {
  const entry = {
    fromConfig: (config: unknown, meta: { readonly shape: number[] }) => make(config as never, meta.shape),
  };
  return async () => entry as unknown as CodecEntry;
}

let library: Promise<typeof import("zarrita")> | null = null;

/** zarrita, which loads with the first chunk, with the codecs above registered. */
export function loadZarrita(): Promise<typeof import("zarrita")> {
  library ??= import("zarrita").then((zarrita) => {
    zarrita.registry.set(GUARDED, registered(guarded));
    zarrita.registry.set(EXACT, registered(exact));
    zarrita.registry.set(TEXT, registered(textCodec));
    return zarrita;
  });
  return library;
}

/** Loads zarrita and the decoders, which otherwise load with the first chunk that needs them. */
export async function loadDecoders(): Promise<void> {
  const { registry } = await loadZarrita();
  await Promise.all(COMPRESSIONS.map((name) => registry.get(name)?.()));
}
