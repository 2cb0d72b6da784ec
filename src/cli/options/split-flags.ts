/** Flags that take the cells of one side of a group split. @module */
import { option, phrase } from "../../api/errors.ts";
import { readGroupSplit } from "../../api/group-split.ts";
import type { AnnData, SplitPart } from "../../api/index.ts";
import { SPLIT_PARTS } from "../../api/options.ts";
import { recordedSplit, splitRecord } from "../../api/split-record.ts";
import type { ConfigMap } from "../../api/values.ts";
import { recordFiles } from "../provenance.ts";
import { usageError } from "../terminal/show-error.ts";
import { choice, type FlagValues, path } from "./flag.ts";

const FILES = "Files:";

export const SPLIT_FLAGS = {
  split: path(FILES, "take the cells of one side of this plan, which atlasmtl split wrote"),
  splitPart: choice(SPLIT_PARTS, FILES, "the side of --split"),
} as const;
export type SplitFlags = FlagValues<typeof SPLIT_FLAGS>;

/** A dataset, or one side of it, with the split record for run manifests. */
export interface SplitDataset {
  readonly adata: AnnData;
  /** Plan and assignment, to be recorded as inputs. */
  readonly files: readonly string[];
  /** Also set for a dataset that was written from one side earlier. */
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
    throw usageError(
      phrase`${option("splitPart")} names a side of no split`,
      option("splitPart"),
      phrase`add ${option("split", "PLAN.json")}`,
    );
  }
  const part = splitPart ?? fallback;
  const found = await readGroupSplit(adata, split, part);
  const [plan, assignment] = await recordFiles([found.planPath, found.assignmentPath], output);
  return {
    adata: found.adata,
    files: [found.planPath, found.assignmentPath],
    record: splitRecord(found, part, { plan, assignment }),
  };
}
