/**
 * Run manifests: the inputs, settings, seeds, software and outputs of a run
 * (docs/specification/1-artifacts.md#run-manifests).
 * @module
 */
import { platform } from "#platform";
import { isDatasetFolder } from "../anndata/containers/containers.ts";
import type { FileStore } from "../core/bytes.ts";
import { sha256File } from "../core/checksums.ts";
import { type ConfigMap, type ConfigValue, keyed } from "../core/config.ts";
import { emitJson } from "../core/json.ts";
import { isAbsolutePath } from "../core/paths.ts";
import { AtlasmtlError, isAtlasmtlError } from "../errors.ts";
import { treeFingerprint } from "../formats/zarr/tree-fingerprint.ts";
import { type RUN_MANIFEST_FILES, SCHEMA_VERSION } from "../schema/bundle.ts";
import { FILE_ENTRY, RUN_MANIFEST, SOFTWARE } from "../schema/run-manifest.ts";
import { fromConfig, toConfig } from "./config-values.ts";

/** One data file of a run; `path` is relative to the manifest's folder if it is inside, else as given. */
export interface FileRecord {
  readonly path: string;
  readonly sizeBytes: number;
  /** SHA-256 in lower-case hex. */
  readonly sha256: string;
}

/** The common content of run manifests. */
export interface RunRecord {
  readonly command: keyof typeof RUN_MANIFEST_FILES;
  readonly inputs: readonly FileRecord[];
  readonly outputs: readonly FileRecord[];
  /** Every seed used, by purpose. */
  readonly seeds: ReadonlyMap<string, number>;
  readonly packageVersion: string;
  /** Null if the package does not run from a git checkout. */
  readonly gitCommit: string | null;
  /** SHA-256 of the package's modules; absent if it was not computed. */
  readonly codeSha256?: string;
  /** The command as given, the program's name first. */
  readonly argv: readonly string[];
  /** The split that was made or read, with the keys of the file; null or absent without one. */
  readonly split?: ConfigMap | null;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly finishedAt: string;
  /** The keys of this command, as in the file, such as `train_config`. */
  readonly details: ConfigMap;
}

/** The content of a run manifest; `details` never replaces a common key. */
export function runManifest(record: RunRecord): ConfigMap {
  const { runtime, version, os } = platform.info;
  const common = keyed(RUN_MANIFEST, {
    schemaVersion: SCHEMA_VERSION,
    command: record.command,
    inputs: record.inputs.map(fileEntry),
    outputs: record.outputs.map(fileEntry),
    seeds: record.seeds,
    split: record.split ?? null,
    software: keyed(SOFTWARE, {
      package: "atlasmtl",
      packageVersion: record.packageVersion,
      gitCommit: record.gitCommit,
      codeSha256: record.codeSha256,
      runtime: `${runtime} ${version}`,
      platform: os,
    }),
    argv: record.argv,
    startedAt: record.startedAt,
    finishedAt: record.finishedAt,
  });
  return new Map([...record.details, ...common]);
}

function fileEntry({ path, sizeBytes, sha256 }: FileRecord): ConfigValue {
  return keyed(FILE_ENTRY, { path, size: sizeBytes, sha256 });
}

/** A run manifest as the bytes of its file. */
export function emitRunManifest(manifest: ConfigMap): Uint8Array {
  // Converting to a pickle and back distinguishes floats from ints, as in a bundle.
  return emitJson(toConfig(fromConfig(manifest)));
}

/**
 * Writes a run manifest atomically.
 * @throws IO when it cannot be written.
 */
export async function writeRunManifest(path: string, manifest: ConfigMap): Promise<void> {
  await platform.files.writeAll([{ path, bytes: [emitRunManifest(manifest)] }]);
}

/**
 * Size and SHA-256 of a file.
 * @throws NOT_FOUND or IO when it cannot be read, ABORTED by the signal.
 */
export async function fingerprintFile(
  path: string,
  signal?: AbortSignal,
  store: FileStore = platform.files,
): Promise<Fingerprint> {
  if ((await platform.files.list(path)) !== null) return treeFingerprint(path, signal);
  const source = await store.open(path);
  await source.close();
  return { sizeBytes: source.byteLength, sha256: await sha256File(store, path, signal) };
}

/** A run manifest that was read: its keys, and the files that it names. */
export interface ReadRunManifest {
  readonly content: ReadonlyMap<string, unknown>;
  readonly inputs: readonly FileRecord[];
  readonly outputs: readonly FileRecord[];
}

/** True if parsed JSON looks like a run manifest. */
export function isRunManifest(json: unknown): boolean {
  if (json === null || typeof json !== "object" || Array.isArray(json)) return false;
  return (
    Object.hasOwn(json, RUN_MANIFEST.schemaVersion) &&
    Object.hasOwn(json, RUN_MANIFEST.outputs) &&
    Object.hasOwn(json, RUN_MANIFEST.inputs)
  );
}

/**
 * Checks the structure of parsed JSON; `where` is its file.
 * @throws UNSUPPORTED for a newer schema, BAD_FORMAT for a wrong structure; the subject is `artifact`.
 */
