/** Texts of R's serialization. @module */
import { TEXT } from "./types.ts";

const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
const latin1 = new TextDecoder("latin1");

/** A text from its bytes and flags; null is NA. Text that does not say its encoding is in that of the file, or UTF-8. */
export function charText(
  bytes: Uint8Array,
  flags: number,
  length: number,
  nativeEncoding: string | null,
): string | null {
  if (length < 0) return null;
  const isNative = (flags & (TEXT.latin1 | TEXT.utf8 | TEXT.ascii)) === 0;
  const isLatin1 = (flags & TEXT.latin1) !== 0 || (isNative && isLatin1Name(nativeEncoding));
  return (isLatin1 ? latin1 : utf8).decode(bytes);
}

const isLatin1Name = (encoding: string | null): boolean =>
  encoding !== null && /^(iso-?8859-1|latin1|cp1252|windows-1252)$/i.test(encoding);

/** The texts in the bytes of a whole vector. */
export function texts(
  bytes: Uint8Array,
  length: number,
  isLittleEndian: boolean,
  nativeEncoding: string | null,
): (string | null)[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: (string | null)[] = [];
  let at = 0;
  for (let i = 0; i < length; i++) {
    const flags = view.getInt32(at, isLittleEndian);
    const count = view.getInt32(at + 4, isLittleEndian);
    const end = at + 8 + Math.max(0, count);
    found.push(charText(bytes.subarray(at + 8, end), flags, count, nativeEncoding));
    at = end;
  }
  return found;
}
