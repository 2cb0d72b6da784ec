/** The opt-in policies of a dataset manifest (docs/specification/5-benchmark.md#policies). @module */
import { didYouMean } from "../core/nearest.ts";
import { AtlasmtlError } from "../errors.ts";
import type { TaskWeightCandidate } from "../evaluate/advice.ts";

/** Keys of `train` that belong to the choice of task weights. */
export const TRAIN_POLICY_KEYS = [
  "task_weight_policy",
  "task_weight_selector",
  "task_weight_policy_source_run",
  "task_weight_candidates",
] as const;
/** The key of `predict` that belongs to the refinement. */
export const PREDICT_POLICY_KEYS = ["refinement_policy"] as const;

const TASK_WEIGHT_POLICIES = ["auto_task_weight_schedule_v1"] as const;
export const REFINEMENT_POLICIES = ["auto_parent_conditioned_reranker_v1"] as const;
/** By which score of the development cells a candidate must beat the base. */
const TASK_WEIGHT_SELECTORS = ["finest_macro_f1", "finest_balanced_accuracy", "full_path_accuracy"] as const;

/** How task weights are chosen. */
export interface TaskWeightPolicy {
  readonly policy: (typeof TASK_WEIGHT_POLICIES)[number];
  readonly selector: (typeof TASK_WEIGHT_SELECTORS)[number];
  /** Folder of an earlier run whose scores decide whether to try; null for the development cells. */
  readonly sourceRun: string | null;
  /** Null takes the schedules of the advice. */
  readonly candidates: readonly TaskWeightCandidate[] | null;
}

/** What a manifest leaves to the runner; null where nothing. */
export interface Policies {
  readonly taskWeights: TaskWeightPolicy | null;
  readonly refinement: (typeof REFINEMENT_POLICIES)[number] | null;
}

type Keys = ReadonlyMap<string, unknown>;

/**
 * Reads the policies out of the `train` and `predict` mappings of a manifest.
 * @throws USAGE for a value that is none of those known, naming the nearest, keys without their policy, or a
 * policy for fewer than two levels.
 */
export function parsePolicies(
  train: Keys,
  predict: Keys,
  labelColumns: readonly string[],
  where: string,
): Policies {
  const taskWeights = parseTaskWeights(train, labelColumns, `${where} › train`);
  const refinement = choice(
    predict.get("refinement_policy"),
    REFINEMENT_POLICIES,
    `${where} › predict › refinement_policy`,
  );
  if (refinement !== null && isGiven(predict.get("refinement_config")))
    throw usage(
      "refinement_config names a refinement, and refinement_policy makes one",
      `${where} › predict › refinement_policy`,
      "write one of them",
    );
  if ((taskWeights !== null || refinement !== null) && labelColumns.length < 2)
    throw usage(
      "policies look at how levels hang together, and there is one label column",
      `${where} › label_columns`,
      "name two or more, or remove the policy",
    );
  return { taskWeights, refinement };
}

function parseTaskWeights(
  train: Keys,
  labelColumns: readonly string[],
  where: string,
): TaskWeightPolicy | null {
  const [policyKey, selectorKey, sourceKey, candidatesKey] = TRAIN_POLICY_KEYS;
  const policy = choice(train.get(policyKey), TASK_WEIGHT_POLICIES, `${where} › ${policyKey}`);
  if (policy === null) {
    const idle = TRAIN_POLICY_KEYS.find((key) => isGiven(train.get(key)));
    if (idle === undefined) return null;
    throw usage(
      `${idle} has no effect without ${policyKey}`,
      `${where} › ${idle}`,
      `add ${policyKey}: ${TASK_WEIGHT_POLICIES[0]}`,
    );
  }
  const sourceRun = train.get(sourceKey) ?? null;
  if (sourceRun !== null && (typeof sourceRun !== "string" || sourceRun === ""))
    throw usage("expected the folder of a run", `${where} › ${sourceKey}`, "name the folder of a benchmark");
  const selector = choice(train.get(selectorKey), TASK_WEIGHT_SELECTORS, `${where} › ${selectorKey}`);
  return {
    policy,
    selector: selector ?? TASK_WEIGHT_SELECTORS[0],
    sourceRun,
    candidates: parseCandidates(train.get(candidatesKey), labelColumns, `${where} › ${candidatesKey}`),
  };
}

function parseCandidates(
  value: unknown,
  labelColumns: readonly string[],
  where: string,
): readonly TaskWeightCandidate[] | null {
  if (!isGiven(value)) return null;
  if (!(value instanceof Map) || value.size === 0)
    throw usage("expected a mapping from names to weights", where, "write `mild: [0.8, 1, 1.8]` lines");
  return [...value].map(([name, weights]): TaskWeightCandidate => {
    const isRight =
      Array.isArray(weights) &&
      weights.length === labelColumns.length &&
      weights.every((weight) => typeof weight === "number" && Number.isFinite(weight) && weight >= 0) &&
      weights.some((weight) => weight > 0);
    if (String(name) === BASE || !isRight)
      throw usage(
        String(name) === BASE
          ? `"${BASE}" is the name of the weights without the policy`
          : `expected ${labelColumns.length} numbers of 0 or more, one for each label column, not all 0`,
        `${where} › ${String(name)}`,
        "correct the candidate",
      );
    return { name: String(name), weights };
  });
}

/** What the manifest says without the policy. */
export const BASE = "base";

function choice<T extends string>(value: unknown, choices: readonly T[], where: string): T | null {
  if (!isGiven(value)) return null;
  const found = choices.find((each) => each === value);
  if (found !== undefined) return found;
  throw usage(
    `got ${JSON.stringify(value)}, expected ${choices.join(" or ")}${didYouMean(String(value), choices)}`,
    where,
    "correct the value, or remove the line",
  );
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null;

const usage = (message: string, where: string, hint: string): AtlasmtlError =>
  new AtlasmtlError("USAGE", message, { where, hint });