export function parseRunManifest(json: unknown, where: string): ReadRunManifest {
  if (!isRunManifest(json))
    throw badManifest(
      `the file is no run manifest: it lacks ${RUN_MANIFEST.schemaVersion}, inputs or outputs`,
      where,
    );
  const content = new Map(Object.entries(json as object));
  const version: unknown = content.get(RUN_MANIFEST.schemaVersion);
  if (typeof version !== "number") throw badManifest(`${RUN_MANIFEST.schemaVersion} is not a number`, where);
  if (version > SCHEMA_VERSION)
    throw new AtlasmtlError(
      "UNSUPPORTED",
      `the run manifest has schema version ${version}; this version of atlasmtl reads up to ${SCHEMA_VERSION}`,
      { where: `${where} › ${RUN_MANIFEST.schemaVersion}`, hint: "update atlasmtl", subject: "artifact" },
    );
  return {
    content,
    inputs: fileRecords(content.get(RUN_MANIFEST.inputs), `${where} › inputs`),
    outputs: fileRecords(content.get(RUN_MANIFEST.outputs), `${where} › outputs`),
  };
}

function fileRecords(list: unknown, where: string): FileRecord[] {
  if (!Array.isArray(list)) throw badManifest("expected a list of files", where);
  return list.map((item: unknown, i) => {
    const { path, size, sha256 } = (item ?? {}) as Record<string, unknown>;
    if (typeof path !== "string" || typeof size !== "number" || typeof sha256 !== "string")
      throw badManifest("expected path, size and sha256", `${where} › ${i}`);
    return { path, sizeBytes: size, sha256: sha256.toLowerCase() };
  });
}

function badManifest(message: string, where: string): AtlasmtlError {
  return new AtlasmtlError("BAD_FORMAT", message, {
    where,
    hint: "take the file from the folder of the run",
    subject: "artifact",
  });
}

/** The current state of a file of a run. */
export interface FileCheck {
  readonly role: "input" | "output";
  readonly path: string;
  /** `REPLACED`: an input that the run itself replaced by an output, so that it cannot be compared. */
  readonly status: "OK" | "CHANGED" | "MISSING" | "REPLACED";
  readonly expected: Fingerprint;
  /** Null if the file is missing; without a digest if its size already shows that it has changed. */
  readonly found: { readonly sizeBytes: number; readonly sha256: string | null } | null;
}

export type Fingerprint = Pick<FileRecord, "sizeBytes" | "sha256">;

/**
 * Hashes all files of a run manifest again.
 *
 * A relative path is searched in the manifest's folder, then in the working folder; the first file that
 * matches is used.
 */
export async function checkRunFiles(
  manifest: ReadRunManifest,
  folder: string,
  signal?: AbortSignal,
): Promise<FileCheck[]> {
  const checks: FileCheck[] = [];
  const store = platform.files.committedView?.() ?? platform.files;
  for (const role of ["input", "output"] as const)
    for (const record of role === "input" ? manifest.inputs : manifest.outputs)
      checks.push({ role, path: record.path, ...(await checkFile(store, record, folder, signal)) });
  for (const [i, check] of checks.entries())
    if (
      check.status === "CHANGED" &&
      check.role === "input" &&
      (await isOutput(check.path, manifest, folder))
    )
      checks[i] = { ...check, status: "REPLACED" };
  return checks;
}

/** True if an output of the run has the place of the input at `path`. */
async function isOutput(path: string, { outputs }: ReadRunManifest, folder: string): Promise<boolean> {
  for (const output of outputs)
    for (const a of candidates(path, folder))
      for (const b of candidates(output.path, folder)) if (await platform.files.isSame(a, b)) return true;
  return false;
}

function candidates(path: string, folder: string): readonly string[] {
  return isAbsolutePath(path) || folder === "" ? [path] : [`${folder}/${path}`, path];
}

async function checkFile(
  store: FileStore,
  record: FileRecord,
  folder: string,
  signal: AbortSignal | undefined,
): Promise<Pick<FileCheck, "status" | "expected" | "found">> {
  const { path, sizeBytes, sha256 } = record;
  const expected = { sizeBytes, sha256 };
  let found: FileCheck["found"] = null;
  for (const candidate of candidates(path, folder)) {
    const now = await lookAt(store, candidate, sizeBytes, signal);
    if (now === null) continue;
    if (now.sha256 === sha256) return { status: "OK", expected, found: now };
    found ??= now;
  }
  return { status: found === null ? "MISSING" : "CHANGED", expected, found };
}

/** Null if it does not exist. A file of another size needs no digest. */
async function lookAt(
  store: FileStore,
  path: string,
  expectedBytes: number,
  signal: AbortSignal | undefined,
): Promise<FileCheck["found"]> {
  const place = (await store.placeOf?.(path)) ?? path;
  const entries = await platform.files.list(place);
  if (entries !== null) return isDatasetFolder(entries) ? treeFingerprint(place, signal) : null;
  try {
    const source = await store.open(path);
    await source.close();
    if (source.byteLength !== expectedBytes) return { sizeBytes: source.byteLength, sha256: null };
    return await fingerprintFile(path, signal, store);
  } catch (error) {
    if (isAtlasmtlError(error, "NOT_FOUND")) return null;
    throw error;
  }
}
