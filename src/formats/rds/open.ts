/**
 * Opens R's serialized objects (`.rds`) of any size: one pass finds what is in the file, and the values of large vectors are
 * read from it when they are asked for.
 * @module
 */
import type { ByteSource } from "../../core/bytes.ts";
import { maxArrayBytes, maxRBytes } from "../../core/limits.ts";
import { AtlasmtlError } from "../../errors.ts";
import { ByteCursor } from "../byte-cursor.ts";
import { fileFlow, packingOf, unpackedFlow } from "../compression/packing.ts";
import type { NumberArray } from "../number-arrays.ts";
import { doubles, floats, integers, NA_INTEGER, numberText } from "./numbers.ts";
import { parseR } from "./parse.ts";
import { texts } from "./strings.ts";
import { type RValue, type RVector, VALUE_BYTES } from "./types.ts";

/** Values of a vector in rows of `width`, read from front to back. */
export interface RNumbers {
  readonly nRows: number;
  readonly width: number;
  readonly dtype: string;
  readonly chunkRows: null;
  read(start: number, end: number): Promise<NumberArray>;
}

export interface RFile {
  readonly name: string;
  readonly root: RValue;
  /** True if reading a value means unpacking all before it. */
  readonly isSequential: boolean;
  /** All values of a vector of numbers or logical values. @throws LIMIT for more than the file may hold in memory. */
  numbers(vector: RVector): Promise<Int32Array | Float64Array>;
  /** All texts of a vector; null is NA. @throws as {@link numbers}. */
  strings(vector: RVector): Promise<(string | null)[]>;
  /** The values as float32 in which NA is NaN, or as the integers that they are. */
  stream(vector: RVector, width: number, as: "floats" | "integers"): RNumbers;
  close(): Promise<void>;
}

/** Positions in one file that are kept, so that reading on does not begin anew. */
const MAX_CURSORS = 4;
/** Each position in xz keeps a dictionary, of up to 64 MiB. */
const MAX_XZ_CURSORS = 2;

/** Takes over `source`. @throws BAD_FORMAT, UNSUPPORTED and LIMIT as `parseR`. */
export async function openR(source: ByteSource): Promise<RFile> {
  try {
    return await open(source);
  } catch (error) {
    await source.close();
    throw error;
  }
}

