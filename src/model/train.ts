/** Training, from an annotated matrix to a model: the order of steps (contract 2). @module */
import type { AnnData } from "../anndata/types.ts";
import type { DenseMatrix } from "../core/dense.ts";
import type { WorkOptions } from "../core/progress.ts";
import { streamKey } from "../core/rng.ts";
import { startRuntimeMeter } from "../core/runtime-meter.ts";
import type { Engine, Inference, NetworkShape, NetworkWeights, TrainerOptions } from "../kernels/types.ts";
import { fitTemperature, logTemperatureReach } from "./calibrate.ts";
import {
  type ChildPlan,
  childTraining,
  planChildCorrection,
  startingModules,
  trainedCorrection,
} from "./child-options.ts";
import { balanceClasses, type ClassBalance, createClassSampler } from "./class-balance.ts";
import { encodeCells, logitsOf } from "./encode.ts";
import { fitEpochs } from "./fit.ts";
import { initialLinear, initialWeights, type WarmStart, warmStart } from "./init.ts";
import { readTrainInput, type TrainInput } from "./input.ts";
import { ADAM_CONSTANTS, type ResolvedTrainOptions, type TrainOptions } from "./options.ts";
import { knnSpaceName, resolveTrainOptions } from "./resolve-options.ts";
import { splitValidation, type ValidationSplit } from "./split.ts";
import { createTrainConfig } from "./train-config.ts";
import type { ChildCorrection, CoordHead, LabelHead, Model, Reference, Warning } from "./types.ts";

export interface TrainWork extends WorkOptions {
  readonly engine: Engine;
}

export interface TrainResult {
  readonly model: Model;
  readonly warnings: readonly Warning[];
  /** `random_state` and the key of every stream drawn from, by purpose (contract 2 §6). */
  readonly seeds: Readonly<Record<string, number>>;
  /** Which tensors came from `initModel`; null without one. */
  readonly warmStart: Pick<WarmStart, "taken" | "notTaken"> | null;
}

const DEVICE = "cpu";

/**
 * Trains a network on all cells of `adata`. Same data, options and version give the same bits.
 *
 * Progress comes in three phases: `read` (cells), `train` (epochs) and `encode` (cells).
 * @throws USAGE as {@link resolveTrainOptions}; BAD_DATA, NOT_FOUND and MISMATCH as {@link readTrainInput};
 * BAD_DATA when the validation split leaves nothing to train on or the loss diverges; ABORTED by the signal.
 */
