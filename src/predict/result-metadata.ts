/**
 * The metadata of a result, which say how it was made; keys of docs/specification/3-prediction.md#metadata.
 * @module
 */
import { type ConfigMap, type ConfigValue, Float } from "../core/config.ts";
import { VERSION } from "../core/version.ts";
import { normalizationOf } from "../model/normalization.ts";
import type { Model } from "../model/types.ts";
import type { GeneAlignment } from "./align.ts";
import type { KnnLabels } from "./knn-correction.ts";
import type { KnnSpace } from "./knn-space.ts";
import type { Openset } from "./openset.ts";
import type { PredictSettings } from "./options.ts";
import { type SetPlan, setSizes } from "./prediction-sets.ts";
import type { Calibration } from "./temperatures.ts";
import type { PredictedSets } from "./types.ts";

/** The input of the metadata. */
export interface MetadataSources {
  readonly model: Model;
  readonly settings: PredictSettings;
  readonly genes: GeneAlignment;
  /** How the query's genes were mapped; null if they were not. */
  readonly geneMapping: ConfigMap | null;
  readonly calibration: Calibration;
  /** Null without prediction sets. */
  readonly setPlan: SetPlan | null;
  readonly sets: ReadonlyMap<string, PredictedSets>;
  readonly space: KnnSpace;
  readonly knn: readonly KnnLabels[];
  readonly openset: Openset | null;
  /** Share of contradicting cells by child column; null if the hierarchy was not enforced. */
  readonly inconsistencyRates: ReadonlyMap<string, number> | null;
  /** Whether and how the refinement was applied; null without one. */
  readonly refinement: ConfigMap | null;
  readonly deviceUsed: string;
  readonly numThreads: number;
  readonly runtime: ConfigMap;
}

/**
 * The metadata of one prediction; numbers are Python ints or floats.
 *
 * `knn_space_preferred`, the temperatures, `prediction_sets_*`, `openset_*`, `hierarchy_*`, `refinement`,
 * `gene_mapping` and `preprocess` are present only if they apply, as in files of the Python implementation.
 */
export function predictionMetadata(sources: MetadataSources): ConfigMap {
  const { model, settings, genes, calibration, space, knn, openset, inconsistencyRates } = sources;
  const columns = model.labelHeads.map((head) => head.column);
  const normalize = settings.normalize ?? normalizationOf(model);
  const metadata = new Map<string, ConfigValue>([
    ["atlasmtl_version", VERSION],
    ["knn_correction", settings.knnCorrection],
    ["confidence_high", new Float(settings.confidenceHigh)],
    ["confidence_low", new Float(settings.confidenceLow)],
    ["margin_threshold", new Float(settings.marginThreshold)],
    ["knn_k", settings.knnK],
    ["knn_conf_low", new Float(settings.knnConfLow)],
    ["latent_source", model.latentSource],
    ["layer", settings.layer],
    ["input_transform", settings.inputTransform ?? model.inputTransform],
    ...(normalize === "none" ? [] : [["normalize", normalize] as const]),
    ["n_genes_matched", genes.nMatched],
    ["n_genes_missing", genes.nMissing],
    ["calibration_applied", calibration.applied],
    ["calibration_method", calibration.method],
  ]);
  if (calibration.applied) {
    metadata.set("calibration_temperatures", floats(calibration.temperatures));
    for (const [column, value] of calibration.temperatures)
      metadata.set(`temperature_${column}`, new Float(value));
  }
  if (sources.setPlan !== null) {
    const { coverage, thresholds } = sources.setPlan;
    const sizes = new Map([...sources.sets].map(([column, sets]) => [column, setSizes(sets).meanSize]));
    metadata.set("prediction_sets_coverage", new Float(coverage));
    metadata.set("prediction_sets_thresholds", floats(thresholds));
    metadata.set("prediction_sets_mean_size", floats(sizes));
  }
  if (space.preferred !== null) metadata.set("knn_space_preferred", space.preferred);
  metadata.set("knn_space_used", space.name);
  metadata.set("knn_vote_mode", settings.knnVoteMode);
  metadata.set("knn_reference_mode", settings.knnReferenceMode);
  metadata.set("knn_index_mode", settings.knnIndexMode);
  columns.forEach((column, c) => {
    metadata.set(`knn_coverage_${column}`, new Float(knn[c].coverage));
  });
  metadata.set("device_requested", settings.device);
  metadata.set("device_used", sources.deviceUsed);
  metadata.set("num_threads_used", sources.numThreads);
  if (openset !== null && settings.opensetMethod !== null) {
    const prototype = settings.opensetMethod === "prototype";
    metadata.set("openset_method", settings.opensetMethod);
    metadata.set("openset_threshold", new Float(settings.opensetThreshold ?? 0));
    metadata.set("openset_space_used", space.name);
    metadata.set("openset_label_column", settings.opensetLabelColumn ?? (prototype ? columns[0] : null));
    metadata.set("openset_unknown_rate", new Float(openset.unknownRate));
    if (openset.nPrototypes !== null) metadata.set("openset_num_prototypes", openset.nPrototypes);
  }
  if (inconsistencyRates !== null) {
    metadata.set("hierarchy_enforced", true);
    metadata.set("hierarchy_inconsistency_rate", floats(inconsistencyRates));
  }
  if (settings.coherentProbabilities) metadata.set("coherent_probabilities", true);
  if (sources.refinement !== null) metadata.set("refinement", sources.refinement);
  metadata.set("prediction_runtime", sources.runtime);
  metadata.set("train_config", model.trainConfig);
  if (sources.geneMapping !== null) metadata.set("gene_mapping", sources.geneMapping);
  const preprocess = model.trainConfig.get("preprocess");
  if (preprocess !== undefined && preprocess !== null) metadata.set("preprocess", preprocess);
  return metadata;
}

function floats(values: ReadonlyMap<string, number>): ConfigMap {
  return new Map([...values].map(([key, value]) => [key, new Float(value)]));
}
