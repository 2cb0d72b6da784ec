/**
 * The opt-in policies of a benchmark, and the records of their decisions (docs/specification/5-benchmark.md#policies).
 * @module
 */
import { refinementFiles } from "../artifacts/refinement.ts";
import { joinBytes } from "../core/bytes.ts";
import { type ConfigMap, type ConfigValue, Float, keyed } from "../core/config.ts";
import {
  type PolicyFeatures,
  suggestParentConditionedRefinement,
  suggestTaskWeightSchedule,
} from "../evaluate/advice.ts";
import { featuresConfig, floatOrNull, selectionConfig } from "../evaluate/advice-features.ts";
import { DEFAULT_HOTSPOT_OPTIONS, type HotspotOptions } from "../evaluate/hotspots.ts";
import type { Reranker } from "../model/reranker.ts";
import type { Model } from "../model/types.ts";
import { fitReranker } from "../predict/fit-reranker.ts";
import { deriveHierarchyRules, type HierarchyRules } from "../predict/hierarchy-rules.ts";
import type { PredictOptions } from "../predict/options.ts";
import { type PredictWork, predict } from "../predict/predict.ts";
import type { RefinementConfig } from "../predict/refinement-config.ts";
import {
  CHILD_MACRO_F1,
  DEVELOPMENT,
  GUARDRAIL_CHECK,
  GUARDRAIL_NAME,
  GUARDRAIL_RESULT,
  POLICY_DAG,
  POLICY_NODE,
  REFINEMENT_DECISION,
  TASK_WEIGHT_DECISION,
  TRIED_WEIGHTS,
} from "../schema/benchmark.ts";
import { REFINEMENT_POLICIES } from "../schema/dataset-manifest.ts";
import { REFINEMENT_METHODS } from "../schema/refinement.ts";
import { POLICY_FEATURES } from "../schema/scores.ts";
import { type DevelopmentSplit, featuresOf, type LabelledCells } from "./development.ts";
import { BASE, type TaskWeightPolicy } from "./policy-keys.ts";
import type { SourceRun } from "./source-run.ts";

/** Files that policies write beside the results of the `atlasmtl` method. */
export const DECISION_FILES = {
  taskWeights: "task_weight_decision.json",
  refinement: "refinement_decision.json",
  reranker: "reranker.pkl",
} as const;

/** A smaller decrease of a score counts as a rounding error. */
const ROUNDING = 1e-12;

/** Inputs of both policies. */
export interface PolicyContext {
  readonly split: DevelopmentSplit;
  /** Coarse to fine. */
  readonly columns: readonly string[];
  readonly predict: PredictOptions;
  readonly work: PredictWork;
}

const SELECTED_SCORE = {
  [POLICY_FEATURES.finestMacroF1]: "finestMacroF1",
  [POLICY_FEATURES.finestBalancedAccuracy]: "finestBalancedAccuracy",
  [POLICY_FEATURES.fullPathAccuracy]: "fullPathAccuracy",
} as const satisfies Record<TaskWeightPolicy["selector"], keyof PolicyFeatures>;

export interface TaskWeightDecision {
  /** Null keeps the task weights of the manifest. */
  readonly weights: readonly number[] | null;
  readonly chosen: string;
  /** The decision file. */
  readonly file: ConfigMap;
}

/**
 * Tries task weights if the advice recommends it. Trains each candidate on the fitting cells and scores it on the
 * development cells. Uses the best candidate if its selector score is higher than that of the manifest's weights.
 * @throws as `train` and `predict`.
 */
export async function decideTaskWeights(
  policy: TaskWeightPolicy,
  source: SourceRun | null,
  trainOn: (weights: readonly number[] | null) => Promise<Model>,
  context: PolicyContext,
): Promise<TaskWeightDecision> {
  const scoresOf = async (weights: readonly number[] | null): Promise<PolicyFeatures> =>
    (await measure(await trainOn(weights), context, {}, DEFAULT_HOTSPOT_OPTIONS)).features;
  const base = source === null ? await scoresOf(null) : null;
  const features = base ?? source!.features;
  const advice = suggestTaskWeightSchedule(features, policy.candidates ?? undefined);
  const tried: { name: string; weights: readonly number[] | null; scores: PolicyFeatures }[] = [];
  if (advice.activate) {
    tried.push({ name: BASE, weights: null, scores: base ?? (await scoresOf(null)) });
    for (const { name, weights } of advice.candidates)
      tried.push({ name, weights, scores: await scoresOf(weights) });
  }
  const score = ({ scores }: (typeof tried)[number]): number => scores[SELECTED_SCORE[policy.selector]];
  let best = tried[0];
  for (const each of tried) if (score(each) > score(best) + ROUNDING) best = each;
  const chosen = best?.name ?? BASE;
  const reason = !advice.activate
    ? advice.note
    : chosen === BASE
      ? `No candidate has a higher ${policy.selector} on the development cells than the weights of the manifest.`
      : `${chosen} has the highest ${policy.selector} on the development cells.`;
  return {
    weights: best?.weights ?? null,
    chosen,
    file: keyed(TASK_WEIGHT_DECISION, {
      policy: policy.policy,
      ruleVersion: advice.ruleVersion,
      selector: policy.selector,
      sourceRun: source === null ? null : { path: source.path, sha256: source.sha256 },
      development: splitConfig(context.split),
      activated: advice.activate,
      note: advice.note,
      features: featuresConfig(features),
      candidates: tried.map(
        ({ name, weights, scores }): ConfigMap =>
          keyed(TRIED_WEIGHTS, {
            name: name,
            weights: weights === null ? null : weights.map((weight) => new Float(weight)),
            scores: featuresConfig(scores),
          }),
      ),
      chosen: chosen,
      reason: reason,
    }),
  };
}

