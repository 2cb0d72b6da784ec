/**
 * The record of a training run as bundles store it: `train_config` of
 * docs/specification/1-artifacts.md#training-configuration.
 * @module
 */
import { platform } from "#platform";
import { type ConfigMap, type ConfigValue, Float, keyed } from "../core/config.ts";
import { storedOptions } from "../core/option-config.ts";
import { cutRecord } from "../preprocess/panel.ts";
import {
  CALIBRATION,
  CONFORMAL,
  RESOURCE_SUMMARY,
  SET_THRESHOLDS,
  STREAMING,
  TRAIN_CONFIG,
} from "../schema/training.ts";
import { TRAIN_OPTIONS } from "../schema/training-options.ts";
import type { Streaming } from "./cells/training-cells.ts";
import { type ClassBalance, classBalanceConfig } from "./class-balance.ts";
import { SET_COVERAGES, type SetThresholds } from "./conformal.ts";
import type { FitResult } from "./fit-loop.ts";
import { preprocessWith } from "./normalization.ts";
import type { ResolvedTrainOptions } from "./options.ts";

/** Calibration results from held-out cells, by label column. */
export interface FittedCalibration {
  readonly temperatures: ReadonlyMap<string, number>;
  readonly setThresholds: ReadonlyMap<string, SetThresholds>;
}

/** Results of the training run, in addition to the options. */
export interface TrainRecord {
  readonly nObs: number;
  readonly nVars: number;
  readonly nTrain: number;
  readonly nVal: number;
  readonly fit: FitResult;
  /** Of all coordinate heads, that of a map among them. */
  readonly coordTargets: ReadonlyMap<string, string>;
  /** How the map was laid out; null if none was. */
  readonly embedding: ConfigMap | null;
  readonly genes: readonly string[];
  /** How they were chosen; null if all genes of the matrix are used. */
  readonly selection: ConfigMap | null;
  /** What the matrix looks like, as `matrixRecord` has it; null if it was not looked at. */
  readonly matrix: ConfigMap | null;
  /** The domain names in code order; null when domain alignment was off. */
  readonly domains: readonly string[] | null;
  /** Null if all cells were in memory. */
  readonly streaming: Streaming | null;
  /** The cells that the genes of the labels are of; null for all. */
  readonly nSeen: number | null;
  /** The cells that the reference keeps; null for all. */
  readonly nReference: number | null;
  /** Null without calibration. */
  readonly calibration: FittedCalibration | null;
  /** Name of the stored KNN space, if one was requested. */
  readonly knnSpace: string | null;
  /** Tensors taken from an earlier model; null when none was given. */
  readonly initTensors: readonly string[] | null;
  readonly numThreadsUsed: number;
  readonly classWeighting: ClassBalance | null;
  readonly classBalancedSampling: ClassBalance | null;
  /** As `model.pth` stores it; null without child correction. */
  readonly childCorrection: ConfigMap | null;
  readonly deviceUsed: string;
  readonly trainSeconds: number;
  readonly runtimeSummary: ConfigMap;
}

const floatOrNull = (value: number | null): Float | null => (value === null ? null : new Float(value));
const floats = (values: ReadonlyMap<string, number>): ConfigMap =>
  new Map([...values].map(([name, value]) => [name, new Float(value)]));

/**
 * `thresholds` are for the first of `coverages`, for as many as `n` held-out cells are enough for. A label is
 * in the set if its probability p (softmax of logits / temperature) is at least the threshold.
 */
function conformalConfig(columns: ReadonlyMap<string, SetThresholds>): ConfigMap {
  return keyed(CONFORMAL, {
    rule: "p >= threshold",
    coverages: SET_COVERAGES.map((coverage) => new Float(coverage)),
    columns: new Map(
      [...columns].map(([column, { nCells, thresholds }]): [string, ConfigMap] => [
        column,
        keyed(SET_THRESHOLDS, {
          n: nCells,
          thresholds: thresholds.map((threshold) => new Float(threshold)),
        }),
      ]),
    ),
  });
}

/**
 * Numbers are Python ints for counts, else {@link Float}s (docs/specification/1-artifacts.md#metadata-file).
 */
