/** All names of a refinement on disk (docs/specification/3-prediction.md#refinement-files). @module */

export const REFINEMENT_METHODS = {
  artifact: "parent_conditioned_reranker",
  plan: "auto_parent_conditioned_reranker",
} as const;

/** The artifact is a pickle; the description beside it and the plan are JSON. */
export const REFINEMENT_SUFFIXES = { artifact: ".pkl", description: ".json", plan: "_plan.json" } as const;

/** Keys of the artifact, of its description and of the plan. */
export const REFINEMENT_KEYS = {
  schemaVersion: "schema_version",
  method: "method",
  parentLevel: "parent_level",
  childLevel: "child_level",
  childClasses: "child_classes",
  childToParent: "child_to_parent",
  parents: "parents",
  hotspotParents: "hotspot_parents",
  selection: "selection",
  childClassesHash: "child_classes_hash",
  childToParentHash: "hierarchy_child_to_parent_hash",
  artifactHash: "artifact_sha256",
  artifactPath: "artifact_path",
  planPath: "plan_path",
  enabled: "enabled",
  note: "note",
  features: "features",
  ruleVersion: "rule_version",
} as const;

/** Keys of one parent in the artifact. */
export const RERANKER_KEYS = {
  children: "children",
  coef: "coef",
  intercept: "intercept",
  nCells: "n_cells",
} as const;

/** Keys of `refinement` in the metadata of a prediction. */
export const REFINEMENT_METADATA_KEYS = {
  applied: "applied",
  fallbackReason: "fallback_reason",
  nCellsRefined: "n_cells_refined",
} as const;
