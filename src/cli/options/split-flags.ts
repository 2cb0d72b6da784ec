/** Flags that take the cells of one side of a group split. @module */
import { isAtlasmtlError } from "../../api/errors.ts";
import { readGroupSplit } from "../../api/group-split.ts";
import type { AnnData } from "../../api/index.ts";
import { SPLIT_PARTS } from "../../api/options.ts";
import type { ConfigMap, ConfigValue } from "../../api/values.ts";
import type { FileRecord } from "../../artifacts/run-manifest.ts";
import type { SplitPart } from "../../preprocess/group-split.ts";
import { PREPROCESS_KEY, PREPROCESS_KEYS, SPLIT_RECORD_KEYS } from "../../preprocess/schema.ts";
import { recordFiles } from "../provenance.ts";
import { usageError } from "../terminal/show-error.ts";
import { choice, type FlagValues, path } from "./flag.ts";

const FILES = "Files:";

export const SPLIT_FLAGS = {
  split: path(FILES, "take the cells of one side of this plan, which atlasmtl split wrote"),
  splitPart: choice(SPLIT_PARTS, FILES, "the side of --split"),
} as const;
export type SplitFlags = FlagValues<typeof SPLIT_FLAGS>;

/** A dataset, or one side of it, with what a run manifest says about that. */
export interface SplitDataset {
  readonly adata: AnnData;
  /** Plan and assignment, to be recorded as inputs. */
  readonly files: readonly string[];
  /** Also of a dataset that was written of one side before. */
  readonly record: ConfigMap | null;
}

/** The cells that the flags choose. @throws USAGE for a part without a plan; as `readGroupSplit`. */
export async function splitDataset(
  adata: AnnData,
  { split, splitPart }: SplitFlags,
  fallback: SplitPart,
  output: string,
): Promise<SplitDataset> {
  if (split === undefined) {
    if (splitPart === undefined) return { adata, files: [], record: await recordedSplit(adata) };
    throw usageError("--split-part names a side of no split", "--split-part", "add --split PLAN.json");
  }
  const part = splitPart ?? fallback;
  const found = await readGroupSplit(adata, split, part);
  const [plan, assignment] = await recordFiles([found.planPath, found.assignmentPath], output);
  return {
    adata: found.adata,
    files: [found.planPath, found.assignmentPath],
    record: new Map<string, ConfigValue>([
      [SPLIT_RECORD_KEYS.name, found.name],
      [SPLIT_RECORD_KEYS.description, found.description],
      [SPLIT_RECORD_KEYS.part, part],
      [SPLIT_RECORD_KEYS.nCells, found.adata.nObs],
      [SPLIT_RECORD_KEYS.plan, fileEntry(plan)],
      [SPLIT_RECORD_KEYS.assignment, fileEntry(assignment)],
    ]),
  };
}

/** What a run manifest says about the split that `preprocess` took this dataset from; null where it is from none. */
export async function recordedSplit(adata: AnnData): Promise<ConfigMap | null> {
  if (!adata.unsKeys.includes(PREPROCESS_KEY)) return null;
  try {
    const said = await adata.uns(PREPROCESS_KEY);
    const split = said instanceof Map ? (said as ConfigMap).get(PREPROCESS_KEYS.split) : undefined;
    return split instanceof Map ? (split as ConfigMap) : null;
  } catch (error) {
    // What others keep under this name is no reason not to go on.
    if (isAtlasmtlError(error, "UNSUPPORTED", "LIMIT")) return null;
    throw error;
  }
}

function fileEntry(record: FileRecord | undefined): ConfigValue {
  return record === undefined ? null : { path: record.path, size: record.sizeBytes, sha256: record.sha256 };
}
