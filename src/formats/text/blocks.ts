/** Streams text files, gzipped or not, in blocks of whole lines, without loading the file. @module */
import type { ByteSource } from "../../core/bytes.ts";
import { EXPANSION_ALLOWANCE } from "../../core/limits.ts";
import { throwIfAborted } from "../../core/progress.ts";
import { AtlasmtlError } from "../../errors.ts";
import { isGzip } from "../compression/gzip.ts";
import { PIECE_BYTES, unpacked } from "../compression/unpacked.ts";

/** Maximum length of a line in bytes: four million numbers of 16 digits. */
const MAX_LINE_BYTES = 1 << 26;

/** Maximum compression ratio of text: rows that are nearly all zero reach a hundred, bombs a thousand. */
const MAX_TEXT_COMPRESSION = 256;

/** Maximum bytes of consecutive empty lines. */
const MAX_EMPTY_BYTES = 1 << 22;

const NEWLINE = 10;
const SPACE = 32;

/** Whole lines; the last line of a file may lack its line feed. */
export interface TextBlock {
  readonly bytes: Uint8Array;
  /** The number of the first line in its file, from 1. */
  readonly firstLine: number;
}

/**
 * The lines of a file from its start, decompressed if it begins like gzip; a byte order mark is removed.
 * @throws BAD_FORMAT for damaged gzip, LIMIT for a line that is too long, for megabytes of empty lines and
 * for gzip that expands too much, ABORTED by the signal.
 */
export async function* textBlocks(source: ByteSource, signal?: AbortSignal): AsyncGenerator<TextBlock> {
  const head = await source.read(0, 2);
  const pieces = isGzip(head)
    ? unpacked(source, {
        maxBytes: EXPANSION_ALLOWANCE + MAX_TEXT_COMPRESSION * source.byteLength,
        bound: `${MAX_TEXT_COMPRESSION} times their size`,
        hint: "if the file is meant to be so, unpack it first: gunzip FILE",
      })
    : plain(source);
  let rest: Uint8Array[] = [];
  let restBytes = 0;
  let firstLine = 1;
  let isStart = true;
  let emptyBytes = 0;
  for await (const piece of pieces) {
    throwIfAborted(signal);
    const end = piece.lastIndexOf(NEWLINE) + 1;
    if (end === 0) {
      rest.push(piece);
      restBytes += piece.length;
      if (restBytes > MAX_LINE_BYTES)
        throw new AtlasmtlError("LIMIT", `line ${firstLine} is longer than ${MAX_LINE_BYTES} bytes`);
      continue;
    }
    const bytes = joined([...rest, piece.subarray(0, end)], isStart);
    isStart = false;
    emptyBytes = bytes.some((byte) => byte > SPACE) ? 0 : emptyBytes + bytes.length;
    if (emptyBytes > MAX_EMPTY_BYTES)
      throw new AtlasmtlError("LIMIT", `${emptyBytes} bytes of empty lines`, { where: `line ${firstLine}` });
    yield { bytes, firstLine };
    firstLine += countLines(bytes);
    rest = [piece.subarray(end)];
    restBytes = piece.length - end;
  }
  const bytes = joined(rest, isStart);
  if (bytes.length > 0) yield { bytes, firstLine };
}

/** Number of line feeds before `end`. */
export function countLines(bytes: Uint8Array, end = bytes.length): number {
  let count = 0;
  for (let at = 0; at < end; at++) if (bytes[at] === NEWLINE) count++;
  return count;
}

function joined(parts: readonly Uint8Array[], isStart: boolean): Uint8Array {
  let whole = parts.length === 1 ? parts[0] : new Uint8Array(parts.reduce((n, { length }) => n + length, 0));
  if (parts.length > 1) {
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
  }
  if (isStart && whole[0] === 0xef && whole[1] === 0xbb && whole[2] === 0xbf) whole = whole.subarray(3);
  return whole;
}

async function* plain(source: ByteSource): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < source.byteLength; at += PIECE_BYTES) yield source.read(at, at + PIECE_BYTES);
}
