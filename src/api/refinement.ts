/**
 * Refinement as a caller sees it: fitting, advice and files (docs/specification/3-prediction.md#refinement and
 * docs/specification/3-prediction.md#advice).
 * @module
 */

import { platform } from "#platform";
import { columnLabels } from "../anndata/read/column-values.ts";
import type { AnnData } from "../anndata/types.ts";
import type { RefinementRecord } from "../artifacts/refinement.ts";
import type { AlsoWrite } from "../core/bytes.ts";
import type { WorkOptions } from "../core/progress.ts";
import { AtlasmtlError, option, phrase } from "../errors.ts";
import {
  type RefinementAdvice,
  suggestParentConditionedRefinement,
  suggestTaskWeightSchedule,
  type TaskWeightAdvice,
} from "../evaluate/advice.ts";
import { featuresConfig, measurePolicyFeatures, selectionConfig } from "../evaluate/advice-features.ts";
import { DEFAULT_HOTSPOT_OPTIONS, type HotspotOptions, type Hotspots } from "../evaluate/hotspots.ts";
import { requireCommonLabels } from "../evaluate/vocabulary.ts";
import { createEngine } from "../kernels/engine.ts";
import type { Reranker } from "../model/reranker.ts";
import { deriveHierarchyRules, type HierarchyRules } from "../predict/hierarchy-rules.ts";
import type { PredictOptions } from "../predict/options.ts";
import type { PredictedLabels } from "../predict/types.ts";
import { requireModelAndData } from "./call-checks.ts";
import type { TrainedModel } from "./trained-model.ts";

export { refinementPaths } from "../artifacts/refinement.ts";

/** What to refine; by default the two finest label columns and the parents that {@link discoverHotspots} finds. */
export interface RefinementOptions {
  readonly parentLevel?: string | undefined;
  readonly childLevel?: string | undefined;
  /** These parents instead of the hotspots. */
  readonly parents?: readonly string[] | undefined;
  readonly hotspots?: Partial<HotspotOptions> | undefined;
  /** Rules by child column; by default derived from the labels of the cells. */
  readonly hierarchyRules?: HierarchyRules | undefined;
  /** How the cells are read: layer, transform, mapping of genes, threads. */
  readonly predict?: PredictOptions | undefined;
}

/** A fitted refinement, the measurements it is based on, and the advice. */
export interface FittedRefinement {
  readonly reranker: Reranker;
  readonly record: RefinementRecord;
  readonly hotspots: Hotspots;
  readonly taskWeights: TaskWeightAdvice;
  readonly advice: RefinementAdvice;
}

/**
 * Fits a parent-conditioned reranker on labelled cells (docs/specification/3-prediction.md#refinement).
 *
 * ```ts
 * const fitted = await fitRefinement(model, labelled, { parentLevel: "lineage", childLevel: "cell_type" });
 * await saveRefinement("model/reranker.pkl", fitted);
 * await predict(model, query, {
 *   refinementConfig: { method: "parent_conditioned_reranker", artifactPath: "model/reranker.pkl" },
 * });
 * ```
 * Hotspots and advice are measured on these cells. Use cells that the model was not trained on: it makes fewer errors
 * on its training cells.
 * @throws USAGE for a level, parent or option that does not fit; NOT_FOUND for a missing label column; BAD_DATA
 * for a parent without a usable cell; as `predict` for what it reads; ABORTED.
 */
export async function fitRefinement(
  model: TrainedModel,
  adata: AnnData,
  options: RefinementOptions = {},
  work: WorkOptions = {},
): Promise<FittedRefinement> {
  requireModelAndData("fitRefinement", model, adata);
  const columns = model.data.labelHeads.map(({ column }) => column);
  const { parentLevel = columns.at(-2), childLevel = columns.at(-1) } = options;
  if (parentLevel === undefined || childLevel === undefined)
    throw new AtlasmtlError(
      "USAGE",
      `refinement needs two label columns, the model has ${columns.join(", ")}`,
      { hint: "train a model with two label columns or more" },
    );
  const at = columns.indexOf(parentLevel);
  if (at < 0 || columns.indexOf(childLevel) <= at)
    throw new AtlasmtlError(
      "USAGE",
      phrase`${option("parentLevel")} is "${parentLevel}" and ${option("childLevel")} "${childLevel}", expected the coarser and the finer of two label columns`,
      { hint: `choose two of ${columns.join(", ")}, which go from coarse to fine` },
    );
  const truth = new Map<string, PredictedLabels>();
  for (const column of columns)
    if (adata.obs.columns.includes(column) || column === parentLevel || column === childLevel)
      truth.set(column, columnLabels(await adata.obs.column(column)));
  for (const { column, classes } of model.data.labelHeads) {
    const labels = truth.get(column);
    if (labels !== undefined)
      requireCommonLabels(column, labels, classes, "the model", `${adata.source} › obs › ${column}`);
  }
  const rules = options.hierarchyRules ?? deriveHierarchyRules(truth, [parentLevel, childLevel]).rules;
  const rule = rules.get(childLevel);
  if (rule?.parentColumn !== parentLevel)
    throw new AtlasmtlError(
      "USAGE",
      phrase`the ${option("hierarchyRules")} do not lead from ${childLevel} to ${parentLevel}`,
      {
        hint: phrase`give rules for ${childLevel} with the parent_col ${parentLevel}, or leave ${option("hierarchyRules")} out`,
      },
    );
  const { childToParent } = rule;
  const [{ fitReranker }, { predict }] = await Promise.all([
    import("../predict/fit-reranker.ts"),
    import("../predict/predict.ts"),
  ]);
  const engine = await createEngine({ numThreads: options.predict?.numThreads ?? "max" });
  try {
    const base: PredictOptions = { ...options.predict, knnCorrection: "off", keepCoords: false };
    const { labels } = await predict(model.data, adata, base, { ...work, engine });
    const raw = new Map(labels.map((label) => [label.column, label.raw]));
    const settings = { ...DEFAULT_HOTSPOT_OPTIONS, ...options.hotspots };
    const { features, hotspots } = measurePolicyFeatures(
      { truth, predicted: raw },
      { parentLevel, childLevel, rules },
      columns.length,
      settings,
    );
    const advice = suggestParentConditionedRefinement(features);
    const parents = options.parents ?? hotspots.chosen.map(({ parent }) => parent);
    const reranker = await fitReranker(
      model.data,
      adata,
      {
        parentLevel,
        childLevel,
        parents,
        childToParent,
        truth: { parent: truth.get(parentLevel)!, child: truth.get(childLevel)! },
      },
      base,
      { ...work, engine },
    );
    const isAsked = options.parents !== undefined;
    return {
      reranker,
      record: {
        selection: selectionConfig(settings, hotspots, isAsked),
        enabled: parents.length > 0 && (isAsked || advice.activate),
        note: isAsked ? "The parents were given." : advice.note,
        ruleVersion: advice.ruleVersion,
        features: featuresConfig(features),
      },
      hotspots,
      taskWeights: suggestTaskWeightSchedule(features),
      advice,
    };
  } finally {
    engine.dispose();
  }
}

/**
 * Writes the artifact to `path`, which ends in `.pkl`, with its description (`.json`) and its plan (`_plan.json`)
 * beside it; all or none.
 * @throws USAGE for another suffix, IO when a file cannot be written.
 */
export async function saveRefinement(
  path: string,
  fitted: FittedRefinement,
  also?: AlsoWrite,
): Promise<void> {
  const { refinementFiles } = await import("../artifacts/refinement.ts");
  await platform.files.writeAll(refinementFiles(fitted.reranker, fitted.record, path), also);
}
