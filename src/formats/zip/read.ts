/** Reads zip archives in memory, with strict checks. @module */
import { AtlasmtlError, locate } from "../../errors.ts";
import {
  dataStartOf,
  entryContent,
  entryEnds,
  findDirectory,
  LOCAL_HEADER,
  readDirectory,
  type ZipEntry,
} from "./directory.ts";

/** An archive whose directory and headers have been checked. */
export interface ZipArchive {
  /** Entry names in directory order. */
  readonly names: readonly string[];
  has(name: string): boolean;
  /** Uncompressed size. @throws NOT_FOUND */
  size(name: string): number;
  /**
   * The content, a view of the archive for a stored entry.
   * @throws NOT_FOUND; BAD_FORMAT for a wrong checksum or size; LIMIT for a bomb.
   */
  read(name: string): Uint8Array;
}

/**
 * Opens an archive and checks its structure.
 * @throws BAD_FORMAT for anything inconsistent: sizes beyond the file, overlapping or duplicate entries,
 * headers that disagree; UNSUPPORTED for encryption or another compression; LIMIT for too many entries.
 */
export function openZip(bytes: Uint8Array): ZipArchive {
  const directory = findDirectory(bytes);
  const { offset, size, count } = directory;
  const listed = readDirectory(bytes.subarray(offset, offset + size), count);
  const ends = entryEnds(listed, offset);
  const entries = new Map<string, ZipEntry & { readonly dataStart: number }>();
  for (const entry of listed) {
    if (entries.has(entry.name))
      throw new AtlasmtlError("BAD_FORMAT", `the archive has two entries ${entry.name}`, {
        hint: "the archive is damaged or was not written completely",
      });
    const header = bytes.subarray(entry.offset, entry.offset + LOCAL_HEADER + entry.nameLength);
    entries.set(entry.name, { ...entry, dataStart: dataStartOf(header, entry, ends.get(entry)!) });
  }
  const find = (name: string): ZipEntry & { readonly dataStart: number } => {
    const entry = entries.get(name);
    if (entry === undefined) throw new AtlasmtlError("NOT_FOUND", `the archive has no entry ${name}`);
    return entry;
  };
  return {
    names: [...entries.keys()],
    has: (name) => entries.has(name),
    size: (name) => find(name).size,
    read(name) {
      try {
        const { dataStart, ...entry } = find(name);
        return entryContent(bytes.subarray(dataStart, dataStart + entry.compressedSize), entry);
      } catch (error) {
        throw locate(error, name);
      }
    },
  };
}
