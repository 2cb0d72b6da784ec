/** Hashes the files of models and runs; `verify.ts` loads this module on first use. @module */
import { platform } from "#platform";
import { isArchiveName, openArchiveAt, openBundleFiles } from "../artifacts/bundle-files.ts";
import { bundleAt, chooseBundle } from "../artifacts/choose-bundle.ts";
import { siblingPath } from "../artifacts/locations.ts";
import { checkRunFiles, isRunManifest, parseRunManifest } from "../artifacts/run-manifest.ts";
import { type VerifyStatus as BundleStatus, verifyBundle } from "../artifacts/verify-bundle.ts";
import type { FileStore } from "../core/bytes.ts";
import type { FileSetInput } from "../core/file-set.ts";
import { folderName } from "../core/paths.ts";
import type { WorkOptions } from "../core/progress.ts";
import { AtlasmtlError } from "../errors.ts";
import { MANIFEST_KEYS, MODEL_SUFFIX } from "../schema/bundle.ts";
import { codeOfRun, readManifestJson } from "./runs.ts";

/**
 * `unlisted`: the file is there and nothing was recorded of it; `replaced`: an input that the run itself replaced.
 */
export type VerifyStatus = "ok" | "changed" | "missing" | "unlisted" | "replaced";

/** Size and digest of a file; null if not recorded or not computed. */
export interface FileContent {
  readonly sizeBytes: number | null;
  readonly sha256: string | null;
}

/** One file and the result of comparing its checksum. */
export interface VerifiedFile {
  /** Such as `model`, `metadata`, `input` or `output`. */
  readonly role: string;
  readonly path: string;
  readonly status: VerifyStatus;
  /** The recorded content; null if there is none. */
  readonly expected: FileContent | null;
  /** The content now; null if the file is missing. */
  readonly found: FileContent | null;
}

export interface Verified {
  readonly kind: "bundle" | "run" | "other";
  readonly files: readonly VerifiedFile[];
  /** SHA-256 of the program of a run; null if not recorded. */
  readonly codeSha256: string | null;
}

export interface VerifyOptions extends WorkOptions {
  /** Return the kind `other` for JSON of other programs instead of throwing. */
  readonly skipOthers?: boolean | undefined;
}

const STATUS = {
  ok: "ok",
  mismatch: "changed",
  missing: "missing",
  unlisted: "unlisted",
} as const satisfies Record<BundleStatus, VerifyStatus>;

/** As `verify`. */
export async function verifyFiles(
  from: string | Blob | Uint8Array | FileSetInput,
  options: VerifyOptions,
): Promise<Verified> {
  if (typeof from === "string" && !isArchiveName(from)) return verifyPath(from, options);
  const store = typeof from === "string" ? await openArchiveAt(from) : await openBundleFiles(from);
  const path = chooseBundle(store.paths);
  if (path.endsWith(MODEL_SUFFIX)) throw noManifest(path);
  return verifyModel(path, options, store);
}

async function verifyPath(given: string, options: VerifyOptions): Promise<Verified> {
  const path = await bundleAt(given);
  if (path.endsWith(".json")) {
    const json = await readManifestJson(path);
    if (isRunManifest(json)) return verifyRun(json, path, options);
    if (options.skipOthers === true && !isBundleManifest(json))
      return { kind: "other", files: [], codeSha256: null };
  }
  if (path.endsWith(MODEL_SUFFIX)) await requireManifest(path);
  return verifyModel(path, options);
}

async function verifyRun(json: unknown, path: string, { signal }: VerifyOptions): Promise<Verified> {
  const manifest = parseRunManifest(json, path);
  const files = await checkRunFiles(manifest, folderName(path), signal);
  return {
    kind: "run",
    files: files.map(({ status, ...file }) => ({
      ...file,
      status: ({ OK: "ok", CHANGED: "changed", MISSING: "missing", REPLACED: "replaced" } as const)[status],
    })),
    codeSha256: codeOfRun(manifest),
  };
}

async function verifyModel(
  path: string,
  { skipOthers: _, ...work }: VerifyOptions,
  store: FileStore = platform.files,
): Promise<Verified> {
  const content = (sha256: string | null): FileContent | null =>
    sha256 === null ? null : { sizeBytes: null, sha256 };
  const files = await verifyBundle(path, { ...work, store });
  return {
    kind: "bundle",
    files: files.map(({ key, path: file, status, expected, found }) => ({
      role: key.replace(/_path$/, ""),
      path: file,
      status: STATUS[status],
      expected: content(expected),
      found: content(found),
    })),
    codeSha256: null,
  };
}

function isBundleManifest(json: unknown): boolean {
  return typeof json === "object" && json !== null && Object.hasOwn(json, MANIFEST_KEYS.modelPath);
}

/** A bundle without a manifest has no checksums to compare with. */
async function requireManifest(path: string): Promise<void> {
  const files = platform.files.committedView?.() ?? platform.files;
  if (!(await files.exists(path)) || (await files.exists(siblingPath(path, "manifest")))) return;
  throw noManifest(path);
}

const noManifest = (path: string): AtlasmtlError =>
  new AtlasmtlError("NOT_FOUND", "the model has no manifest beside it, so no checksums were recorded", {
    where: path,
    hint: "load the model and save it again, which writes a manifest",
  });