async function open(source: ByteSource): Promise<RFile> {
  const head = await source.read(0, 6);
  const packing = packingOf(head);
  if (packing === "Zstandard")
    throw new AtlasmtlError(
      "UNSUPPORTED",
      `the R data are compressed with ${packing}; gzip, bzip2 and xz are read`,
      { hint: "in R, write them again: saveRDS(readRDS(file), file)" },
    );
  if (isOfQs(head))
    throw new AtlasmtlError("UNSUPPORTED", "the file is of the R package qs", {
      hint: 'in R, write it with saveRDS: saveRDS(qs::qread(file), "x.rds"), or qs2::qs_read',
    });
  const isPacked = packing !== null;
  const maxBytes = isPacked ? maxRBytes(source.byteLength) : source.byteLength;
  const start = (): ByteCursor =>
    new ByteCursor(isPacked ? unpackedFlow(source, packing, bound(maxBytes)) : fileFlow(source));
  const cursor = start();
  const { root, isLittleEndian, nativeEncoding } = await (async () => {
    try {
      const parsed = await parseR(cursor, { maxBytes });
      await cursor.finish();
      return parsed;
    } finally {
      await cursor.close();
    }
  })();
  const cursors = new Cursors(start, isLittleEndian, packing === "xz" ? MAX_XZ_CURSORS : MAX_CURSORS);
  const most = maxArrayBytes(source.byteLength);

  const bytesOf = async (vector: RVector, from: number, to: number): Promise<Uint8Array> => {
    const { content } = vector;
    if (content.form !== "stored") throw new AtlasmtlError("BUG", "a sequence has no bytes");
    const { at, held } = content;
    if (held !== null) return held.block.subarray(held.from + from, held.from + to);
    const bytes = new Uint8Array(to - from);
    await cursors.read(at + from, bytes);
    return bytes;
  };
  const whole = (vector: RVector): Promise<Uint8Array> => bytesOf(vector, 0, checkedBytes(vector));
  const checkedBytes = ({ length, content }: RVector): number => {
    const bytes = content.form === "stored" ? content.byteLength : 8 * length;
    if (bytes <= most) return bytes;
    throw new AtlasmtlError("LIMIT", `a vector of ${bytes} bytes in a file of ${source.byteLength}`, {
      hint: "the file expands far more than tables do: write it anew in R with saveRDS(x, file)",
    });
  };
  const numbers = async (vector: RVector): Promise<Int32Array | Float64Array> => {
    const { type, length, content } = vector;
    if (content.form === "sequence") {
      checkedBytes(vector);
      return sequence(content, 0, length);
    }
    if (type === "real") return doubles(await whole(vector), length, isLittleEndian);
    if (type === "integer" || type === "logical")
      return integers(await whole(vector), length, isLittleEndian);
    throw new AtlasmtlError("BAD_DATA", `numbers are expected and ${type} values found`);
  };
  return {
    name: source.name,
    root,
    isSequential: isPacked,
    numbers,
    async strings(vector) {
      const { type, length, content } = vector;
      if (type !== "string") throw new AtlasmtlError("BAD_DATA", `text is expected and ${type} values found`);
      if (content.form === "textOf") {
        const values = await numbers(content.numbers);
        if (values instanceof Int32Array)
          return Array.from(values, (value) => (value === NA_INTEGER ? null : String(value)));
        return Array.from(values, (value) =>
          Number.isNaN(value) ? null : numberText(value, content.scientificPenalty),
        );
      }
      return texts(await whole(vector), length, isLittleEndian, nativeEncoding);
    },
    stream(vector, width, as) {
      const { type, length, content } = vector;
      if (type !== "real" && type !== "integer" && type !== "logical")
        throw new AtlasmtlError("BAD_DATA", `numbers are expected and ${type} values found`);
      const size = VALUE_BYTES[type];
      const isReal = type === "real";
      return {
        nRows: width === 0 ? 0 : length / width,
        width,
        dtype: isReal ? "float64" : type === "logical" ? "bool" : "int32",
        chunkRows: null,
        async read(start, end) {
          const [from, to] = [start * width, end * width];
          if (content.form === "sequence") return sequence(content, from, to);
          const bytes = await bytesOf(vector, from * size, to * size);
          if (as === "floats") return floats(bytes, to - from, isLittleEndian, isReal);
          return isReal
            ? doubles(bytes, to - from, isLittleEndian)
            : integers(bytes, to - from, isLittleEndian);
        },
      };
    },
    async close() {
      await cursors.close();
      await source.close();
    },
  };
}

/** True for the first bytes of what the R packages qs and qs2 write. */
const isOfQs = ([a, b, c]: Uint8Array): boolean => a === 0x0b && b === 0x0e && c === 0x0a;

function sequence(
  { start, step }: { readonly start: number; readonly step: number },
  from: number,
  to: number,
): Float64Array {
  return Float64Array.from({ length: to - from }, (_, i) => start + (from + i) * step);
}

const bound = (maxBytes: number) => ({
  maxBytes,
  bound: "what an R object of this size may be",
  hint: "in R, keep counts as sparse matrices (dgCMatrix), or write the file with compress = FALSE",
});

/** Reads anywhere in a stream: on from the nearest position before, or from the start. */
class Cursors {
  private readonly idle: ByteCursor[] = [];

  constructor(
    private readonly start: () => ByteCursor,
    private readonly isLittleEndian: boolean,
    private readonly most: number,
  ) {}

  async read(at: number, target: Uint8Array): Promise<void> {
    const cursor = this.nearest(at);
    try {
      await cursor.skip(at - cursor.position);
      await cursor.read(target);
    } catch (error) {
      await cursor.close();
      throw error;
    }
    this.idle.push(cursor);
    if (this.idle.length > this.most) await this.idle.shift()!.close();
  }

  private nearest(at: number): ByteCursor {
    let best = -1;
    for (const [i, { position }] of this.idle.entries())
      if (position <= at && (best < 0 || position > this.idle[best].position)) best = i;
    if (best >= 0) return this.idle.splice(best, 1)[0];
    const cursor = this.start();
    cursor.isLittleEndian = this.isLittleEndian;
    return cursor;
  }

  async close(): Promise<void> {
    for (const cursor of this.idle.splice(0)) await cursor.close();
  }
}
