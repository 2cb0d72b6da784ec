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

/**
 * Classes in the artifacts of the Python original whose objects are read as their state alone: those of its package, and scikit-learn's
 * regression. A name that ends in a dot stands for all below it.
 */
export const FOREIGN_STATE_CLASSES = [
  "atlasmtl.",
  "sklearn.linear_model._logistic.LogisticRegression",
  "sklearn.linear_model.logistic.LogisticRegression",
] as const;

/** Fields of such an artifact, and of the JSON beside it, by the names that they may have. */
export const FOREIGN_RERANKER = {
  parentLevel: ["parent_level", "parent_column", "parent_col"],
  childLevel: ["target_level", "child_level", "child_column", "child_col"],
  childClasses: ["child_classes", "child_class_names", "child_labels"],
  childToParent: ["child_to_parent", "hierarchy_child_to_parent"],
  parentClasses: ["parent_classes", "parent_class_names", "parent_labels"],
  parent: ["parent", "parent_name", "parent_label"],
  children: [
    "children",
    "child_names",
    "legal_child_names",
    "legal_children",
    "observed_children",
    "feature_names",
    "names",
  ],
  classes: ["classes_", "classes", "class_names"],
  coef: ["coef_", "coef"],
  intercept: ["intercept_", "intercept"],
  constant: ["constant", "constant_", "constant_child", "constant_class"],
  multiClass: ["multi_class"],
  nCells: ["n_cells", "n_samples", "n_train"],
} as const;

/** Other names of keys of a plan. */
export const FOREIGN_PLAN_ENABLED = ["activated", "activate"] as const;

/** Keys of `refinement` in the metadata of a prediction. */
export const REFINEMENT_METADATA_KEYS = keysOf("applied", "fallback_reason", "n_cells_refined");

/** Why a refinement was not applied. */
export const FALLBACK_REASONS = [
  "child_class_mismatch",
  "hierarchy_child_to_parent_hash_mismatch",
  "plan_disabled",
] as const;
export type FallbackReason = (typeof FALLBACK_REASONS)[number];
