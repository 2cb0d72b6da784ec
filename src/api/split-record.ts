/** What later steps say of the group split that a dataset is one side of. @module */
import type { AnnData } from "../anndata/types.ts";
import type { FileRecord } from "../artifacts/run-manifest.ts";
import type { ConfigMap, ConfigValue } from "../core/config.ts";
import { isAtlasmtlError } from "../errors.ts";
import type { SplitPart } from "../preprocess/split-options.ts";
import { PREPROCESS_KEY, PREPROCESS_KEYS, SPLIT_RECORD_KEYS } from "../schema/preprocessing.ts";
import type { ReadSplit } from "./group-split.ts";

/** The record of one side that was read, for run manifests; with its two files as they were recorded. */
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

/** The record that preprocessing left in a dataset which it took from one side; null where it is from none. */
export async function recordedSplit(adata: AnnData): Promise<ConfigMap | null> {
  if (!adata.unsKeys.includes(PREPROCESS_KEY)) return null;
  try {
    const said = await adata.uns(PREPROCESS_KEY);
    const split = said instanceof Map ? (said as ConfigMap).get(PREPROCESS_KEYS.split) : undefined;
    return split instanceof Map ? (split as ConfigMap) : null;
  } catch (error) {
    // Other programs may keep what cannot be read under this name; then there is no record.
    if (isAtlasmtlError(error, "UNSUPPORTED", "LIMIT")) return null;
    throw error;
  }
}