export async function train(adata: AnnData, options: TrainOptions, work: TrainWork): Promise<TrainResult> {
  const meter = startRuntimeMeter();
  const resolved = resolveTrainOptions(options);
  const chosen = resolved.options;
  const { engine } = work;
  const input = await readTrainInput(adata, chosen, work);
  const seeds = deriveSeeds(chosen);
  const split = splitValidation(input.x.nRows, chosen.valFraction, seeds.split ?? 0);
  const shape = networkShape(chosen, input);
  const child =
    chosen.childCorrection === null
      ? null
      : planChildCorrection(chosen.childCorrection, input.labels, shape.hiddenSizes.at(-1)!);
  const start = startingPoint(shape, chosen, input, child, seeds.init!);
  const weighting =
    chosen.classWeighting === null ? null : balanceClasses(input.labels, split.train, chosen.classWeighting);
  const sampling =
    chosen.classBalancedSampling === null
      ? null
      : balanceClasses(input.labels, split.train, chosen.classBalancedSampling);

  const startedAt = performance.now();
  const trainer = await engine.createTrainer(
    trainerOptions(shape, start, chosen, input, { child, weighting, dropoutKey: seeds.dropout! }),
  );
  const fit = await fitEpochs(
    trainer,
    split,
    {
      numEpochs: chosen.numEpochs,
      learningRate: chosen.learningRate,
      plateau:
        chosen.schedulerName === null
          ? null
          : {
              factor: chosen.schedulerFactor,
              patience: chosen.schedulerPatience,
              minLr: chosen.schedulerMinLr,
            },
      stopping:
        chosen.earlyStoppingPatience === null
          ? null
          : { patience: chosen.earlyStoppingPatience, minDelta: chosen.earlyStoppingMinDelta },
      shuffleKey: seeds.shuffle ?? 0,
      sample:
        sampling === null
          ? null
          : createClassSampler(sampling, input.labels[sampling.head]!.codes, split.train, seeds.sampling!),
      onEpoch: meter.sample,
    },
    work,
  ).finally(() => trainer.dispose());
  const trainSeconds = (performance.now() - startedAt) / 1000;
  const runtimeSummary = meter.summary({
    phase: "train",
    numItems: split.train.length * fit.epochsCompleted,
    numBatches: Math.ceil(split.train.length / chosen.batchSize) * fit.epochsCompleted,
    deviceUsed: DEVICE,
    numThreads: engine.numThreads,
  });

  const { childModules, ...weights } = fit.weights;
  const childCorrection =
    child === null || childModules === undefined ? null : trainedCorrection(child, childModules);
  const inference = await engine.createInference(shape, weights);
  let temperatures: ReadonlyMap<string, number> | null;
  let latent: DenseMatrix;
  try {
    temperatures = await calibrate(inference, childCorrection, chosen, input, split, work);
    latent = await encodeCells(inference, input.x, shape.hiddenSizes[shape.hiddenSizes.length - 1]!, work);
  } finally {
    inference.dispose();
  }

  const knnSpace =
    chosen.knnReferenceObsmKey === null ? null : knnSpaceName(chosen.knnReferenceObsmKey, chosen.knnSpace);
  const reference = createReference(input, latent, knnSpace);
  const model: Model = {
    labelHeads: input.labels.map(({ column, classes }): LabelHead => ({ column, classes })),
    coordHeads: input.coords.map(({ name, obsmKey, mean, std }): CoordHead => ({ name, obsmKey, mean, std })),
    trainGenes: input.genes,
    inputTransform: chosen.inputTransform,
    latentSource: "internal_preferred",
    shape,
    weights,
    dropoutRate: chosen.dropoutRate,
    childCorrection,
    trainConfig: createTrainConfig(chosen, {
      nObs: input.x.nRows,
      nVars: input.x.nCols,
      nTrain: split.train.length,
      nVal: split.val.length,
      fit,
      domains: input.domains?.names ?? null,
      temperatures,
      knnSpace,
      initTensors: start.warm?.taken ?? null,
      classWeighting: weighting,
      classBalancedSampling: sampling,
      childCorrection: child?.config ?? null,
      numThreadsUsed: engine.numThreads,
      deviceUsed: DEVICE,
      trainSeconds,
      runtimeSummary,
    }),
    referenceStorage: chosen.referenceStorage,
    reference: async () => reference,
    hasReference: async () => true,
  };
  const warnings = [
    ...resolved.warnings,
    ...input.warnings,
    ...(child?.warnings ?? []),
    ...balanceWarnings(sampling, split),
    ...start.warnings,
  ];
  return { model, warnings, seeds, warmStart: start.warm };
}

function balanceWarnings(sampling: ClassBalance | null, split: ValidationSplit): Warning[] {
  if (sampling === null) return [];
  const nLeftOut = split.train.length - sampling.counts.reduce((a, b) => a + b, 0);
  if (nLeftOut === 0) return [];
  const message = `${nLeftOut} cells without a label in "${sampling.labelColumn}" are never drawn`;
  return [{ message, hint: "sample by a column in which every cell has a label" }];
}

function deriveSeeds({ randomState, valFraction, classBalancedSampling }: ResolvedTrainOptions): {
  readonly [purpose: string]: number;
} {
  const purposes = [
    "init",
    classBalancedSampling === null ? "shuffle" : "sampling",
    "dropout",
    ...(valFraction > 0 ? ["split"] : []),
  ];
  return {
    random_state: randomState,
    ...Object.fromEntries(purposes.map((purpose) => [purpose, streamKey(randomState, purpose)])),
  };
}

function networkShape(
  { hiddenSizes }: ResolvedTrainOptions,
  { x, labels, coords }: TrainInput,
): NetworkShape {
  return {
    nGenes: x.nCols,
    hiddenSizes,
    nClasses: labels.map(({ classes }) => classes.length),
    coordDims: coords.map(({ original }) => original.nCols),
  };
}

interface Start {
  readonly weights: WarmStart["weights"];
  readonly warm: WarmStart | null;
  readonly warnings: readonly Warning[];
}

