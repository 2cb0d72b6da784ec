/**
 * The metadata of a result, which say how it was made; keys of docs/specification/3-prediction.md#metadata.
 * @module
 */
import { type ConfigMap, Float, keyed } from "../core/config.ts";
import { VERSION } from "../core/version.ts";
import type { Stress } from "../model/linear/types.ts";
import { normalizationOf } from "../model/normalization.ts";
import type { Model } from "../model/types.ts";
import { ADAPTATION, CHOSEN_RUNG, PREDICTION_METADATA } from "../schema/prediction.ts";
import { TRAIN_CONFIG } from "../schema/training.ts";
import type { Adaptation } from "./adapt-to-queries.ts";
import type { GeneAlignment } from "./align.ts";
import type { KnnLabels } from "./knn-correction.ts";
import type { KnnSpace } from "./knn-space.ts";
import type { CellDistances, MeasuredDistances } from "./measured-distances.ts";
import type { Openset } from "./openset.ts";
import type { PredictSettings } from "./options.ts";
import { type SetPlan, setSizes } from "./prediction-sets.ts";
import type { LeastConfidences } from "./target-accuracy.ts";
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
  /** What the model learnt from the query; null if nothing. */
  readonly adaptation: Adaptation | null;
  /** The stress of held-out cells that are as unlike the reference as the query; null if that is not known. */
  readonly rung: Stress | null;
  /** What a doubted network weighs beside 1 for each view, by label column; null where none is. */
  readonly networkWeights: readonly number[] | null;
  readonly least: LeastConfidences;
  /** Null without prediction sets. */
  readonly setPlan: SetPlan | null;
  readonly sets: ReadonlyMap<string, PredictedSets>;
  readonly space: KnnSpace;
  readonly knn: readonly KnnLabels[];
  readonly openset: Openset | null;
  readonly distances: MeasuredDistances;
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
 * What does not apply to a prediction is left out, as in files of the Python implementation.
 */
