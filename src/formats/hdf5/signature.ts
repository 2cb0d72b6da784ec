/** Recognises HDF5 files, and files that are passed by mistake. @module */
import type { ByteSource } from "../../core/bytes.ts";
import { AtlasmtlError } from "../../errors.ts";

const SIGNATURE = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];

/** A user block may precede the signature: 512 bytes or a doubling of that. */
const MAX_USER_BLOCK = 1 << 20;

const OTHERS: readonly { readonly start: readonly number[]; readonly what: string; readonly hint: string }[] =
  [
    { start: [0x1f, 0x8b], what: "a gzip file", hint: "decompress it first (gunzip)" },
    { start: [0x50, 0x4b], what: "a zip archive", hint: "unpack it first and pass the .h5ad inside" },
    { start: [0x80, 0x02], what: "a Python pickle", hint: "write it as .h5ad in Python" },
    { start: [0x80, 0x04], what: "a Python pickle", hint: "write it as .h5ad in Python" },
    { start: [0x80, 0x05], what: "a Python pickle", hint: "write it as .h5ad in Python" },
    {
      start: [0x41, 0x52, 0x52, 0x4f, 0x57, 0x31],
      what: "an Arrow table",
      hint: "write it as .parquet or .csv",
    },
  ];

/** True for a file with the HDF5 signature, at its start or after a user block. */
export async function isHdf5(source: ByteSource): Promise<boolean> {
  if (startsWith(await source.read(0, 8), SIGNATURE)) return true;
  for (let at = 512; at <= MAX_USER_BLOCK && at < source.byteLength; at *= 2)
    if (startsWith(await source.read(at, at + 8), SIGNATURE)) return true;
  return false;
}

/** @throws BAD_FORMAT that says what the file looks like, if it is not HDF5. */
export async function checkHdf5Signature(source: ByteSource): Promise<void> {
  if (await isHdf5(source)) return;
  const [what, hint] = looksLike(await source.read(0, 512));
  throw new AtlasmtlError("BAD_FORMAT", `this is not an HDF5 file: it is ${what}`, { hint });
}

function startsWith(bytes: Uint8Array, start: readonly number[]): boolean {
  return start.every((value, i) => bytes[i] === value);
}

function looksLike(head: Uint8Array): [what: string, hint: string] {
  if (head.length === 0) return ["empty", "the copy or download failed; fetch the file again"];
  const other = OTHERS.find(({ start }) => startsWith(head, start));
  if (other !== undefined) return [other.what, other.hint];
  const isText = head.every((byte) => byte >= 32 || (byte >= 9 && byte <= 13));
  if (isText) {
    const begin = new TextDecoder().decode(head.subarray(0, 40)).split("\n")[0].trim();
    const hint = begin.startsWith("version https://git-lfs")
      ? "this is a Git LFS pointer; run git lfs pull"
      : "pass the .h5ad file itself";
    return [`text that begins with "${begin}"`, hint];
  }
  return ["of an unknown kind", "pass an .h5ad file"];
}
