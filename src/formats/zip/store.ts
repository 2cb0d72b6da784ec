/** The files of a zip archive as a {@link KeyStore}, which reads them one by one from any source. @module */
import type { ByteSource } from "../../core/bytes.ts";
import { compareCodePoints } from "../../core/order.ts";
import { locate } from "../../errors.ts";
import { checkKeyBytes, type KeyStore } from "../zarr/key-store.ts";
import {
  dataStartOf,
  entryContent,
  entryEnds,
  findDirectory,
  LOCAL_HEADER,
  MAX_END_BYTES,
  readDirectory,
  type ZipEntry,
} from "./directory.ts";

/** Additional bytes that are read for an entry: its short extra field. */
const EXTRA_ALLOWANCE = 64;

/** Maximum size of entries that are cached for the next range of the same entry. */
const MAX_KEPT_BYTES = 1 << 28;

/** The files of an archive. */
export interface ZipStore extends KeyStore {
  /** Every file's key, in the order of the directory. */
  readonly keys: readonly string[];
  /** The directory as it is: folders and replaced entries are in it. */
  readonly listed: readonly ZipEntry[];
}

/**
 * Opens an archive; closing it closes `source`. If a name occurs twice, the later entry counts, as in zarr
 * and Python's zipfile: writers replace a file by adding it again.
 * @throws BAD_FORMAT for an inconsistent archive, UNSUPPORTED for encryption or another compression, LIMIT
 * for too many entries.
 */
export async function openZipStore(source: ByteSource): Promise<ZipStore> {
  const size = source.byteLength;
  const base = Math.max(size - MAX_END_BYTES, 0);
  const directory = findDirectory(await source.read(base, size), base);
  const end = directory.offset + directory.size;
  const listed = readDirectory(await source.read(directory.offset, end), directory.count);
  const ends = entryEnds(listed, directory.offset);
  const entries = new Map<string, ZipEntry>();
  for (const entry of listed) if (!entry.name.endsWith("/")) entries.set(entry.name, entry);
  const folders = foldersOf(entries.keys());
  let kept: { readonly entry: ZipEntry; readonly content: Uint8Array } | null = null;

  /** The offset of the data, and the part of the entry that was already read. */
  const open = async (entry: ZipEntry, dataBytes: number) => {
    const { offset, nameLength } = entry;
    const stop = ends.get(entry)!;
    const head = LOCAL_HEADER + nameLength;
    const bytes = await source.read(offset, Math.min(offset + head + EXTRA_ALLOWANCE + dataBytes, stop));
    const start = dataStartOf(bytes, entry, stop);
    return { start, bytes: bytes.subarray(start - offset) };
  };
  const whole = async (entry: ZipEntry): Promise<Uint8Array> => {
    if (kept?.entry === entry) return kept.content;
    const { start, bytes } = await open(entry, entry.compressedSize);
    const raw =
      bytes.length >= entry.compressedSize
        ? bytes.subarray(0, entry.compressedSize)
        : await source.read(start, start + entry.compressedSize);
    return entryContent(raw, entry);
  };
  const located = async <T>(key: string, read: () => Promise<T>): Promise<T> => {
    try {
      return await read();
    } catch (error) {
      throw locate(error, key);
    }
  };
  return {
    name: source.name,
    isListable: true,
    keys: [...entries.keys()],
    listed,
    async get(key, maxBytes) {
      const entry = entries.get(key);
      if (entry !== undefined) checkKeyBytes(key, entry.size, maxBytes);
      return entry === undefined ? undefined : located(key, () => whole(entry));
    },
    async getRange(key, range) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      const first = "suffix" in range ? Math.max(entry.size - range.suffix, 0) : range.start;
      const last = Math.min("suffix" in range ? entry.size : range.end, entry.size);
      return located(key, async () => {
        if (entry.method === 0) {
          const { start } = await open(entry, 0);
          return source.read(start + first, start + Math.max(last, first));
        }
        const content = await whole(entry);
        if (content.length <= MAX_KEPT_BYTES) kept = { entry, content };
        return content.subarray(first, last);
      });
    },
    list: async (folder) => folders.get(folder) ?? [],
    close: () => source.close(),
  };
}

/** Folder → the names in it, sorted. */
function foldersOf(keys: Iterable<string>): Map<string, readonly string[]> {
  const found = new Map<string, Set<string>>();
  for (const key of keys) {
    let from = 0;
    for (let slash = key.indexOf("/"); ; slash = key.indexOf("/", from)) {
      const folder = key.slice(0, Math.max(from - 1, 0));
      const names = found.get(folder) ?? new Set();
      found.set(folder, names.add(slash < 0 ? key.slice(from) : key.slice(from, slash)));
      if (slash < 0) break;
      from = slash + 1;
    }
  }
  return new Map([...found].map(([folder, names]) => [folder, [...names].sort(compareCodePoints)]));
}

/** A store of the files below `prefix` (without a slash at its end; `""` for all). */
export function below(store: KeyStore, prefix: string): KeyStore {
  if (prefix === "") return store;
  return {
    ...store,
    get: (key, maxBytes) => store.get(`${prefix}/${key}`, maxBytes),
    getRange: (key, range) => store.getRange(`${prefix}/${key}`, range),
    list: (folder) => store.list(folder === "" ? prefix : `${prefix}/${folder}`),
  };
}
