/**
 * The file of `--refinement`: an artifact, its plan, or settings that name either
 * (docs/specification/3-prediction.md#refinement).
 * @module
 */
import type { RefinementConfig } from "../../api/index.ts";
import { REFINEMENT_KEYS, REFINEMENT_METHODS } from "../../artifacts/refinement-schema.ts";
import { folderName, joinPath } from "../../core/paths.ts";
import { usageError } from "../terminal/show-error.ts";
import { readYaml } from "./config-file.ts";

/**
 * What to refine by: `.pkl` is an artifact, a JSON file with `enabled` a plan, anything else a YAML or JSON file
 * with `method` and `artifact_path` or `plan_path`, which are relative to its folder.
 * @throws USAGE for a file that is none of these; NOT_FOUND, IO, LIMIT or BAD_FORMAT as reading does.
 */
export async function readRefinement(
  path: string,
): Promise<{ readonly config: RefinementConfig; readonly files: readonly string[] }> {
  if (path.endsWith(".pkl"))
    return { config: { method: REFINEMENT_METHODS.artifact, artifactPath: path }, files: [path] };
  const data = await readYaml(path);
  const settings = data instanceof Map ? data : new Map<unknown, unknown>();
  const folder = folderName(path);
  const named = (key: string): string | null => {
    const value: unknown = settings.get(key);
    return typeof value === "string" && value !== "" ? joinPath(folder, value) : null;
  };
  const artifactPath = named(REFINEMENT_KEYS.artifactPath);
  if (settings.has(REFINEMENT_KEYS.enabled))
    return {
      config: { method: REFINEMENT_METHODS.plan, planPath: path },
      files: artifactPath === null ? [path] : [path, artifactPath],
    };
  const method: unknown = settings.get(REFINEMENT_KEYS.method);
  const planPath = named(REFINEMENT_KEYS.planPath);
  if (method === REFINEMENT_METHODS.artifact && artifactPath !== null)
    return { config: { method: REFINEMENT_METHODS.artifact, artifactPath }, files: [path, artifactPath] };
  if (method === REFINEMENT_METHODS.plan && planPath !== null)
    return {
      config: { method: REFINEMENT_METHODS.plan, planPath },
      files: [path, ...(await readRefinement(planPath)).files],
    };
  throw usageError(
    `the file names no refinement: ${REFINEMENT_KEYS.method} is ${JSON.stringify(method) ?? "missing"}`,
    path,
    `give NAME.pkl, NAME_plan.json, or a file with ${REFINEMENT_KEYS.method} (${Object.values(REFINEMENT_METHODS).join(" or ")}) and ${REFINEMENT_KEYS.artifactPath} or ${REFINEMENT_KEYS.planPath}`,
  );
}
