/** One digest for a folder. @module */
import { platform } from "#platform";
import { compareCodePoints } from "../core/order.ts";
import { throwIfAborted } from "../core/progress.ts";

/** Bytes read at a time. */
const PIECE_BYTES = 1 << 22;

/**
 * Size and SHA-256 of a folder (Node): the digest is of the text `<sha256>  <path>\n` of every file below it,
 * in the order of their paths by code point, as `sha256sum` prints them.
 * @throws IO, ABORTED.
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

async function filesBelow(folder: string, prefix: string): Promise<string[]> {
  const found: string[] = [];
  for (const name of (await platform.files.list(prefix === "" ? folder : `${folder}/${prefix}`)) ?? []) {
    const key = prefix === "" ? name : `${prefix}/${name}`;
    if ((await platform.files.list(`${folder}/${key}`)) === null) found.push(key);
    else found.push(...(await filesBelow(folder, key)));
  }
  return found;
}
