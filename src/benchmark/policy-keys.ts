/** The opt-in policies of a dataset manifest (docs/specification/5-benchmark.md#policies). @module */
import { didYouMean } from "../core/nearest.ts";
import { AtlasmtlError } from "../errors.ts";
import type { TaskWeightCandidate } from "../evaluate/advice.ts";
import { discoverHotspots, type HotspotOptions } from "../evaluate/hotspots.ts";
import {
  DATASET_MANIFEST,
  PREDICT_POLICY,
  REFINEMENT_POLICIES,
  TASK_WEIGHT_POLICIES,
  TASK_WEIGHT_SELECTORS,
  TRAIN_POLICY,
} from "../schema/dataset-manifest.ts";
import { optionKeys } from "../schema/option.ts";
import { PREDICT_OPTIONS } from "../schema/prediction-options.ts";
import { HOTSPOT_NAMES } from "../schema/setting-names.ts";
import { inManifestWords } from "./manifest-words.ts";

/** How task weights are chosen. */
export interface TaskWeightPolicy {
  readonly policy: (typeof TASK_WEIGHT_POLICIES)[number];
  readonly selector: (typeof TASK_WEIGHT_SELECTORS)[number];
  /** Folder of an earlier run whose scores decide whether candidates are tried; null uses the development cells. */
  readonly sourceRun: string | null;
  /** Null uses the schedules of the advice. */
  readonly candidates: readonly TaskWeightCandidate[] | null;
}

/** The policies of a manifest; null for a policy that is off. */
export interface Policies {
  readonly taskWeights: TaskWeightPolicy | null;
  readonly refinement: (typeof REFINEMENT_POLICIES)[number] | null;
  /** How the parents are chosen that the refinement looks at; the advice says how many where this does not. */
  readonly hotspots: Partial<HotspotOptions>;
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
  const { refinementPolicy: policyKey } = PREDICT_POLICY;
  const { refinementConfig: configKey } = optionKeys(PREDICT_OPTIONS);
  const refinement = choice(predict.get(policyKey), REFINEMENT_POLICIES, `${where} › predict › ${policyKey}`);
  if (refinement !== null && isGiven(predict.get(configKey)))
    throw usage(
      `${configKey} names a refinement, and ${policyKey} makes one`,
      `${where} › predict › ${policyKey}`,
      "write one of them",
    );
  if ((taskWeights !== null || refinement !== null) && labelColumns.length < 2)
    throw usage(
      "policies look at how levels hang together, and there is one label column",
      `${where} › ${DATASET_MANIFEST.labelColumns}`,
      "name two or more, or remove the policy",
    );
  return { taskWeights, refinement, hotspots: parseHotspots(predict, refinement !== null, where) };
}

function parseHotspots(predict: Keys, isRefined: boolean, where: string): Partial<HotspotOptions> {
  const given = Object.entries(HOTSPOT_NAMES).filter(([key]) => isGiven(predict.get(key)));
  if (given.length > 0 && !isRefined)
    throw usage(
      `${given[0][0]} has no effect without ${PREDICT_POLICY.refinementPolicy}`,
      `${where} › predict › ${given[0][0]}`,
      `add ${PREDICT_POLICY.refinementPolicy}: ${REFINEMENT_POLICIES[0]}`,
    );
  const options = Object.fromEntries(given.map(([key, name]) => [name, predict.get(key)]));
  try {
    discoverHotspots([], options as Partial<HotspotOptions>);
  } catch (error) {
    throw inManifestWords(error, `${where} › predict`);
  }
  return options as Partial<HotspotOptions>;
}

function parseTaskWeights(
  train: Keys,
  labelColumns: readonly string[],
  where: string,
): TaskWeightPolicy | null {
  const {
    taskWeightPolicy: policyKey,
    taskWeightSelector: selectorKey,
    taskWeightPolicySourceRun: sourceKey,
    taskWeightCandidates: candidatesKey,
  } = TRAIN_POLICY;
  const policy = choice(train.get(policyKey), TASK_WEIGHT_POLICIES, `${where} › ${policyKey}`);
  if (policy === null) {
    const idle = Object.values(TRAIN_POLICY).find((key) => isGiven(train.get(key)));
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

/** The mapping without the keys of the policy. */
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