export function createTrainConfig(options: ResolvedTrainOptions, record: TrainRecord): ConfigMap {
  const { fit } = record;
  const child = options.childCorrection;
  // For an optimiser with two groups: the rate of the first group, the base network.
  const baseLrScale = child?.mode === "joint" ? child.baseLrScale : 1;
  const coordTargets: ConfigMap = new Map(record.coordTargets);
  const ofGenes =
    record.selection === null ? options.preprocess : cutRecord(options.preprocess, record.genes);
  const preprocess = preprocessWith(ofGenes, options.normalize);
  const calibration: ConfigValue =
    options.calibrationMethod === null || record.calibration === null
      ? null
      : keyed(CALIBRATION, {
          method: options.calibrationMethod,
          split: "val",
          temperatures: floats(record.calibration.temperatures),
          maxIter: options.calibrationMaxIter,
          lr: new Float(options.calibrationLr),
          valFraction: new Float(options.valFraction),
          randomState: options.randomState,
          conformal: conformalConfig(record.calibration.setThresholds),
        });
  return keyed(TRAIN_CONFIG, {
    ...storedOptions(TRAIN_OPTIONS, options),
    ...streamingConfig(record),
    referenceCells: record.nReference === null ? undefined : options.referenceCells,
    referenceKept: record.nReference ?? undefined,
    missingValues: options.missingValues.length === 0 ? undefined : options.missingValues,
    keepColumns: options.keepColumns.length === 0 ? undefined : options.keepColumns,
    coordTargets,
    embedding: record.embedding ?? undefined,
    geneSelection: record.selection ?? undefined,
    matrixStatistics: record.matrix ?? undefined,
    epochsCompleted: fit.epochsCompleted,
    finalLearningRate: new Float(fit.finalLearningRate * baseLrScale),
    domains: record.domains,
    calibration,
    classWeighting: classBalanceConfig(record.classWeighting),
    classBalancedSampling: classBalanceConfig(record.classBalancedSampling),
    parentConditionedChildCorrection: record.childCorrection,
    initModelTensors: record.initTensors,
    coordEnabled: coordTargets.size > 0,
    resolvedCoordTargets: coordTargets,
    knnSpace: record.knnSpace,
    numThreadsRequested: options.numThreads,
    numThreadsUsed: record.numThreadsUsed,
    deviceRequested: options.device,
    deviceUsed: record.deviceUsed,
    trainSeconds: new Float(record.trainSeconds),
    lastTrainLoss: new Float(fit.lastTrainLoss),
    lastValLoss: floatOrNull(fit.lastValLoss),
    bestEpoch: fit.bestEpoch,
    bestValLoss: floatOrNull(fit.bestValLoss),
    runtimeSummary: record.runtimeSummary,
    resourceSummary: resourceSummary(options, record),
    preprocess: preprocess ?? undefined,
    // Written when a trained model adapts.
    adaptation: undefined,
    // Written when the model of another program is imported.
    imported: undefined,
  });
}

/** What makes the same run anywhere; nothing if all cells were in memory. */
function streamingConfig({ streaming, nSeen }: TrainRecord) {
  if (streaming === null) return { stream: undefined, streamBuffer: undefined, streaming: undefined };
  const { bufferCells, blockCells } = streaming;
  return {
    stream: true,
    streamBuffer: bufferCells,
    streaming: keyed(STREAMING, { bufferCells, blockCells, labelGeneCells: nSeen }),
  };
}

function resourceSummary(options: ResolvedTrainOptions, record: TrainRecord): ConfigMap {
  return keyed(RESOURCE_SUMMARY, {
    nObs: record.nObs,
    nVars: record.nVars,
    trainSize: record.nTrain,
    valSize: record.nVal,
    numEpochsCompleted: record.fit.epochsCompleted,
    numCoordHeads: record.coordTargets.size,
    deviceRequested: options.device,
    deviceType: record.deviceUsed,
    gpuName: null,
    cpuCount: platform.info.cpuCount,
    numThreadsUsed: record.numThreadsUsed,
    runtimeSummary: record.runtimeSummary,
  });
}
