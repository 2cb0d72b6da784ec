/** Preprocessing. Loaded on first use, as most pages only train and predict. @module */
import type { AnnData, Matrix, Notice } from "../anndata/types.ts";
import type { WorkOptions } from "../core/progress.ts";
import type { CellSplitPlan } from "../preprocess/cell-split.ts";
import type { GroupSplit, GroupSplitPlan } from "../preprocess/group-split.ts";
import type { Batches, VariableGenes } from "../preprocess/hvg.ts";
import type { PreprocessOptions } from "../preprocess/options.ts";
import type { FeaturePanel } from "../preprocess/panel.ts";
import type { PreprocessResult } from "../preprocess/pipeline.ts";
import type { CellSplitOptions, GroupSplitOptions } from "../preprocess/split-options.ts";
import { requireData } from "./call-checks.ts";
import type { SavePreprocessedOptions } from "./save-preprocessed.ts";

/**
 * Gives a reference canonical genes, finds its counts and chooses its features
 * (docs/specification/4-preprocessing.md). The input is not changed; the returned dataset reads from it.
 *
 * ```ts
 * const { adata, panel } = await preprocessReference(reference, { nTopGenes: 2000 });
 * const model = await buildModel(adata, { labelColumns: ["cell_type"] });
 * ```
 * @throws USAGE, BAD_DATA, MISMATCH, NOT_FOUND, UNSUPPORTED or ABORTED; see `preprocess/pipeline.ts`.
 */
export async function preprocessReference(
  adata: AnnData,
  options: PreprocessOptions = {},
  work: WorkOptions = {},
): Promise<PreprocessResult> {
  requireData("preprocessReference", adata);
  return (await import("../preprocess/pipeline.ts")).preprocessReference(adata, options, work);
}

/**
 * Gives a query the genes of a panel, in its order; genes it lacks are zero
 * (docs/specification/4-preprocessing.md#feature-panel).
 * @throws USAGE, BAD_DATA, MISMATCH, NOT_FOUND, UNSUPPORTED or ABORTED; see `preprocess/pipeline.ts`.
 */
export async function preprocessQuery(
  adata: AnnData,
  panel: FeaturePanel,
  options: PreprocessOptions = {},
  work: WorkOptions = {},
): Promise<PreprocessResult> {
  requireData("preprocessQuery", adata);
  return (await import("../preprocess/pipeline.ts")).preprocessQuery(adata, panel, options, work);
}

/**
 * The `nTop` most variable genes of a matrix of counts, in one pass over its rows; see `preprocess/hvg.ts`.
 * @throws BAD_DATA, LIMIT or ABORTED.
 */
export async function variableGenes(
  counts: Matrix,
  nTop: number,
  batches: Batches | null = null,
  work: WorkOptions = {},
): Promise<VariableGenes> {
  return (await import("../preprocess/hvg.ts")).variableGenes(counts, nTop, batches, work);
}

/**
 * Divides whole groups, such as donors, into those to build from and those to predict; see `preprocess/split.ts`.
 * @throws USAGE, NOT_FOUND, or BAD_DATA when the sizes cannot be reached.
 */
export async function makeGroupSplitPlan(
  adata: AnnData,
  options: GroupSplitOptions,
): Promise<GroupSplitPlan> {
  return (await import("../preprocess/group-split.ts")).makeGroupSplitPlan(adata, options);
}

/**
 * Divides cells at random, or with the same share of every label on both sides, as `train_test_split` does
 * (docs/specification/4-preprocessing.md#splits-of-cells).
 *
 * ```ts
 * const { plan, split } = await makeCellSplit(adata, { testSize: 0.2, stratify: "cell_type" });
 * ```
 * @throws USAGE for a size that leaves no cell on one side; NOT_FOUND for a column that is not there.
 */
export async function makeCellSplit(
  adata: AnnData,
  options: CellSplitOptions = {},
): Promise<{ readonly plan: CellSplitPlan; readonly split: GroupSplit }> {
  return (await import("../preprocess/cell-split.ts")).makeCellSplit(adata, options);
}

/** Draws the exact sizes of a plan from its groups, by its seed. @throws NOT_FOUND or MISMATCH. */
export async function materializeGroupSplit(adata: AnnData, plan: GroupSplitPlan): Promise<GroupSplit> {
  return (await import("../preprocess/group-split.ts")).materializeGroupSplit(adata, plan);
}

/**
 * Writes the dataset to `path` (Node), which ends in `.h5ad` or `.zarr`, and beside it its panel
 * (`NAME_feature_panel.json`) and its report (`NAME_preprocess_report.json`); all or none.
 *
 * ```ts
 * const result = await preprocessReference(reference);
 * await savePreprocessed("reference_ready.h5ad", result);
 * ```
 * Elements that could not be carried over come back by name.
 * @throws USAGE for another ending, UNSUPPORTED for values that cannot be carried over, IO, ABORTED.
 */
export async function savePreprocessed(
  path: string,
  result: PreprocessResult,
  options: SavePreprocessedOptions = {},
): Promise<readonly Notice[]> {
  return (await import("./save-preprocessed.ts")).savePreprocessed(path, result, options);
}
