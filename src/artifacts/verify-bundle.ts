/** Checks the checksums of a bundle. @module */
import { platform } from "#platform";
import type { FileStore } from "../core/bytes.ts";
import { readWhole, sha256File } from "../core/checksums.ts";
import { MAX_BUNDLE_FILE_BYTES, MAX_MANIFEST_BYTES } from "../core/limits.ts";
import type { WorkOptions } from "../core/progress.ts";
import { AtlasmtlError, locate } from "../errors.ts";
import { MODEL_SUFFIX } from "../schema/bundle.ts";
import { locateInArtifact } from "./artifact-errors.ts";
import { type Manifest, parseManifest } from "./bundle-manifest.ts";
import { findFile, linkTarget, manifestLocation, siblingPath } from "./locations.ts";

/** `unlisted`: the file exists, but the manifest has no digest of it. */
export type VerifyStatus = "ok" | "mismatch" | "missing" | "unlisted";

/** One file of a bundle and the result of its check. */
export interface VerifiedFile {
  /** The manifest key that names the file. */
  readonly key: string;
  readonly path: string;
  readonly status: VerifyStatus;
  readonly expected: string | null;
  readonly found: string | null;
}

export interface VerifyBundleOptions extends WorkOptions {
  readonly store?: FileStore;
}

/**
 * Compares every file that a manifest names with its digest; differences are results, not errors.
 * @param path a manifest, or a `.pth` beside its manifest.
 * @throws NOT_FOUND, BAD_FORMAT or UNSUPPORTED for the manifest itself; USAGE; IO; ABORTED.
 */
export async function verifyBundle(
  path: string,
  options: VerifyBundleOptions = {},
): Promise<readonly VerifiedFile[]> {
  const { signal, onProgress } = options;
  const { store: given = platform.files } = options;
  const store = given.committedView?.() ?? given;
  return locateInArtifact(async () => {
    const manifestPath = path.endsWith(MODEL_SUFFIX) ? await manifestOf(store, path) : path;
    if (!manifestPath.endsWith(".json"))
      throw new AtlasmtlError(
        "USAGE",
        "a bundle is named by its NAME.pth, its NAME_manifest.json or its folder",
        {
          where: path,
          hint: "give one of these",
        },
      );
    const manifest = await readManifest(store, manifestPath);
    const target = await linkTarget(store, manifestPath);
    const results: VerifiedFile[] = [];
    for (const [key, stored] of manifest.paths) {
      onProgress?.({ phase: "verify", done: results.length, total: manifest.paths.size });
      const location = manifestLocation(manifestPath, stored, target);
      const found = await findFile(store, location);
      const expected = manifest.checksums.get(key) ?? null;
      if (found === null)
        results.push({ key, path: location.candidates[0], status: "missing", expected, found: null });
      else {
        const digest = await sha256File(store, found, signal, MAX_BUNDLE_FILE_BYTES);
        const status = expected === null ? "unlisted" : digest === expected ? "ok" : "mismatch";
        results.push({ key, path: found, status, expected, found: digest });
      }
    }
    onProgress?.({ phase: "verify", done: results.length, total: manifest.paths.size });
    return results;
  });
}

/** Beside the `.pth`, or where that is a link, beside its target. */
async function manifestOf(store: FileStore, path: string): Promise<string> {
  const own = siblingPath(path, "manifest");
  if (await store.exists(own)) return own;
  const target = await linkTarget(store, path);
  return target?.endsWith(MODEL_SUFFIX) ? siblingPath(target, "manifest") : own;
}

async function readManifest(store: FileStore, path: string): Promise<Manifest> {
  const bytes = await readWhole(store, path, null, MAX_MANIFEST_BYTES);
  try {
    return parseManifest(bytes);
  } catch (error) {
    throw locate(error, path);
  }
}
