/**
 * The record of a training run as bundles store it: `train_config` of
 * docs/specification/1-artifacts.md#training-configuration.
 * @module
 */
import { platform } from "#platform";
import { type ConfigMap, type ConfigValue, Float } from "../core/config.ts";
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
  /** The domain names in code order; null when domain alignment was off. */
  readonly domains: readonly string[] | null;
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
  return new Map<string, ConfigValue>([
    ["rule", "p >= threshold"],
    ["coverages", SET_COVERAGES.map((coverage) => new Float(coverage))],
    [
      "columns",
      new Map(
        [...columns].map(([column, { nCells, thresholds }]): [string, ConfigMap] => [
          column,
          new Map<string, ConfigValue>([
            ["n", nCells],
            ["thresholds", thresholds.map((threshold) => new Float(threshold))],
          ]),
        ]),
      ),
    ],
  ]);
}

/**
 * Numbers are Python ints for counts, else {@link Float}s (docs/specification/1-artifacts.md#metadata-file).
 */
export function createTrainConfig(options: ResolvedTrainOptions, record: TrainRecord): ConfigMap {
  const { fit } = record;
  const child = options.childCorrection;
  // For an optimiser with two groups: the rate of the first group, the base network.
  const baseLrScale = child?.mode === "joint" ? child.baseLrScale : 1;
  const coordTargets: ConfigMap = new Map(options.coordTargets);
  const preprocess = preprocessWith(options.preprocess, options.normalize);
  const calibration: ConfigValue =
    options.calibrationMethod === null || record.calibration === null
      ? null
      : new Map<string, ConfigValue>([
          ["method", options.calibrationMethod],
          ["split", "val"],
          ["temperatures", floats(record.calibration.temperatures)],
          ["max_iter", options.calibrationMaxIter],
          ["lr", new Float(options.calibrationLr)],
          ["val_fraction", new Float(options.valFraction)],
          ["random_state", options.randomState],
          ["conformal", conformalConfig(record.calibration.setThresholds)],
        ]);
  return new Map<string, ConfigValue>([
    ["preset", options.preset],
    ["hidden_sizes", options.hiddenSizes],
    ["dropout_rate", new Float(options.dropoutRate)],
    ["ensemble_size", options.ensembleSize],
    ["batch_size", options.batchSize],
    ["num_epochs", options.numEpochs],
    ["epochs_completed", fit.epochsCompleted],
    ["learning_rate", new Float(options.learningRate)],
    ["optimizer_name", options.optimizerName],
    ["weight_decay", new Float(options.weightDecay)],
    ["scheduler_name", options.schedulerName],
    ["scheduler_factor", new Float(options.schedulerFactor)],
    ["scheduler_patience", options.schedulerPatience],
    ["scheduler_min_lr", new Float(options.schedulerMinLr)],
    ["scheduler_monitor", options.schedulerMonitor],
    ["final_learning_rate", new Float(fit.finalLearningRate * baseLrScale)],
    ["coord_targets", coordTargets],
    ["coord_loss_weights", floats(options.coordLossWeights)],
    ["task_weights", options.taskWeights.map((weight) => new Float(weight))],
    ["input_transform", options.inputTransform],
    ["count_thinning", floatOrNull(options.countThinning)],
    ["layer", options.layer],
    ["missing_labels", options.missingLabels],
    ["val_fraction", new Float(options.valFraction)],
    ["early_stopping_patience", options.earlyStoppingPatience],
    ["early_stopping_min_delta", new Float(options.earlyStoppingMinDelta)],
    ["random_state", options.randomState],
    ["domain_key", options.domainKey],
    ["domain_loss_weight", new Float(options.domainLossWeight)],
    ["domain_loss_method", options.domainLossMethod],
    ["domains", record.domains],
    ["topology_loss_weight", new Float(options.topologyLossWeight)],
    ["topology_k", options.topologyK],
    ["topology_coord", options.topologyCoord],
    ["calibration", calibration],
    ["class_weighting", classBalanceConfig(record.classWeighting)],
    ["class_balanced_sampling", classBalanceConfig(record.classBalancedSampling)],
    ["parent_conditioned_child_correction", record.childCorrection],
    ["reference_storage", options.referenceStorage],
    ["init_model_path", options.initModelPath],
    ["init_model_tensors", record.initTensors],
    ["coord_enabled", coordTargets.size > 0],
    ["resolved_coord_targets", coordTargets],
    ["knn_reference_obsm_key", options.knnReferenceObsmKey],
    ["knn_space", record.knnSpace],
    ["num_threads_requested", options.numThreads],
    ["num_threads_used", record.numThreadsUsed],
    ["device_requested", options.device],
    ["device_used", record.deviceUsed],
    ["train_seconds", new Float(record.trainSeconds)],
    ["last_train_loss", new Float(fit.lastTrainLoss)],
    ["last_val_loss", floatOrNull(fit.lastValLoss)],
    ["best_epoch", fit.bestEpoch],
    ["best_val_loss", floatOrNull(fit.bestValLoss)],
    ["runtime_summary", record.runtimeSummary],
    ["resource_summary", resourceSummary(options, record)],
    ...(preprocess === null ? [] : [["preprocess", preprocess] as const]),
  ]);
}

function resourceSummary(options: ResolvedTrainOptions, record: TrainRecord): ConfigMap {
  return new Map<string, ConfigValue>([
    ["n_obs", record.nObs],
    ["n_vars", record.nVars],
    ["train_size", record.nTrain],
    ["val_size", record.nVal],
    ["num_epochs_completed", record.fit.epochsCompleted],
    ["num_coord_heads", options.coordTargets.size],
    ["device_requested", options.device],
    ["device_type", record.deviceUsed],
    ["gpu_name", null],
    ["cpu_count", platform.info.cpuCount],
    ["num_threads_used", record.numThreadsUsed],
    ["runtime_summary", record.runtimeSummary],
  ]);
}
