/** Bounds the decompressed size of a Zstandard file by its headers. Source: RFC 8878. @module */

const MAGIC = 0xfd2fb528;
const BLOCK_BYTES = 128 * 1024;

/** An upper bound of the content's size in bytes; NaN if the structure is damaged. */
export function zstdBound(bytes: Uint8Array): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let total = 0;
  let at = 0;
  while (at < bytes.length) {
    if (at + 8 > bytes.length) return Number.NaN;
    const magic = view.getUint32(at, true);
    if ((magic & 0xfffffff0) >>> 0 === 0x184d2a50) {
      at += 8 + view.getUint32(at + 4, true); // a skippable frame
      continue;
    }
    if (magic !== MAGIC) return Number.NaN;
    const descriptor = bytes[at + 4];
    const isSingle = (descriptor & 0x20) !== 0;
    const sizeFlag = descriptor >> 6;
    const sizeBytes = sizeFlag === 0 ? (isSingle ? 1 : 0) : 1 << sizeFlag;
    let block = at + 5 + (isSingle ? 0 : 1) + [0, 1, 2, 4][descriptor & 3];
    if (block + sizeBytes > bytes.length) return Number.NaN;
    const declared = readSize(view, block, sizeBytes);
    block += sizeBytes;
    let content = 0;
    for (let isLast = false; !isLast; ) {
      if (block + 3 > bytes.length) return Number.NaN;
      const header = bytes[block] | (bytes[block + 1] << 8) | (bytes[block + 2] << 16);
      isLast = (header & 1) === 1;
      const kind = (header >> 1) & 3;
      const size = header >> 3;
      if (kind === 3) return Number.NaN;
      content += kind === 2 ? BLOCK_BYTES : size;
      block += 3 + (kind === 1 ? 1 : size);
      if (block > bytes.length) return Number.NaN;
    }
    total += declared ?? content;
    at = block + (descriptor & 4 ? 4 : 0);
  }
  return total;
}

function readSize(view: DataView, at: number, size: number): number | null {
  switch (size) {
    case 1:
      return view.getUint8(at);
    case 2:
      return view.getUint16(at, true) + 256;
    case 4:
      return view.getUint32(at, true);
    case 8:
      return Number(view.getBigUint64(at, true));
    default:
      return null;
  }
}
