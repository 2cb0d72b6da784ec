/** Reads which refinement a file names (docs/specification/3-prediction.md#refinement-files). @module */
import { platform } from "#platform";
import { readWhole } from "../core/checksums.ts";
import { parseJsonObject } from "../core/json.ts";
import { MAX_JSON_BYTES } from "../core/limits.ts";
import { folderName, joinPath } from "../core/paths.ts";
import { AtlasmtlError } from "../errors.ts";
import type { RefinementConfig } from "../predict/refinement-config.ts";
import { FOREIGN_PLAN_ENABLED, REFINEMENT_KEYS, REFINEMENT_METHODS } from "../schema/refinement.ts";

/** For `refinementConfig` of prediction, with every file that it is made of. */
export interface NamedRefinement {
  readonly config: RefinementConfig;
  readonly files: readonly string[];
}

/**
 * Reads the refinement that a file names (Node): a `.pkl` is an artifact, a file with `enabled` is a plan, any other
 * file
 * is settings with `method` and `artifact_path` or `plan_path`, relative to its folder.
 * @param read parses such a file into a Map; by default as JSON.
 * @param isPlan whether settings named this file as a plan, which names no other plan.
 * @throws USAGE for a file that is none of these; NOT_FOUND, IO, LIMIT or BAD_FORMAT as reading does.
 */
export async function readRefinement(
  path: string,
  read: (path: string) => Promise<unknown> = readJson,
  isPlan = false,
): Promise<NamedRefinement> {
  if (path.endsWith(".pkl"))
    return { config: { method: REFINEMENT_METHODS.artifact, artifactPath: path }, files: [path] };
  const data = await read(path);
  const settings = data instanceof Map ? data : new Map<unknown, unknown>();
  const folder = folderName(path);
  const named = (key: string): string | null => {
    const value: unknown = settings.get(key);
    return typeof value === "string" && value !== "" ? joinPath(folder, value) : null;
  };
  const artifactPath = named(REFINEMENT_KEYS.artifactPath);
  if ([REFINEMENT_KEYS.enabled, ...FOREIGN_PLAN_ENABLED].some((key) => settings.has(key)))
    return {
      config: { method: REFINEMENT_METHODS.plan, planPath: path },
      files: artifactPath === null ? [path] : [path, artifactPath],
    };
  const method: unknown = settings.get(REFINEMENT_KEYS.method);
  const planPath = named(REFINEMENT_KEYS.planPath);
  if (method === REFINEMENT_METHODS.artifact && artifactPath !== null)
    return { config: { method: REFINEMENT_METHODS.artifact, artifactPath }, files: [path, artifactPath] };
  if (method === REFINEMENT_METHODS.plan && planPath !== null && !isPlan)
    return {
      config: { method: REFINEMENT_METHODS.plan, planPath },
      files: [path, ...(await readRefinement(planPath, read, true)).files],
    };
  throw new AtlasmtlError(
    "USAGE",
    `the file names no refinement: ${REFINEMENT_KEYS.method} is ${JSON.stringify(method) ?? "missing"}`,
    {
      where: path,
      hint: `give NAME.pkl, NAME_plan.json, or a file with ${REFINEMENT_KEYS.method} (${Object.values(REFINEMENT_METHODS).join(" or ")}) and ${REFINEMENT_KEYS.artifactPath} or ${REFINEMENT_KEYS.planPath}`,
    },
  );
}

async function readJson(path: string): Promise<unknown> {
  return parseJsonObject(await readWhole(platform.files, path, null, MAX_JSON_BYTES));
}