export function predictionMetadata(sources: MetadataSources): ConfigMap {
  const {
    model,
    settings,
    genes,
    calibration,
    rung,
    least,
    setPlan,
    space,
    knn,
    openset,
    distances,
    inconsistencyRates,
  } = sources;
  const columns = model.labelHeads.map((head) => head.column);
  const normalize = settings.normalize ?? normalizationOf(model);
  const { opensetMethod } = settings;
  const isPrototype = opensetMethod === "prototype";
  const found = opensetMethod === null ? null : openset;
  const sizes = new Map([...sources.sets].map(([column, sets]) => [column, setSizes(sets).meanSize]));
  const byColumn = (value: (column: CellDistances) => number): ConfigMap | undefined =>
    distances.columns === null
      ? undefined
      : floats(new Map(distances.columns.map((column) => [column.column, value(column)])));
  return keyed(PREDICTION_METADATA, {
    atlasmtlVersion: VERSION,
    knnCorrection: settings.knnCorrection,
    confidenceHigh: new Float(settings.confidenceHigh),
    confidenceLow: least.targetAccuracy === null ? new Float(settings.confidenceLow) : undefined,
    targetAccuracy: least.targetAccuracy === null ? undefined : new Float(least.targetAccuracy),
    targetAccuracyThresholds:
      least.targetAccuracy === null
        ? undefined
        : floats(new Map(columns.map((column, c) => [column, least.thresholds[c]]))),
    marginThreshold: new Float(settings.marginThreshold),
    knnK: settings.knnK,
    knnConfLow: new Float(settings.knnConfLow),
    latentSource: model.latentSource,
    layer: settings.layer,
    inputTransform: settings.inputTransform ?? model.inputTransform,
    normalize: normalize === "none" ? undefined : normalize,
    nGenesMatched: genes.nMatched,
    nGenesMissing: genes.nMissing,
    calibrationApplied: calibration.applied,
    calibrationMethod: calibration.method,
    calibrationTemperatures: calibration.applied ? floats(calibration.temperatures) : undefined,
    "temperature{}": calibration.applied ? floats(calibration.temperatures) : undefined,
    calibrationRung:
      rung === null || !calibration.applied
        ? undefined
        : keyed(CHOSEN_RUNG, { depth: new Float(rung.depth), gain: new Float(rung.gain) }),
    networkWeights: weightsConfig(sources.networkWeights, columns),
    adaptation: sources.adaptation === null ? undefined : adaptationConfig(sources.adaptation),
    onlyLabels: settings.onlyLabels ?? undefined,
    excludeLabels: settings.excludeLabels ?? undefined,
    allowedLabels:
      settings.onlyLabels === null && settings.excludeLabels === null
        ? undefined
        : new Map(model.labelHeads.map(({ column, classes }) => [column, classes])),
    matchMode: model.oneVsRest ? settings.matchMode : undefined,
    pThres: model.oneVsRest && settings.matchMode === "prob_match" ? new Float(settings.pThres) : undefined,
    probabilities: settings.probabilities ?? undefined,
    consensus: settings.consensus ?? undefined,
    consensusK: settings.consensus === null ? undefined : settings.consensusK,
    consensusWeight: settings.consensus === null ? undefined : new Float(settings.consensusWeight),
    consensusBy: settings.consensusBy ?? undefined,
    minProp: settings.consensusBy === null ? undefined : new Float(settings.minProp),
    predictionSetsCoverage: setPlan === null ? undefined : new Float(setPlan.coverage),
    predictionSetsThresholds: setPlan === null ? undefined : floats(setPlan.thresholds),
    predictionSetsMeanSize: setPlan === null ? undefined : floats(sizes),
    knnSpacePreferred: space.preferred ?? undefined,
    knnSpaceUsed: space.name,
    knnVoteMode: settings.knnVoteMode,
    knnReferenceMode: settings.knnReferenceMode,
    knnIndexMode: settings.knnIndexMode,
    "knnCoverage{}": new Map(columns.map((column, c) => [column, new Float(knn[c].coverage)])),
    transfer: settings.transfer ?? undefined,
    deviceRequested: settings.device,
    deviceUsed: sources.deviceUsed,
    numThreadsUsed: sources.numThreads,
    unknown: model.space || settings.unknown !== null ? distances.mode : undefined,
    knownLoss: distances.columns === null ? undefined : new Float(settings.knownLoss),
    distanceUnlikeRate: byColumn(({ isUnlike }) => meanOf(isUnlike)),
    distanceShift: floatOrNone(distances.shift?.length),
    distanceSpread: byColumn(({ spread }) => spread),
    shiftScore: floatOrNone(distances.shift?.score),
    depthRatio: floatOrNone(distances.shift?.depthRatio),
    opensetMethod: found === null ? undefined : opensetMethod,
    opensetThreshold: found === null ? undefined : new Float(settings.opensetThreshold ?? 0),
    opensetSpaceUsed: found === null ? undefined : space.name,
    opensetLabelColumn:
      found === null ? undefined : (settings.opensetLabelColumn ?? (isPrototype ? columns[0] : null)),
    opensetUnknownRate: found === null ? undefined : new Float(found.unknownRate),
    opensetNumPrototypes: found?.nPrototypes ?? undefined,
    hierarchyEnforced: inconsistencyRates === null ? undefined : true,
    hierarchyInconsistencyRate: inconsistencyRates === null ? undefined : floats(inconsistencyRates),
    coherentProbabilities: settings.coherentProbabilities ? true : undefined,
    refinement: sources.refinement ?? undefined,
    predictionRuntime: sources.runtime,
    trainConfig: model.trainConfig,
    geneMapping: sources.geneMapping ?? undefined,
    preprocess: model.trainConfig.get(TRAIN_CONFIG.preprocess) ?? undefined,
  });
}

/** What a model learnt from queries, as files keep it. */
export function adaptationConfig({ nCells, nExamples }: Adaptation): ConfigMap {
  return keyed(ADAPTATION, { nCells, nExamples });
}

/** What the network weighs in the mean, by label column; left out where it weighs as much as each view. */
export function weightsConfig(
  networkWeights: readonly number[] | null,
  columns: readonly string[],
): ConfigMap | undefined {
  return networkWeights === null
    ? undefined
    : floats(new Map(columns.map((column, j) => [column, networkWeights[j]])));
}

/** Left out if it was not measured. */
function floatOrNone(value: number | null | undefined): Float | undefined {
  return value === null || value === undefined ? undefined : new Float(value);
}

function meanOf(flags: Uint8Array): number {
  let sum = 0;
  for (const flag of flags) sum += flag;
  return flags.length === 0 ? 0 : sum / flags.length;
}

function floats(values: ReadonlyMap<string, number>): ConfigMap {
  return new Map([...values].map(([key, value]) => [key, new Float(value)]));
}