export interface RefinementDecision {
  /** The refinement to predict with; null predicts without one. */
  readonly config: RefinementConfig | null;
  readonly reason: string;
  readonly file: ConfigMap;
  /** The artifact with its description and plan; empty without a refinement. */
  readonly artifacts: readonly { readonly name: string; readonly bytes: Uint8Array }[];
}

/**
 * Fits a refinement if the advice recommends it. Uses it only if three scores on the development cells do not get
 * worse:
 * macro-F1 of the child, full-path accuracy, and the number of cells with a right parent and a wrong child. `fitted`
 * was
 * trained on the fitting cells; the artifact is for `model`, which was trained on all cells.
 * @throws BAD_DATA for a parent without a usable cell among the fitting cells; as `predict`.
 */
export async function decideRefinement(
  { fitted, model, whole }: { readonly fitted: Model; readonly model: Model; readonly whole: LabelledCells },
  context: PolicyContext,
  chosen: Partial<HotspotOptions> = {},
): Promise<RefinementDecision> {
  const { split, columns } = context;
  const base = await measure(fitted, context, {}, DEFAULT_HOTSPOT_OPTIONS);
  const advice = suggestParentConditionedRefinement(base.features);
  const settings = {
    ...DEFAULT_HOTSPOT_OPTIONS,
    topK: advice.topParents ?? DEFAULT_HOTSPOT_OPTIONS.topK,
    ...chosen,
  };
  const { hotspots } = featuresOf(base.labels, split.development, columns, base.rules, settings);
  const parents = hotspots.chosen.map(({ parent }) => parent);
  const file = (guardrail: ConfigMap | null, chosen: string, reason: string): ConfigMap =>
    keyed(REFINEMENT_DECISION, {
      policy: REFINEMENT_POLICIES[0],
      ruleVersion: advice.ruleVersion,
      development: splitConfig(split),
      activated: advice.activate,
      note: advice.note,
      features: featuresConfig(base.features),
      selection: selectionConfig(settings, hotspots, false),
      guardrail,
      chosen,
      reason,
    });
  const keep = (reason: string, guardrail: ConfigMap | null): RefinementDecision => ({
    config: null,
    reason,
    file: file(guardrail, BASE, reason),
    artifacts: [],
  });
  if (!advice.activate) return keep(advice.note, null);
  if (parents.length === 0)
    return keep(`No parent with a mistake has ${settings.minCells} development cells.`, null);

  const trial = await rerankerOf(fitted, split.fit, parents, context);
  const record = (passed: boolean) => ({
    selection: selectionConfig(settings, hotspots, false),
    enabled: passed,
    note: advice.note,
    ruleVersion: advice.ruleVersion,
    features: featuresConfig(base.features),
  });
  const artifactsOf = (reranker: Reranker) =>
    refinementFiles(reranker, record(true), DECISION_FILES.reranker).map(({ path, bytes }) => ({
      name: path,
      bytes: joinBytes(bytes),
    }));
  const configOf = (artifacts: RefinementDecision["artifacts"]): RefinementConfig => ({
    method: REFINEMENT_METHODS.artifact,
    artifactPath: artifacts[0].bytes,
  });
  const refined = await measure(
    fitted,
    context,
    { refinementConfig: configOf(artifactsOf(trial)) },
    DEFAULT_HOTSPOT_OPTIONS,
  );
  const guardrail = checkGuardrail(base.features, refined.features);
  if (guardrail.failed.length > 0)
    return keep(`${GUARDRAIL_NAME} does not hold: ${guardrail.failed.join("; ")}.`, guardrail.config);
  const artifacts = artifactsOf(await rerankerOf(model, whole, parents, context));
  const reason = `${GUARDRAIL_NAME} holds on the development cells.`;
  return {
    config: configOf(artifacts),
    reason,
    file: file(guardrail.config, REFINEMENT_METHODS.artifact, reason),
    artifacts,
  };
}

