/** Training, from an annotated matrix to a model: the order of steps (contract 2). @module */
import type { AnnData } from "../anndata/types.ts";
import type { DenseMatrix } from "../core/dense.ts";
import type { WorkOptions } from "../core/progress.ts";
import { streamKey } from "../core/rng.ts";
import { startRuntimeMeter } from "../core/runtime-meter.ts";
import type { Engine, Inference, NetworkShape, TrainerOptions } from "../kernels/types.ts";
import { fitTemperature, logTemperatureReach } from "./calibrate.ts";
import { encodeCells, logitsOf } from "./encode.ts";
import { fitEpochs } from "./fit.ts";
import { initialWeights, type WarmStart, warmStart } from "./init.ts";
import { readTrainInput, type TrainInput } from "./input.ts";
import { ADAM_CONSTANTS, type ResolvedTrainOptions, type TrainOptions } from "./options.ts";
import { knnSpaceName, resolveTrainOptions } from "./resolve-options.ts";
import { splitValidation, type ValidationSplit } from "./split.ts";
import { createTrainConfig } from "./train-config.ts";
import type { CoordHead, LabelHead, Model, Reference, Warning } from "./types.ts";

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
  const start = startingPoint(shape, chosen, input, seeds.init!);

  const startedAt = performance.now();
  const trainer = await engine.createTrainer(trainerOptions(shape, start, chosen, input, seeds.dropout!));
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
      shuffleKey: seeds.shuffle!,
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

  const inference = await engine.createInference(shape, fit.weights);
  let temperatures: ReadonlyMap<string, number> | null;
  let latent: DenseMatrix;
  try {
    temperatures = await calibrate(inference, chosen, input, split, work);
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
    weights: fit.weights,
    dropoutRate: chosen.dropoutRate,
    childCorrection: null,
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
      numThreadsUsed: engine.numThreads,
      deviceUsed: DEVICE,
      trainSeconds,
      runtimeSummary,
    }),
    referenceStorage: chosen.referenceStorage,
    reference: async () => reference,
    hasReference: async () => true,
  };
  const warnings = [...resolved.warnings, ...input.warnings, ...start.warnings];
  return { model, warnings, seeds, warmStart: start.warm };
}

function deriveSeeds({ randomState, valFraction }: ResolvedTrainOptions): {
  readonly [purpose: string]: number;
} {
  const purposes = ["init", "shuffle", "dropout", ...(valFraction > 0 ? ["split"] : [])];
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
  initKey: number,
): Start {
  const coordNames = coords.map(({ name }) => name);
  const fresh = initialWeights(shape, coordNames, initKey);
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
  dropoutKey: number,
): TrainerOptions {
  return {
    shape,
    initial: start.weights,
    data: {
      x,
      labels: labels.map(({ codes }) => codes),
      coords: coords.map(({ standardised }) => standardised),
      domains: domains?.codes ?? null,
    },
    loss: {
      taskWeights: chosen.taskWeights,
      coordWeights: coords.map(({ name }) => chosen.coordLossWeights.get(name) ?? 0),
      classWeights: labels.map(() => null),
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
  chosen: ResolvedTrainOptions,
  { x, labels }: TrainInput,
  split: ValidationSplit,
  work: WorkOptions,
): Promise<ReadonlyMap<string, number> | null> {
  if (chosen.calibrationMethod === null) return null;
  const reach = logTemperatureReach(chosen.calibrationMaxIter, chosen.calibrationLr);
  const heads = await logitsOf(inference, x, split.val, labels, work);
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
