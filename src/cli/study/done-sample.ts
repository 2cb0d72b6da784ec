/** What the record of a sample proves (docs/specification/6-cli.md#many-samples). @module */
import { existsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { isAtlasmtlError } from "../../api/errors.ts";
import { PREDICT_DETAILS } from "../../api/keys.ts";
import {
  checkRunFiles,
  codeOfRun,
  type Fingerprint,
  fingerprintFile,
  type ReadRunManifest,
  readRun,
} from "../../api/runs.ts";
import { type SampleSummary, sampleFromJson } from "../../api/study.ts";
import { codeDigest } from "../code-digest.ts";

/** The run that a record has to be of. */
export interface WantedRun {
  /** The command, program first. */
  readonly argv: readonly string[];
  /** The place of a word that is not compared, as the files that it names are. */
  readonly besides?: number;
  /** Files that the run must have read. */
  readonly files: ReadonlyMap<string, Fingerprint>;
}

/**
 * The record of a run if its command and program are those that are wanted, and its inputs and outputs are as it says; null
 * otherwise.
 */
export async function provenRun(
  path: string,
  { argv, besides, files }: WantedRun,
  signal: AbortSignal,
): Promise<ReadRunManifest | null> {
  const record = await recordAt(path);
  if (record === null || codeOfRun(record) !== codeDigest()) return null;
  const recorded = argvOf(record);
  if (recorded.length !== argv.length) return null;
  if (recorded.some((word, i) => i !== besides && word !== argv[i])) return null;
  const wanted = new Set([...files.values()].map(({ sha256 }) => sha256));
  const read = new Set(record.inputs.map(({ sha256 }) => sha256));
  if ([...wanted].some((sha256) => !read.has(sha256))) return null;
  const rest = record.inputs.filter(({ sha256 }) => !wanted.has(sha256));
  if (rest.length === 0 || record.outputs.length === 0) return null;
  const checks = await checkRunFiles({ ...record, inputs: rest }, dirname(path), signal);
  return checks.every(({ status }) => status === "OK") ? record : null;
}

/** The summary of a sample that is done. */
export function summaryOf({ content }: ReadRunManifest): SampleSummary | null {
  return sampleFromJson(content.get(PREDICT_DETAILS.sampleSummary));
}

/** The query that the record at `path` is of, if it is another with other cells; null otherwise. */
export async function otherQuery(path: string, query: string, signal: AbortSignal): Promise<string | null> {
  const record = await recordAt(path);
  if (record === null) return null;
  const argv = argvOf(record);
  const at = argv.indexOf("--adata");
  const recorded = at < 0 ? undefined : argv[at + 1];
  if (recorded === undefined || resolve(recorded) === resolve(query)) return null;
  const { sha256 } = await fingerprintFile(query, signal);
  return record.inputs.some((file) => file.sha256 === sha256) ? null : recorded;
}

/** Null for what is not there and for what is no record. */
async function recordAt(path: string): Promise<ReadRunManifest | null> {
  if (!existsSync(path)) return null;
  try {
    return await readRun(path);
  } catch (error) {
    if (isAtlasmtlError(error)) return null;
    throw error;
  }
}

function argvOf({ content }: ReadRunManifest): readonly string[] {
  const argv = content.get("argv");
  return Array.isArray(argv) ? argv.map(String) : [];
}
