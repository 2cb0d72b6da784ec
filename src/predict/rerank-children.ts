/**
 * Applies a refinement to the children of a prediction (docs/specification/3-prediction.md#refinement).
 * @module
 */

import { loadRefinementPlan, loadReranker, namesHash } from "../artifacts/refinement.ts";
import type { FileInput } from "../core/bytes.ts";
import type { ConfigMap, ConfigValue } from "../core/config.ts";
import { AtlasmtlError, option, phrase } from "../errors.ts";
import { type BoundReranker, bindReranker, type Reranker } from "../model/reranker.ts";
import type { Model } from "../model/types.ts";
import {
  type FallbackReason,
  REFINEMENT_KEYS,
  REFINEMENT_METADATA_KEYS,
  REFINEMENT_METHODS,
} from "../schema/refinement.ts";
import { deriveHierarchyRules, type HierarchyRule, type HierarchyRules } from "./hierarchy-rules.ts";
import type { RefinementConfig } from "./refinement-config.ts";
import type { Warning } from "./types.ts";

/** The refinement of one call. */
export interface Refinement {
  readonly config: RefinementConfig;
  /** Null if the plan is disabled. */
  readonly reranker: Reranker | null;
  /** Null if the base result is kept. */
  readonly bound: BoundReranker | null;
  readonly fallbackReason: FallbackReason | null;
  readonly warnings: readonly Warning[];
}

/**
 * Loads the files of the config and compares them with the model and the hierarchy rules of the call.
 *
 * The refinement applies if the child classes are those of the model, the plan is enabled, and the rules of
 * the call for the child column, if any, have the child → parent map that the artifact was fitted with.
 * @throws NOT_FOUND, BAD_FORMAT, BAD_DATA, CHECKSUM like the readers of the files; MISMATCH for a parent that
 * is not a class of the model.
 */
export async function resolveRefinement(
  model: Model,
  settings: {
    readonly refinementConfig: RefinementConfig | null;
    readonly hierarchyRules: HierarchyRules | "derive" | null;
  },
): Promise<Refinement | null> {
  const config = settings.refinementConfig;
  if (config === null) return null;
  let artifact: FileInput;
  if (config.method === REFINEMENT_METHODS.plan) {
    const plan = await loadRefinementPlan(config.planPath);
    if (!plan.enabled || plan.artifactPath === null) return fallback(config, null, "plan_disabled");
    artifact = plan.artifactPath;
  } else artifact = config.artifactPath;
  const reranker = await loadReranker(artifact);
  const parentHead = model.labelHeads.find(({ column }) => column === reranker.parentLevel);
  const childHead = model.labelHeads.find(({ column }) => column === reranker.childLevel);
  if (
    childHead === undefined ||
    parentHead === undefined ||
    namesHash(childHead.classes) !== namesHash(reranker.childClasses)
  )
    return fallback(config, reranker, "child_class_mismatch");
  const rule = await ruleOf(reranker.childLevel, model, settings.hierarchyRules);
  if (
    rule !== undefined &&
    (rule.parentColumn !== reranker.parentLevel ||
      namesHash(rule.childToParent) !== namesHash(reranker.childToParent))
  )
    return fallback(config, reranker, "hierarchy_child_to_parent_hash_mismatch");
  const strange = reranker.parents.find(({ parent }) => !parentHead.classes.includes(parent));
  if (strange !== undefined)
    throw new AtlasmtlError(
      "MISMATCH",
      `the refinement is for ${reranker.parentLevel} "${strange.parent}", which the model does not predict`,
      {
        where: phrase`${option("refinementConfig")} › ${REFINEMENT_KEYS.parents}`,
        hint: "fit the refinement with this model",
        subject: "artifact",
      },
    );
  return {
    config,
    reranker,
    bound: bindReranker(reranker, model.labelHeads),
    fallbackReason: null,
    warnings: [],
  };
}

async function ruleOf(
  column: string,
  model: Model,
  rules: HierarchyRules | "derive" | null,
): Promise<HierarchyRule | undefined> {
  if (rules !== "derive") return rules?.get(column);
  const columns = model.labelHeads.map((head) => head.column);
  return deriveHierarchyRules((await model.reference()).labels, columns).rules.get(column);
}

const ABOUT: Readonly<Record<FallbackReason, string>> = {
  child_class_mismatch: "it was fitted with other child classes than the model has",
  hierarchy_child_to_parent_hash_mismatch: "it was fitted with other hierarchy rules than this call has",
  plan_disabled: "its plan says so",
};

function fallback(config: RefinementConfig, reranker: Reranker | null, reason: FallbackReason): Refinement {
  return {
    config,
    reranker,
    bound: null,
    fallbackReason: reason,
    warnings: [
      {
        message: `the refinement is not applied (${reason}): ${ABOUT[reason]}`,
        hint:
          reason === "plan_disabled"
            ? "leave the refinement out, or enable the plan"
            : "fit the refinement again, with this model and these rules",
      },
    ],
  };
}

/** `refinement` of the metadata. */
export function refinementMetadata(refinement: Refinement, nCellsRefined: number): ConfigMap {
  const { config, reranker, bound, fallbackReason } = refinement;
  const byPlan = config.method === REFINEMENT_METHODS.plan;
  const path: FileInput = byPlan ? config.planPath : config.artifactPath;
  const entries: (readonly [string, ConfigValue])[] = [
    [REFINEMENT_KEYS.method, config.method],
    [
      byPlan ? REFINEMENT_KEYS.planPath : REFINEMENT_KEYS.artifactPath,
      typeof path === "string" ? path : null,
    ],
    [REFINEMENT_METADATA_KEYS.applied, bound !== null],
    [REFINEMENT_METADATA_KEYS.fallbackReason, fallbackReason],
  ];
  if (reranker !== null)
    entries.push(
      [REFINEMENT_KEYS.parentLevel, reranker.parentLevel],
      [REFINEMENT_KEYS.childLevel, reranker.childLevel],
      [REFINEMENT_KEYS.hotspotParents, reranker.parents.map(({ parent }) => parent)],
    );
  entries.push([REFINEMENT_METADATA_KEYS.nCellsRefined, nCellsRefined]);
  return new Map(entries);
}
