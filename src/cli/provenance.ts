/**
 * Which files a run read and wrote, and by which software (docs/specification/1-artifacts.md#run-manifests).
 * @module
 */

import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { platform } from "#platform";
import { option } from "../api/errors.ts";
import { RUN_MANIFEST_FILES } from "../api/formats.ts";
import type { AlsoWrite, WrittenFile } from "../api/index.ts";
import { webAddress } from "../api/names.ts";
import { emitRun, type FileRecord, fingerprintFile, type RunDetails as RunRecord } from "../api/runs.ts";
import type { ConfigMap } from "../api/values.ts";
import { codeDigest } from "./code-digest.ts";
import { type CommandContext, packageRoot } from "./context.ts";
import { gitCommit } from "./git-commit.ts";
import { usageError } from "./terminal/show-error.ts";

/**
 * Hashes files (and folders, as one) as they are now; addresses on the web stand in the command only. Start it before the work, so that an input which is replaced by the output is
 * recorded as it was read.
 * @throws NOT_FOUND, IO or ABORTED.
 */
export async function recordFiles(
  paths: readonly string[],
  output: string,
  signal?: AbortSignal,
): Promise<FileRecord[]> {
  const records: FileRecord[] = [];
  const store = platform.files.committedView?.();
  const seen = new Set<string>();
  for (const path of paths) {
    if (seen.has(resolve(path)) || webAddress(path) !== null) continue;
    seen.add(resolve(path));
    records.push({
      path: recordedPath(path, dirname(output)),
      ...(await fingerprintFile(path, signal, store)),
    });
  }
  return records;
}

/**
 * Checks, before any work, that nothing which is read would be replaced.
 * @throws USAGE naming the first output that is an input.
 */
export function refuseInputs(outputs: readonly string[], inputs: readonly string[]): void {
  const read = new Set(inputs.map((path) => resolve(path)));
  const both = outputs.find((path) => read.has(resolve(path)));
  if (both !== undefined)
    throw usageError(`${both} would be written, and it is read`, option("out"), "choose another name");
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
  /** The split that was read, or what is known of one that is written. */
  readonly split?: ConfigMap | null;
  /** Outputs that were written before the last step, by paths relative to the folder of the run. */
  readonly earlierOutputs?: readonly FileRecord[];
  /** The name of the output that gives every cell's part. */
  readonly splitFile?: string;
}

/** A run manifest that is waiting for its outputs. */
export interface PreparedRun {
  readonly path: string;
  /** Makes the manifest, to be written together with the outputs, so that neither is there without the other. */
  readonly also: AlsoWrite;
  /** The outputs once they are written: in the manifest, and as a summary. */
  readonly outputs: () => readonly WrittenFile[];
}

/** Prepares the run manifest beside `output`. */
export async function prepareRun(
  output: string,
  run: RunDetails,
  context: CommandContext,
): Promise<PreparedRun> {
  const path = join(dirname(output), RUN_MANIFEST_FILES[run.command]);
  const commit = await gitCommit(fileURLToPath(packageRoot));
  let outputs: readonly WrittenFile[] = [];
  return {
    path,
    outputs: () => outputs,
    also(written) {
      outputs = written;
      const recorded = written.map((file) => ({ ...file, path: recordedPath(file.path, dirname(output)) }));
      const record = emitRun({
        ...run,
        outputs: [...(run.earlierOutputs ?? []), ...recorded],
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

/** What the manifest says of the split; the file of a split that was made here is among what was written. */
function splitEntry({ split, splitFile }: RunDetails, written: readonly FileRecord[]): ConfigMap | null {
  const file = written.find(({ path }) => path === splitFile);
  if (file === undefined) return split ?? null;
  return new Map([...(split ?? []), ["assignment", { ...fileSummary(file) }]]);
}
