/** All names of a refinement on disk (docs/specification/3-prediction.md#refinement-files). @module */
import { keysOf } from "./keys.ts";

export const REFINEMENT_METHODS = {
  artifact: "parent_conditioned_reranker",
  plan: "auto_parent_conditioned_reranker",
} as const;

/** The artifact is a pickle; the description beside it and the plan are JSON. */
export const REFINEMENT_SUFFIXES = { artifact: ".pkl", description: ".json", plan: "_plan.json" } as const;

/** Keys of the artifact, of its description and of the plan. */
export const REFINEMENT_KEYS = keysOf(
  "schema_version",
  "method",
  "parent_level",
  "child_level",
  "child_classes",
  "child_to_parent",
  "parents",
  "hotspot_parents",
  "selection",
  "child_classes_hash",
  "hierarchy_child_to_parent_hash",
  "artifact_sha256",
  "artifact_path",
  "plan_path",
  "enabled",
  "note",
  "features",
  "rule_version",
);

/** Keys of one parent in the artifact. */
export const RERANKER_KEYS = keysOf("children", "coef", "intercept", "n_cells");

/** Keys of `refinement` in the metadata of a prediction. */
export const REFINEMENT_METADATA_KEYS = keysOf("applied", "fallback_reason", "n_cells_refined");

/** Why a refinement was not applied. */
export const FALLBACK_REASONS = [
  "child_class_mismatch",
  "hierarchy_child_to_parent_hash_mismatch",
  "plan_disabled",
] as const;
export type FallbackReason = (typeof FALLBACK_REASONS)[number];
