/** Which files a run read and wrote, and by which software (contract 1 §8). @module */
import { dirname, isAbsolute, join, relative, resolve, sep } from "node:path";
import { fileURLToPath } from "node:url";
import {
  type FileRecord,
  fingerprintFile,
  type RunRecord,
  runManifest,
  writeRunManifest,
} from "../artifacts/run-manifest.ts";
import { RUN_MANIFEST_FILES } from "../artifacts/schema.ts";
import type { ConfigMap } from "../core/config.ts";
import { VERSION } from "../core/version.ts";
import { gitCommit } from "../node/git-commit.ts";
import { type CommandContext, packageRoot } from "./context.ts";

/**
 * Hashes files as they are now. Start it before the work, so that an input which is replaced by the output is
 * recorded as it was read.
 * @throws NOT_FOUND, IO or ABORTED.
 */
export async function recordFiles(
  paths: readonly string[],
  output: string,
  signal?: AbortSignal,
): Promise<FileRecord[]> {
  const records: FileRecord[] = [];
  const seen = new Set<string>();
  for (const path of paths) {
    if (seen.has(resolve(path))) continue;
    seen.add(resolve(path));
    records.push({ path: recordedPath(path, dirname(output)), ...(await fingerprintFile(path, signal)) });
  }
  return records;
}

/** Relative to `folder` with forward slashes when inside it, else as given. */
export function recordedPath(path: string, folder: string): string {
  const inside = relative(resolve(folder), resolve(path));
  if (inside === "" || inside === ".." || inside.startsWith(`..${sep}`) || isAbsolute(inside)) return path;
  return inside.replaceAll(sep, "/");
}

/** A file in a summary: its path from here, and the other keys as in a run manifest. */
export function fileSummary(
  path: string,
  { sizeBytes, sha256 }: FileRecord,
): { readonly path: string; readonly size: number; readonly sha256: string } {
  return { path, size: sizeBytes, sha256 };
}

export interface RunDetails {
  readonly command: RunRecord["command"];
  readonly inputs: readonly FileRecord[];
  readonly outputs: readonly FileRecord[];
  readonly seeds: ReadonlyMap<string, number>;
  readonly details: ConfigMap;
}

/** Writes the run manifest beside `output`; returns its path. @throws IO when it cannot be written. */
export async function writeRun(output: string, run: RunDetails, context: CommandContext): Promise<string> {
  const path = join(dirname(output), RUN_MANIFEST_FILES[run.command]);
  const manifest = runManifest({
    ...run,
    packageVersion: VERSION,
    gitCommit: await gitCommit(fileURLToPath(packageRoot)),
    argv: ["atlasmtl", ...context.argv],
    startedAt: context.startedAt.toISOString(),
    finishedAt: new Date().toISOString(),
  });
  await writeRunManifest(path, manifest);
  return path;
}
