/**
 * Run manifests: inputs, settings, seeds, software and outputs of a run
 * (docs/specification/1-artifacts.md#run-manifests).
 * @module
 */

import { platform } from "#platform";
import { isArchiveName } from "../artifacts/bundle-files.ts";
import {
  emitRunManifest,
  type FileRecord,
  parseRunManifest,
  type ReadRunManifest,
  type RunRecord,
  runManifest,
} from "../artifacts/run-manifest.ts";
import type { FileToWrite, WrittenFile } from "../core/bytes.ts";
import { readWhole } from "../core/checksums.ts";
import { MAX_JSON_BYTES } from "../core/limits.ts";
import { baseName, folderName, joinPath } from "../core/paths.ts";
import { VERSION } from "../core/version.ts";
import { AtlasmtlError, isAtlasmtlError } from "../errors.ts";
import { REFERENCE_ROLE } from "../output/report/types.ts";
import { MODEL_SUFFIX, RUN_MANIFEST_FILES } from "../schema/bundle.ts";
import { RUN_MANIFEST, SOFTWARE } from "../schema/run-manifest.ts";
import type { ReportFiles } from "./prediction-result.ts";

export {
  checkRunFiles,
  type FileCheck,
  type FileRecord,
  type Fingerprint,
  fingerprintFile,
  isRunManifest,
  parseRunManifest,
  type ReadRunManifest,
} from "../artifacts/run-manifest.ts";

/** The content of a run manifest, without the version of the library, which is added here. */
export type RunDetails = Omit<RunRecord, "packageVersion">;

/** A run manifest as the bytes of its file. */
export function emitRun(run: RunDetails): Uint8Array {
  return emitRunManifest(runManifest({ ...run, packageVersion: VERSION }));
}

/** Size and digest of a file that is about to be written. */
export function fingerprint({ path, bytes }: FileToWrite): WrittenFile {
  const sha = platform.createSha256();
  let sizeBytes = 0;
  for (const piece of bytes) {
    sha.update(piece);
    sizeBytes += piece.length;
  }
  return { path, sizeBytes, sha256: sha.hex() };
}

/**
 * Reads a run manifest (Node).
 * @throws NOT_FOUND, IO, LIMIT; BAD_FORMAT or UNSUPPORTED for a file that is none.
 */
export async function readRun(path: string): Promise<ReadRunManifest> {
  return parseRunManifest(await readManifestJson(path), path);
}

/** The content of a manifest of any kind. @throws NOT_FOUND, IO, LIMIT, or BAD_FORMAT for what is no JSON. */
export async function readManifestJson(path: string): Promise<unknown> {
  const store = platform.files.committedView?.() ?? platform.files;
  const bytes = await readWhole(store, path, null, MAX_JSON_BYTES);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    const reason = error instanceof SyntaxError ? error.message : "it is not UTF-8";
    throw new AtlasmtlError("BAD_FORMAT", `not valid JSON: ${reason}`, {
      where: path,
      hint: "restore the manifest from a copy",
      subject: "artifact",
      cause: error,
    });
  }
}

/**
 * What the run that wrote a model read, by the record of that run beside the model (Node). `files` are the records of the model's files now: a
 * record of another model tells nothing. Empty where there is none.
 */
export async function trainingInputs(modelPath: string, files: readonly FileRecord[]): Promise<ReportFiles> {
  const folder = folderName(modelPath);
  const own = baseName(modelPath).replace(/\.(pth|zip)$/, "");
  const digests = new Set(files.map(({ sha256 }) => sha256));
  for (const name of [RUN_MANIFEST_FILES.train, `${own}.${RUN_MANIFEST_FILES.train}`])
    try {
      const { inputs, outputs } = await readRun(joinPath(folder, name));
      if (
        outputs.some(
          ({ path, sha256 }) => (path.endsWith(MODEL_SUFFIX) || isArchiveName(path)) && digests.has(sha256),
        )
      )
        return inputs.map((file) => ({ ...file, role: REFERENCE_ROLE }));
    } catch (error) {
      if (!isAtlasmtlError(error)) throw error;
    }
  return [];
}

/** SHA-256 of the program of a run; null if its manifest does not contain it. */
export function codeOfRun({ content }: ReadRunManifest): string | null {
  const software: unknown = content.get(RUN_MANIFEST.software);
  if (typeof software !== "object" || software === null) return null;
  const digest = (software as Readonly<Record<string, unknown>>)[SOFTWARE.codeSha256];
  return typeof digest === "string" ? digest : null;
}
