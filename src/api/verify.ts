/** Compares the files of a model or a run with their recorded checksums; loaded on first use. @module */
import type { FileSetInput } from "../core/file-set.ts";
import type { Verified, VerifyOptions } from "./verify-files.ts";

export type { FileContent, Verified, VerifiedFile, VerifyOptions, VerifyStatus } from "./verify-files.ts";

/**
 * Hashes every file of a bundle or a run and compares it with its recorded checksum. Takes the path of a `.pth`, its
 * manifest, its folder, its `.zip` or a run manifest in Node, and the files of a bundle or their archive anywhere. Differences are results, not
 * errors.
 *
 * ```ts
 * const { files } = await verify("model/model.pth");
 * const wrong = files.filter(({ status }) => status === "changed" || status === "missing");
 * ```
 * @throws NOT_FOUND, BAD_FORMAT or UNSUPPORTED for the manifest itself; USAGE; IO; ABORTED.
 */
export async function verify(
  from: string | Blob | Uint8Array | FileSetInput,
  options: VerifyOptions = {},
): Promise<Verified> {
  return (await import("./verify-files.ts")).verifyFiles(from, options);
}
