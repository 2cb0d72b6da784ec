/** The `atlasmtl` method of a benchmark. @module */
import type { AnnData } from "../../anndata/types.ts";
import { loadModel } from "../../artifacts/load.ts";
import { emitBundle } from "../../artifacts/save.ts";
import { joinBytes } from "../../core/bytes.ts";
import { sha256 } from "../../core/checksums.ts";
import type { ConfigMap, ConfigValue } from "../../core/config.ts";
import { emitJson } from "../../core/json.ts";
import { countUnknownReasons } from "../../evaluate/unknown-reasons.ts";
import { train } from "../../model/train.ts";
import type { Model } from "../../model/types.ts";
import { resolvePredictOptions } from "../../predict/options.ts";
import { predict } from "../../predict/predict.ts";
import type { Warning } from "../../predict/types.ts";
import { DEVELOPMENT_SEED } from "../../schema/benchmark.ts";
import { PREDICTION_METADATA } from "../../schema/prediction.ts";
import { TRAIN_CONFIG } from "../../schema/training.ts";
import type { BenchmarkManifest } from "../dataset-manifest.ts";
import { splitDevelopment } from "../development.ts";
import {
  DECISION_FILES,
  decideRefinement,
  decideTaskWeights,
  policyDag,
  type RefinementDecision,
} from "../policies.ts";
import type { SourceRun } from "../source-run.ts";
import { withoutTimes } from "../times.ts";
import type { MethodOutcome, MethodWork, SharedData } from "./types.ts";

/** A trained or loaded bundle, and its source. */
export interface AtlasmtlOutcome extends MethodOutcome {
  readonly model: Model;
  readonly modelSource: "trained" | "loaded";
  /** Files by name: those of the trained bundle and of the policies. */
  readonly bundle: readonly NamedFile[];
  readonly modelFiles: readonly string[];
  /** The decisions of the policies and the scores they are based on; empty without a policy. */
  readonly policyDag: ConfigMap;
}

interface NamedFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly sha256: string;
}

/**
 * Trains on the shared reference, or loads `modelPath`, and annotates the shared query. Before that the policies of the
 * manifest decide on parts of the reference. `source` is the earlier run whose scores they use.
 * @throws as `train`, `loadModel` and `predict`; BAD_DATA for a policy on a reference of too few cells.
 */
export async function runAtlasmtl(
  data: SharedData,
  manifest: BenchmarkManifest,
  modelPath: string | null,
  source: SourceRun | null,
  work: MethodWork,
): Promise<AtlasmtlOutcome> {
  const options = { ...manifest.predict, layer: "X", keepCoords: true };
  const policies = {
    taskWeights: modelPath === null ? manifest.policies.taskWeights : null,
    refinement: manifest.policies.refinement,
  };
  const seed = manifest.train.randomState ?? manifest.randomSeed;
  const split =
    policies.taskWeights === null && policies.refinement === null
      ? null
      : await splitDevelopment(data, seed, work);
  const context =
    split === null
      ? null
      : { split, columns: data.labelColumns, predict: { ...options, keepCoords: false }, work };
  // Each set of task weights is trained only once on the fitting cells.
  const onFit = new Map<string, Promise<Model>>();
  const initial =
    modelPath !== null || manifest.initModelPath === null
      ? null
      : (await loadModel(manifest.initModelPath, { signal: work.signal })).model;
  const trainOnFit = (weights: readonly number[] | null): Promise<Model> => {
    const key = JSON.stringify(weights);
    const made =
      onFit.get(key) ??
      trainModel(split!.fit.adata, data, manifest, weights, initial, work).then((each) => each.model);
    onFit.set(key, made);
    return made;
  };
  const taskWeights =
    context === null || policies.taskWeights === null
      ? null
      : await decideTaskWeights(policies.taskWeights, source, trainOnFit, context);
  const weights = taskWeights?.weights ?? null;
  const trained =
    modelPath === null ? await trainModel(data.reference, data, manifest, weights, initial, work) : null;
  const loaded = modelPath === null ? null : await loadModel(modelPath, { signal: work.signal });
  const model = trained?.model ?? loaded!.model;
  const refinement =
    context === null || policies.refinement === null
      ? null
      : await decideRefinement(
          {
            fitted: loaded?.model ?? (await trainOnFit(weights)),
            model,
            whole: { adata: data.reference, truth: data.referenceLabels },
          },
          context,
          manifest.policies.hotspots,
        );
  const chosen =
    refinement === null || refinement.config === null
      ? options
      : { ...options, refinementConfig: refinement.config };
  const predictions = await predict(model, data.query, chosen, work);
  const settings = resolvePredictOptions(chosen, model);
  const usage = predictions.metadata.get(PREDICTION_METADATA.predictionRuntime);
  return {
    labels: predictions.labels,
    reasons: countUnknownReasons(predictions.labels),
    coords: predictions.coords,
    trainUsage: trained?.usage ?? null,
    predictUsage: usage instanceof Map ? (usage as ConfigMap) : new Map(),
    trainConfig: model.trainConfig,
    predictConfig: predictConfig(settings),
    predictionMetadata: predictions.metadata,
    normalisation: model.inputTransform === "binary" ? "expressed or not" : "values as stored",
    seeds: new Map([
      ...(trained?.seeds ?? []),
      ...(split === null ? [] : [[DEVELOPMENT_SEED, split.seed] as const]),
    ]),
    warnings: [
      ...(trained?.warnings ?? loaded?.warnings ?? []),
      ...predictions.warnings,
      ...policyWarnings(manifest, modelPath, source, refinement),
    ],
    model,
    modelSource: modelPath === null ? "trained" : "loaded",
    bundle: [
      ...(trained === null ? [] : await bundleOf(trained.model, manifest.bundleReferencePath)),
      ...(taskWeights === null ? [] : [named(DECISION_FILES.taskWeights, emitJson(taskWeights.file))]),
      ...(refinement === null
        ? []
        : [
            named(DECISION_FILES.refinement, emitJson(refinement.file)),
            ...refinement.artifacts.map(({ name, bytes }) => named(name, bytes)),
          ]),
    ],
    modelFiles: Object.values(loaded?.paths ?? {}).filter((path) => path !== null),
    policyDag: policyDag(split, taskWeights, refinement),
  };
}

