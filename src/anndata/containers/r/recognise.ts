/** Tells what R has written by the first bytes of a file. @module */
import { Gunzip } from "fflate";
import { isGzip } from "../../../formats/compression/gzip.ts";

/**
 * True for what `saveRDS` writes; and for files of `save()` and of the package qs, which are no dataset: the error of opening them says what
 * to do. A file in bzip2 or xz shows what it holds once it is unpacked; R alone gives such files a name of its own.
 */
export function isOfR(head: Uint8Array, name: string): boolean {
  if (/\.(rds|rda|rdata|qs2?)$/i.test(name)) return true;
  const first = start(head);
  return (
    isSerialized(first) ||
    isSaved(first) ||
    isQs(first) ||
    (isPacked(first) && !/\.t?(bz|bz2|xz)$/i.test(name))
  );
}

/** The form, and the version in either order of its bytes. */
const isSerialized = ([form, line, ...version]: Uint8Array): boolean =>
  (form === 0x58 || form === 0x42) &&
  line === 0x0a &&
  (version[0] === 0 || version[3] === 0) &&
  version[1] === 0 &&
  version[2] === 0;

/** `RDX3`, and a line's end. */
const isSaved = ([r, d, form, , line]: Uint8Array): boolean =>
  r === 0x52 && d === 0x44 && (form === 0x58 || form === 0x41 || form === 0x42) && line === 0x0a;

const isQs = ([a, b, c]: Uint8Array): boolean => a === 0x0b && b === 0x0e && c === 0x0a;

const isPacked = ([a, b, c]: Uint8Array): boolean =>
  (a === 0x42 && b === 0x5a && c === 0x68) || (a === 0xfd && b === 0x37 && c === 0x7a);

/** The first bytes of the content. */
function start(head: Uint8Array): Uint8Array {
  if (!isGzip(head)) return head.subarray(0, 6);
  let found = new Uint8Array(0);
  const decoder = new Gunzip((piece) => {
    if (found.length === 0) found = piece.slice(0, 6);
  });
  try {
    decoder.push(head.slice());
  } catch {
    // What is no gzip is no R data.
  }
  return found;
}