/** The direction in which each score must not change. */
const GUARDS = [
  { key: "finestMacroF1", name: CHILD_MACRO_F1, isBetterHigh: true },
  { key: "fullPathAccuracy", name: POLICY_FEATURES.fullPathAccuracy, isBetterHigh: true },
  {
    key: "parentCorrectChildWrongRate",
    name: POLICY_FEATURES.parentCorrectChildWrongRate,
    isBetterHigh: false,
  },
] as const;

/** Compares the scores with and without the refinement; `failed` lists the scores that got worse. */
export function checkGuardrail(
  base: PolicyFeatures,
  refined: PolicyFeatures,
): { readonly failed: readonly string[]; readonly config: ConfigMap } {
  const failed: string[] = [];
  const checks = GUARDS.map(({ key, name, isBetterHigh }): ConfigMap => {
    const change = (refined[key] - base[key]) * (isBetterHigh ? 1 : -1);
    const passed = change >= -ROUNDING;
    if (!passed) failed.push(`${name} ${base[key].toFixed(4)} → ${refined[key].toFixed(4)}`);
    return keyed(GUARDRAIL_CHECK, {
      score: name,
      base: floatOrNull(base[key]),
      refined: floatOrNull(refined[key]),
      passed: passed,
    });
  });
  return {
    failed,
    config: keyed(GUARDRAIL_RESULT, {
      name: GUARDRAIL_NAME,
      passed: failed.length === 0,
      checks: checks,
    }),
  };
}

/** Predicts the development cells and measures the features that the advice uses. */
async function measure(
  model: Model,
  { split, columns, predict: options, work }: PolicyContext,
  more: PredictOptions,
  settings: HotspotOptions,
) {
  const rules = await rulesOf(model, options, split.fit, columns);
  const { labels } = await predict(model, split.development.adata, { ...options, ...more }, work);
  return { labels, rules, ...featuresOf(labels, split.development, columns, rules, settings) };
}

async function rerankerOf(
  model: Model,
  cells: LabelledCells,
  parents: readonly string[],
  { columns, predict: options, work }: PolicyContext,
): Promise<Reranker> {
  const [parentLevel, childLevel] = [columns.at(-2)!, columns.at(-1)!];
  const rules = await rulesOf(model, options, cells, columns);
  return fitReranker(
    model,
    cells.adata,
    {
      parentLevel,
      childLevel,
      parents,
      childToParent: rules.get(childLevel)?.childToParent ?? new Map(),
      truth: { parent: cells.truth.get(parentLevel)!, child: cells.truth.get(childLevel)! },
    },
    { ...options, knnCorrection: "off", keepCoords: false },
    work,
  );
}

/** The hierarchy rules of the prediction options, or else rules derived from the cells. */
async function rulesOf(
  model: Model,
  { hierarchyRules }: PredictOptions,
  cells: LabelledCells,
  columns: readonly string[],
): Promise<HierarchyRules> {
  if (hierarchyRules === "derive")
    return deriveHierarchyRules((await model.reference()).labels, columns).rules;
  const given = hierarchyRules ?? null;
  return given?.get(columns.at(-1)!)?.parentColumn === columns.at(-2)
    ? given!
    : deriveHierarchyRules(cells.truth, columns).rules;
}

function splitConfig({ fit, development, seed }: DevelopmentSplit): ConfigMap {
  return keyed(DEVELOPMENT, {
    nFit: fit.adata.nObs,
    nDevelopment: development.adata.nObs,
    seed: seed,
  });
}

/** The decisions in their order, each with the scores it is based on. */
export function policyDag(
  split: DevelopmentSplit | null,
  taskWeights: TaskWeightDecision | null,
  refinement: RefinementDecision | null,
): ConfigMap {
  const dag = new Map<string, ConfigValue>();
  if (split !== null)
    dag.set(
      POLICY_DAG.development,
      new Map<string, ConfigValue>([[POLICY_NODE.from, [POLICY_DAG.reference]], ...splitConfig(split)]),
    );
  const node = (from: readonly string[], file: ConfigMap, decisionFile: string): ConfigMap =>
    keyed(POLICY_NODE, {
      from: from,
      policy: file.get(POLICY_NODE.policy) ?? null,
      activated: file.get(POLICY_NODE.activated) ?? null,
      chosen: file.get(POLICY_NODE.chosen) ?? null,
      reason: file.get(POLICY_NODE.reason) ?? null,
      decisionFile: decisionFile,
    });
  if (taskWeights !== null) {
    const source =
      taskWeights.file.get(TASK_WEIGHT_DECISION.sourceRun) === null ? [] : [POLICY_DAG.sourceRun];
    dag.set(
      POLICY_DAG.taskWeights,
      node([...source, POLICY_DAG.development], taskWeights.file, DECISION_FILES.taskWeights),
    );
  }
  if (refinement !== null)
    dag.set(
      POLICY_DAG.refinement,
      node(
        [POLICY_DAG.development, ...(taskWeights === null ? [] : [POLICY_DAG.taskWeights])],
        refinement.file,
        DECISION_FILES.refinement,
      ),
    );
  return dag;
}