function policyWarnings(
  { policies }: BenchmarkManifest,
  modelPath: string | null,
  source: SourceRun | null,
  refinement: RefinementDecision | null,
): Warning[] {
  const warnings: Warning[] = [];
  if (policies.taskWeights !== null && modelPath !== null)
    warnings.push({ message: "task_weight_policy has no effect on a model that is loaded" });
  else if (source !== null)
    warnings.push({
      message: "whether to try other task weights was decided by the scores of an earlier run",
      where: source.path,
      hint: "compare on another query than that run had, whose true labels have had a say",
    });
  if (refinement !== null && modelPath !== null)
    warnings.push({
      message: "the refinement was decided on cells that the loaded model may have been trained on",
      hint: "let the benchmark train, which holds cells out",
    });
  if (refinement?.config === null)
    warnings.push({ message: `the base result is kept, without refinement: ${refinement.reason}` });
  return warnings;
}

const named = (name: string, bytes: Uint8Array): NamedFile => ({ name, bytes, sha256: sha256([bytes]) });

async function trainModel(
  adata: AnnData,
  data: SharedData,
  manifest: BenchmarkManifest,
  weights: readonly number[] | null,
  initial: Model | null,
  work: MethodWork,
) {
  const { model, warnings, seeds } = await train(
    adata,
    {
      ...manifest.train,
      layer: "X",
      labelColumns: data.labelColumns,
      coordTargets: manifest.coordTargets,
      preprocess: data.preparation?.record ?? null,
      randomState: manifest.train.randomState ?? manifest.randomSeed,
      // A cell without a label on one level is still used on the other levels.
      missingLabels: manifest.train.missingLabels ?? "ignore",
      ...(weights === null ? {} : { taskWeights: weights }),
      ...(initial === null ? {} : { initModel: initial, initModelPath: manifest.initModelPath }),
    },
    work,
  );
  const usage = model.trainConfig.get(TRAIN_CONFIG.runtimeSummary);
  return {
    // The times are in the results. Without them the bundle has the same bytes each time.
    model: { ...model, trainConfig: withoutTimes(model.trainConfig) as ConfigMap },
    warnings,
    seeds: new Map(Object.entries(seeds)),
    usage: usage instanceof Map ? (usage as ConfigMap) : null,
  };
}

async function bundleOf(model: Model, referencePath: string | null): Promise<AtlasmtlOutcome["bundle"]> {
  const options = referencePath === null ? {} : { referencePath };
  return (await emitBundle(model, "model.pth", options)).map(({ path, bytes }) =>
    named(path, joinBytes(bytes)),
  );
}

function predictConfig(settings: object): ConfigMap {
  return new Map(
    Object.entries(settings)
      .filter(([, value]) => value === null || typeof value !== "object")
      .map(([key, value]): [string, ConfigValue] => [
        key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
        value as ConfigValue,
      ]),
  );
}