function startingPoint(
  shape: NetworkShape,
  { initModel }: ResolvedTrainOptions,
  { genes, labels, coords }: TrainInput,
  child: ChildPlan | null,
  initKey: number,
): Start {
  const coordNames = coords.map(({ name }) => name);
  const fresh: NetworkWeights = {
    ...initialWeights(shape, coordNames, initKey),
    ...(child === null
      ? {}
      : { childModules: startingModules(child, (name, sizes) => initialLinear(initKey, name, sizes)) }),
  };
  if (initModel === null) return { weights: fresh, warm: null, warnings: [] };
  const warm = warmStart(fresh, coordNames, initModel);
  const warnings: Warning[] = [];
  if (warm.taken.length === 0)
    warnings.push({
      message: "no tensor of the initial model has a shape of the new network; none was taken",
    });
  const same = (a: readonly string[], b: readonly string[]) =>
    a.length === b.length && a.every((name, i) => name === b[i]);
  if (warm.taken.includes("encoder.0.weight") && !same(genes, initModel.trainGenes))
    warnings.push({
      message:
        "the first layer was taken from the initial model, whose genes are not the same in the same order",
      hint: "align the data to the initial model's genes first",
    });
  labels.forEach(({ column, classes }, j) => {
    if (warm.taken.includes(`label_heads.${j}.weight`) && !same(classes, initModel.labelHeads[j]!.classes))
      warnings.push({
        message: `the head of "${column}" was taken from the initial model, whose classes are not the same`,
      });
  });
  return { weights: warm.weights, warm, warnings };
}

function trainerOptions(
  shape: NetworkShape,
  start: Start,
  chosen: ResolvedTrainOptions,
  { x, labels, coords, domains }: TrainInput,
  {
    child,
    weighting,
    dropoutKey,
  }: {
    readonly child: ChildPlan | null;
    readonly weighting: ClassBalance | null;
    readonly dropoutKey: number;
  },
): TrainerOptions {
  return {
    shape,
    initial: start.weights,
    child: child === null ? null : childTraining(child, start.weights.childModules ?? []),
    data: {
      x,
      labels: labels.map(({ codes }) => codes),
      coords: coords.map(({ standardised }) => standardised),
      domains: domains?.codes ?? null,
    },
    loss: {
      taskWeights: chosen.taskWeights,
      coordWeights: coords.map(({ name }) => chosen.coordLossWeights.get(name) ?? 0),
      classWeights: labels.map((_, j) => (weighting?.head === j ? weighting.weights : null)),
      domainWeight: chosen.domainLossWeight,
      topology:
        chosen.topologyLossWeight === 0
          ? null
          : {
              weight: chosen.topologyLossWeight,
              k: chosen.topologyK,
              coordHead: coords.findIndex(({ name }) => name === chosen.topologyCoord),
            },
    },
    optimizer: { name: chosen.optimizerName, weightDecay: chosen.weightDecay, ...ADAM_CONSTANTS },
    dropoutRate: chosen.dropoutRate,
    dropoutKey,
    batchSize: chosen.batchSize,
  };
}

/** One temperature per label column; null when calibration was not asked for. */
async function calibrate(
  inference: Inference,
  childCorrection: ChildCorrection | null,
  chosen: ResolvedTrainOptions,
  { x, labels }: TrainInput,
  split: ValidationSplit,
  work: WorkOptions,
): Promise<ReadonlyMap<string, number> | null> {
  if (chosen.calibrationMethod === null) return null;
  const reach = logTemperatureReach(chosen.calibrationMaxIter, chosen.calibrationLr);
  const heads = await logitsOf(inference, x, split.val, labels, childCorrection, work);
  return new Map(heads.map((head, j) => [labels[j]!.column, fitTemperature(head, reach)]));
}

function createReference(input: TrainInput, latent: DenseMatrix, knnSpace: string | null): Reference {
  const coords = new Map<string, DenseMatrix>();
  for (const { name, original } of input.coords) coords.set(`X_ref_${name}`, original);
  coords.set("X_ref_latent_internal", latent);
  if (knnSpace !== null && input.knnCoordinates !== null)
    coords.set(`X_ref_${knnSpace}`, input.knnCoordinates);
  const labels = new Map(
    input.labels.map(({ column, codes, classes }) => [column, { codes, categories: classes }]),
  );
  return { coords, labels };
}
