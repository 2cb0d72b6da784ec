/** Records which side of a group split a dataset is, for later steps. @module */
import type { AnnData } from "../anndata/types.ts";
import type { FileRecord } from "../artifacts/run-manifest.ts";
import type { ConfigMap, ConfigValue } from "../core/config.ts";
import { isAtlasmtlError } from "../errors.ts";
import type { SplitPart } from "../preprocess/split-options.ts";
import { PREPROCESS_KEY, PREPROCESS_KEYS, SPLIT_RECORD_KEYS } from "../schema/preprocessing.ts";
import type { ReadSplit } from "./group-split.ts";

/** The record of one side of a split, with the file records of plan and assignment, for run manifests. */
export function splitRecord(
  { adata, name, description }: ReadSplit,
  part: SplitPart,
  files: { readonly plan: FileRecord | undefined; readonly assignment: FileRecord | undefined },
): ConfigMap {
  return new Map<string, ConfigValue>([
    [SPLIT_RECORD_KEYS.name, name],
    [SPLIT_RECORD_KEYS.description, description],
    [SPLIT_RECORD_KEYS.part, part],
    [SPLIT_RECORD_KEYS.nCells, adata.nObs],
    [SPLIT_RECORD_KEYS.plan, fileEntry(files.plan)],
    [SPLIT_RECORD_KEYS.assignment, fileEntry(files.assignment)],
  ]);
}

function fileEntry(record: FileRecord | undefined): ConfigValue {
  return record === undefined ? null : { path: record.path, size: record.sizeBytes, sha256: record.sha256 };
}

/** The record that preprocessing wrote into a dataset made from one side of a split; null if there is none. */
export async function recordedSplit(adata: AnnData): Promise<ConfigMap | null> {
  if (!adata.unsKeys.includes(PREPROCESS_KEY)) return null;
  try {
    const said = await adata.uns(PREPROCESS_KEY);
    const split = said instanceof Map ? (said as ConfigMap).get(PREPROCESS_KEYS.split) : undefined;
    return split instanceof Map ? (split as ConfigMap) : null;
  } catch (error) {
    // An entry of this name that cannot be read is from another program, so there is no record.
    if (isAtlasmtlError(error, "UNSUPPORTED", "LIMIT")) return null;
    throw error;
  }
}
