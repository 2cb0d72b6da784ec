/** Computes one digest for a folder. @module */
import { platform } from "#platform";
import { compareCodePoints } from "../../core/order.ts";
import { throwIfAborted } from "../../core/progress.ts";
import { AtlasmtlError } from "../../errors.ts";

/** Bytes read at a time. */
const PIECE_BYTES = 1 << 22;

/**
 * Size and SHA-256 of a folder (Node): the digest is of the text `<sha256>  <path>\n` of every file below it,
 * in the order of their paths by code point, as `sha256sum` prints them.
 * @throws IO, ABORTED; LIMIT for a folder that is too deep or has too many files.
 */
export async function treeFingerprint(
  folder: string,
  signal?: AbortSignal,
): Promise<{ readonly sizeBytes: number; readonly sha256: string }> {
  const tree = platform.createSha256();
  let sizeBytes = 0;
  for (const key of (await filesBelow(folder, "")).sort(compareCodePoints)) {
    throwIfAborted(signal);
    const source = await platform.files.open(`${folder}/${key}`);
    try {
      const hash = platform.createSha256();
      for (let at = 0; at < source.byteLength; at += PIECE_BYTES)
        hash.update(await source.read(at, Math.min(at + PIECE_BYTES, source.byteLength)));
      tree.update(new TextEncoder().encode(`${hash.hex()}  ${key}\n`));
      sizeBytes += source.byteLength;
    } finally {
      await source.close();
    }
  }
  return { sizeBytes, sha256: tree.hex() };
}

/** Links may form cycles; no dataset is this deep or has this many files. */
const MAX_DEPTH = 32;
const MAX_FILES = 10_000_000;

async function filesBelow(folder: string, prefix: string, depth = 0): Promise<string[]> {
  const found: string[] = [];
  if (depth > MAX_DEPTH)
    throw new AtlasmtlError("LIMIT", `the folder is more than ${MAX_DEPTH} deep`, { where: folder });
  for (const name of (await platform.files.list(prefix === "" ? folder : `${folder}/${prefix}`)) ?? []) {
    const key = prefix === "" ? name : `${prefix}/${name}`;
    if ((await platform.files.list(`${folder}/${key}`)) === null) found.push(key);
    else for (const below of await filesBelow(folder, key, depth + 1)) found.push(below);
    if (found.length > MAX_FILES)
      throw new AtlasmtlError("LIMIT", `the folder holds more than ${MAX_FILES} files`, { where: folder });
  }
  return found;
}
