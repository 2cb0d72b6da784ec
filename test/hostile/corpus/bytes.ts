/** Bytes from parts, and zip archives that lie. */
import { crc32 } from "../../../src/formats/compression/crc32.ts";

export type Part = string | number | readonly number[] | Uint8Array;

/** Text (one byte per character), byte values and byte arrays, joined. */
export function raw(...parts: readonly Part[]): Uint8Array {
  return new Uint8Array(
    Buffer.concat(
      parts.map((part) =>
        typeof part === "string"
          ? Buffer.from(part, "latin1")
          : Buffer.from(typeof part === "number" ? [part] : part),
      ),
    ),
  );
}

export const u16 = (value: number): number[] => [...new Uint8Array(Uint16Array.of(value).buffer)];
export const u32 = (value: number): number[] => [...new Uint8Array(Uint32Array.of(value).buffer)];
export const u64 = (value: bigint): number[] => [...new Uint8Array(BigUint64Array.of(value).buffer)];

/** `bytes` with some of them replaced. */
export function patched(bytes: Uint8Array, at: number, change: Part): Uint8Array {
  const copy = bytes.slice();
  copy.set(raw(change), at < 0 ? copy.length + at : at);
  return copy;
}

/** Where `text` begins in `bytes`, every time. */
export function occurrences(bytes: Uint8Array, text: string): number[] {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found: number[] = [];
  for (let at = buffer.indexOf(text, 0, "latin1"); at >= 0; at = buffer.indexOf(text, at + 1, "latin1"))
    found.push(at);
  return found;
}

/** An entry as an archive declares it; what is left out is the truth. */
export interface ZipLie {
  readonly name: string;
  readonly data: Uint8Array;
  readonly method?: number;
  readonly flags?: number;
  readonly crc?: number;
  readonly size?: number;
  readonly compressedSize?: number;
  /** The name in the entry's own header. */
  readonly localName?: string;
  /** Where the directory says that the entry begins. */
  readonly offset?: number;
  readonly extra?: readonly number[];
}

export interface DirectoryLie {
  readonly count?: number;
  readonly size?: number;
  readonly offset?: number;
  readonly disk?: number;
  readonly comment?: number;
}

/** A zip archive of stored entries (or of whatever `method` says) that declares what it is told to. */
export function lyingZip(entries: readonly ZipLie[], lie: DirectoryLie = {}): Uint8Array {
  const locals: Uint8Array[] = [];
  const central: Uint8Array[] = [];
  let offset = 0;
  for (const entry of entries) {
    const { name, data, method = 0, flags = 0, extra = [] } = entry;
    const fields = [
      u16(20),
      u16(flags),
      u16(method),
      u16(0),
      u16(0),
      u32(entry.crc ?? crc32(data)),
      u32(entry.compressedSize ?? data.length),
      u32(entry.size ?? data.length),
    ].flat();
    const localName = entry.localName ?? name;
    const local = raw("PK\x03\x04", fields, u16(localName.length), u16(0), localName, data);
    central.push(
      raw(
        ...[
          "PK\x01\x02",
          u16(20),
          fields,
          u16(name.length),
          u16(extra.length),
          u16(0),
          u16(0),
          u16(0),
          u32(0),
        ],
        ...[u32(entry.offset ?? offset), name, extra],
      ),
    );
    locals.push(local);
    offset += local.length;
  }
  const directory = raw(...central);
  const end = raw(
    ...["PK\x05\x06", u16(lie.disk ?? 0), u16(0), u16(entries.length), u16(lie.count ?? entries.length)],
    ...[u32(lie.size ?? directory.length), u32(lie.offset ?? offset), u16(lie.comment ?? 0)],
  );
  return raw(...locals, directory, end);
}
