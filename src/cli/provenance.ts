/**
 * Records which files a run read and wrote, and with which software (docs/specification/1-artifacts.md#run-manifests).
 * @module
 */

import { existsSync } from "node:fs";
import { basename, dirname, extname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { platform } from "#platform";
import { isAtlasmtlError } from "../api/errors.ts";
import { RESULT_ENDINGS, RUN_MANIFEST_FILES } from "../api/formats.ts";
import type { FileToWrite, WrittenFile } from "../api/index.ts";
import { ARTIFACT_DETAILS, DOCUMENTATION_KEY } from "../api/keys.ts";
import { webAddress } from "../api/names.ts";
import {
  emitRun,
  type FileRecord,
  type Fingerprint,
  fingerprintFile,
  type RunDetails as RunRecord,
  readRun,
} from "../api/runs.ts";
import type { ConfigMap } from "../api/values.ts";
import { codeDigest } from "./code-digest.ts";
import type { CommandContext } from "./context.ts";
import { gitCommit } from "./git-commit.ts";
import { checkoutFolder } from "./own-files.ts";

/**
 * Hashes files, and each folder as one; web addresses are recorded in the command only. Start it before the work, so
 * that an input which the output replaces is recorded as it was read.
 * Digests of files in `known` are not computed again; those of other files are not kept there.
 * @throws NOT_FOUND, IO or ABORTED.
 */
export async function recordFiles(
  paths: readonly string[],
  output: string,
  signal?: AbortSignal,
  known: ReadonlyMap<string, Fingerprint> = new Map(),
): Promise<FileRecord[]> {
  const records: FileRecord[] = [];
  const store = platform.files.committedView?.();
  const seen = new Set<string>();
  for (const path of paths) {
    if (seen.has(resolve(path)) || webAddress(path) !== null) continue;
    seen.add(resolve(path));
    records.push({
      path: recordedPath(path, dirname(output)),
      ...(known.get(path) ?? (await fingerprintFile(path, signal, store))),
    });
  }
  return records;
}

/** Relative to `folder` with forward slashes when inside it, else as given. */
function recordedPath(path: string, folder: string): string {
  const inside = relative(resolve(folder), resolve(path));
  if (inside === "" || inside === ".." || inside.startsWith(`..${sep}`) || isAbsolute(inside)) return path;
  return inside.replaceAll(sep, "/");
}

/** A file in a summary: its path from here, and the other keys as in a run manifest. */
export function fileSummary({ path, sizeBytes, sha256 }: FileRecord): {
  readonly path: string;
  readonly size: number;
  readonly sha256: string;
} {
  return { path, size: sizeBytes, sha256 };
}

export interface RunDetails {
  readonly command: RunRecord["command"];
  readonly inputs: readonly FileRecord[];
  readonly seeds: ReadonlyMap<string, number>;
  readonly details: ConfigMap;
  /** What the run is documented by, where that is no config file. */
  readonly documentation?: ConfigMap;
  /** Also names the outputs by `artifact_paths` and `artifact_checksums`. */
  readonly namesArtifacts?: boolean;
  /** The split that was read, or the known fields of one that is written. */
  readonly split?: ConfigMap | null;
  /** Outputs that were written before the last step, by paths relative to the folder of the run. */
  readonly earlierOutputs?: readonly FileRecord[];
  /** The name of the output that gives every cell's part. */
  readonly splitFile?: string;
}

/** A run manifest that is waiting for its outputs. */
export interface PreparedRun {
  /** The place of the manifest, which is chosen as it is made. */
  readonly path: () => string;
  /** Makes the manifest as a file to write together with the outputs, so that none exists without the other. */
  readonly also: (written: readonly WrittenFile[]) => Promise<readonly FileToWrite[]>;
  /** The written outputs, for the manifest and for the summary. */
  readonly outputs: () => readonly WrittenFile[];
}

/** Prepares the run manifest beside `output`, or at `fixedPath`. */
export async function prepareRun(
  output: string,
  run: RunDetails,
  context: Pick<CommandContext, "argv" | "startedAt" | "config">,
  fixedPath?: string,
): Promise<PreparedRun> {
  const commit = checkoutFolder === null ? null : await gitCommit(checkoutFolder);
  let outputs: readonly WrittenFile[] = [];
  let path = fixedPath ?? join(dirname(output), RUN_MANIFEST_FILES[run.command]);
  return {
    path: () => path,
    outputs: () => outputs,
    async also(written) {
      outputs = written;
      path = fixedPath ?? (await manifestPath(output, run.command));
      const recorded = written.map((file) => ({ ...file, path: recordedPath(file.path, dirname(output)) }));
      const all = [...(run.earlierOutputs ?? []), ...recorded];
      const record = emitRun({
        ...run,
        details: new Map([
          ...run.details,
          ...(run.namesArtifacts ? artifactsOf(all) : []),
          ...documentationOf(run.documentation ?? context.config?.documentation),
        ]),
        outputs: all,
        split: splitEntry(run, recorded),
        codeSha256: codeDigest(),
        gitCommit: commit,
        argv: ["atlasmtl", ...context.argv],
        startedAt: context.startedAt.toISOString(),
        finishedAt: new Date().toISOString(),
      });
      return [{ path, bytes: [record] }];
    },
  };
}

/**
 * The place of the record of `output`: the plain name of its command, or `NAME.` before it where that name holds the
 * record of another output which is there.
 */
async function manifestPath(output: string, command: RunRecord["command"]): Promise<string> {
  const plain = RUN_MANIFEST_FILES[command];
  const folder = dirname(output);
  if (command === "benchmark") return join(folder, plain);
  const names = recordNames(output, plain).map((name) => join(folder, name));
  const own = await recordOf(output, command);
  if (own !== null) return own;
  for (const path of names) if (!(await recordsAnother(path))) return path;
  return names.at(-1)!;
}

/** The record that names `output` among its outputs; null without one. */
export async function recordOf(output: string, command: RunRecord["command"]): Promise<string | null> {
  for (const name of recordNames(output, RUN_MANIFEST_FILES[command])) {
    const path = join(dirname(output), name);
    if ((await recordedOutputs(path)).includes(resolve(output))) return path;
  }
  return null;
}

function recordNames(output: string, plain: string): readonly string[] {
  const name = basename(output);
  const ending = RESULT_ENDINGS.filter((each) => name.endsWith(each)).at(-1) ?? extname(name);
  return [plain, `${name.slice(0, name.length - ending.length)}.${plain}`, `${name}.${plain}`];
}

const recordsAnother = async (path: string): Promise<boolean> =>
  (await recordedOutputs(path)).some((output) => existsSync(output));

/** The absolute paths of the outputs that a record names; none for what is no record. */
async function recordedOutputs(path: string): Promise<readonly string[]> {
  if (!existsSync(path)) return [];
  try {
    const { outputs } = await readRun(path);
    return outputs.map((file) => resolve(dirname(path), file.path));
  } catch (error) {
    if (isAtlasmtlError(error)) return [];
    throw error;
  }
}

const documentationOf = (documentation: ConfigMap = new Map()): ConfigMap =>
  documentation.size === 0 ? documentation : new Map([[DOCUMENTATION_KEY, documentation]]);

/** Files by their names, as the benchmark of the Python original records them. */
const artifactsOf = (files: readonly FileRecord[]): ConfigMap =>
  new Map([
    [ARTIFACT_DETAILS.artifactPaths, new Map(files.map(({ path }) => [path, path]))],
    [ARTIFACT_DETAILS.artifactChecksums, new Map(files.map(({ path, sha256 }) => [path, sha256]))],
  ]);

/** The split in the manifest; the assignment of a split that this run made is among the written files. */
function splitEntry({ split, splitFile }: RunDetails, written: readonly FileRecord[]): ConfigMap | null {
  const file = written.find(({ path }) => path === splitFile);
  if (file === undefined) return split ?? null;
  return new Map([...(split ?? []), ["assignment", { ...fileSummary(file) }]]);
}
