/** Snappy's raw format. Source: google/snappy, format_description.txt. @module */
import { cursorOf, damaged, readVarint } from "./thrift.ts";

/** Three bytes copy at most 64. */
const MAX_RATIO = 22;

/** Decompresses to exactly `length` bytes. @throws BAD_FORMAT for damaged data or another length. */
export function unsnappy(bytes: Uint8Array, length: number): Uint8Array {
  if (bytes.length === 0 && length === 0) return bytes;
  const cursor = cursorOf(bytes);
  const declared = readVarint(cursor);
  if (declared !== length || length > bytes.length * MAX_RATIO)
    throw damaged(`${bytes.length} bytes of Snappy data declare ${declared} where ${length} belong`);
  const out = new Uint8Array(length);
  let end = 0;
  let { at } = cursor;
  /** A number of `size` bytes, the lowest first. */
  const number = (size: number): number => {
    let value = 0;
    for (let i = 0; i < size; i++) value += cursor.view.getUint8(at++) * 2 ** (8 * i);
    return value;
  };
  while (at < bytes.length) {
    const tag = bytes[at++];
    const kind = tag & 3;
    if (kind === 0) {
      const n = (tag >> 2 < 60 ? tag >> 2 : number((tag >> 2) - 59)) + 1;
      if (n > bytes.length - at || n > length - end)
        throw damaged("a literal of the Snappy data is too long");
      out.set(bytes.subarray(at, at + n), end);
      at += n;
      end += n;
      continue;
    }
    const n = kind === 1 ? ((tag >> 2) & 7) + 4 : (tag >> 2) + 1;
    const back = kind === 1 ? (tag >> 5) * 256 + number(1) : number(kind === 2 ? 2 : 4);
    if (back === 0 || back > end || n > length - end)
      throw damaged("a copy of the Snappy data lies outside of them");
    // Byte by byte, because source and target may overlap.
    for (let i = 0; i < n; i++, end++) out[end] = out[end - back];
  }
  if (end !== length) throw damaged(`the Snappy data hold ${end} bytes where ${length} belong`);
  return out;
}
