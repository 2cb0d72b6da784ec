/** Which refinement a prediction applies; its files load with the prediction. @module */
import type { FileInput } from "../core/bytes.ts";
import { usageError } from "../core/option-checks.ts";
import { shown } from "../core/shown.ts";
import { REFINEMENT_KEYS, REFINEMENT_METHODS } from "../schema/refinement.ts";

/** The refinement to apply: an artifact, or the one that a plan decides on. */
export type RefinementConfig =
  | { readonly method: typeof REFINEMENT_METHODS.artifact; readonly artifactPath: FileInput }
  | { readonly method: typeof REFINEMENT_METHODS.plan; readonly planPath: string };

/** @throws USAGE if it is not a {@link RefinementConfig}; it says what is expected. */
export function checkRefinementConfig(config: RefinementConfig): void {
  const { method } = config;
  const isArtifact = method === REFINEMENT_METHODS.artifact;
  if (!isArtifact && method !== REFINEMENT_METHODS.plan)
    throw usageError(
      `the method of the refinement is ${shown(method)}, expected ${Object.values(REFINEMENT_METHODS).join(" or ")}`,
    );
  const path: unknown = method === REFINEMENT_METHODS.artifact ? config.artifactPath : config.planPath;
  if (
    isArtifact ? path === undefined || path === null || path === "" : typeof path !== "string" || path === ""
  )
    throw usageError(
      `a refinement by ${method} needs ${isArtifact ? REFINEMENT_KEYS.artifactPath : REFINEMENT_KEYS.planPath}`,
    );
}
