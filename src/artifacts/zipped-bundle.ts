/** A bundle in one zip archive. @module */

import type { ByteSource, FileToWrite } from "../core/bytes.ts";
import { type FileSet, fileSetOf } from "../core/file-set.ts";
import { isAbsolutePath, joinPath, normalizePath } from "../core/paths.ts";
import type { Pause } from "../core/progress.ts";
import { AtlasmtlError, locate } from "../errors.ts";
import { crc32 } from "../formats/compression/crc32.ts";
import type { ZipEntry } from "../formats/zip/directory.ts";
import { emitZip } from "../formats/zip/emit.ts";
import { openZipStore, type ZipStore } from "../formats/zip/store.ts";

/** Bytes of a checksum between two pauses. */
const CHUNK_BYTES = 1 << 20;

/**
 * Pieces of an archive of the files: stored, without times, so that the same files give the same bytes.
 * @throws what `pause` throws.
 */
export async function emitZippedBundle(
  files: readonly FileToWrite[],
  pause: Pause,
): Promise<readonly Uint8Array[]> {
  const entries: Parameters<typeof emitZip>[0][number][] = [];
  for (const { path, bytes } of files) {
    const pieces = [...bytes];
    let crc = 0;
    for (const piece of pieces)
      for (let at = 0; at < piece.length; at += CHUNK_BYTES) {
        crc = crc32(piece.subarray(at, at + CHUNK_BYTES), crc);
        await pause();
      }
    entries.push({ name: path, pieces, crc });
  }
  return emitZip(entries);
}

/**
 * The files of the archive that `open` opens, as `NAME.zip/model.pth`. It is opened for each file, and only that file is read.
 * What macOS adds to archives is left out.
 * @throws NOT_FOUND or IO; BAD_FORMAT for a damaged archive, two entries of one name or a path that leaves the archive;
 * UNSUPPORTED for encryption or another compression; LIMIT for a file beyond what a bundle needs or that claims to expand to
 * far more than it is.
 */
export async function openZippedBundle(open: () => Promise<ByteSource>): Promise<FileSet> {
  const { listed, name, close } = await openArchive(open);
  await close();
  try {
    const keys = keysByPath(listed, name);
    const files = fileSetOf([...keys.keys()], async (path) => {
      const key = keys.get(path);
      return key === undefined ? null : entrySource(await openArchive(open), key, path);
    });
    return { ...files, archive: name };
  } catch (error) {
    throw locate(error, name, "artifact");
  }
}

async function openArchive(open: () => Promise<ByteSource>): Promise<ZipStore> {
  const source = await open();
  try {
    return await openZipStore(source);
  } catch (error) {
    await source.close();
    throw locate(error, source.name, "artifact");
  }
}

/** Path → key in the archive. */
function keysByPath(listed: readonly ZipEntry[], archive: string): ReadonlyMap<string, string> {
  const keys = new Map<string, string>();
  for (const { name } of listed) {
    const inside = checkedPath(name);
    if (name.endsWith("/") || inside.startsWith("__MACOSX/")) continue;
    const path = normalizePath(joinPath(archive, inside));
    if (keys.has(path)) throw unsafe(`two entries have the path ${inside}`);
    keys.set(path, name);
  }
  return keys;
}

function checkedPath(entry: string): string {
  const path = normalizePath(entry);
  if (
    isAbsolutePath(path) ||
    /^[A-Za-z]:/.test(path) ||
    path.split("/").includes("..") ||
    path.includes("\0")
  )
    throw unsafe(`entry ${JSON.stringify(entry)} leaves the archive`);
  return path;
}

/** An entry of an open archive; a deflated one is unpacked once. Closing it closes the archive. */
function entrySource(archive: ZipStore, key: string, path: string): ByteSource {
  const entry = archive.listed.find(({ name }) => name === key);
  const { size, method } = entry!;
  let content: Promise<Uint8Array | undefined> | null = null;
  return {
    name: path,
    byteLength: size,
    async read(start, end) {
      const [from, to] = [Math.max(start, 0), Math.min(Math.max(end, 0), size)];
      if (method === 0 && to - from < size) return (await archive.getRange(key, { start: from, end: to }))!;
      content ??= archive.get(key);
      return (await content)!.subarray(from, to);
    },
    close: () => archive.close(),
  };
}

const unsafe = (message: string): AtlasmtlError =>
  new AtlasmtlError("BAD_FORMAT", message, {
    hint: "zip the files of the bundle once more, by their names alone",
  });
