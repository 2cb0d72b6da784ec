/** Trains a model on an AnnData; it shows the order of steps (docs/specification/2-training.md). @module */

import type { AnnData } from "../anndata/types.ts";
import type { DenseMatrix } from "../core/dense.ts";
import { createPauser, type WorkOptions } from "../core/progress.ts";
import { streamKey } from "../core/rng.ts";
import { startRuntimeMeter } from "../core/runtime-meter.ts";
import { notice, option, phrase } from "../errors.ts";
import type { Engine, NetworkShape, NetworkWeights } from "../kernels/types.ts";
import { LATENT_SOURCE, MAP_HEAD } from "../schema/bundle.ts";
import { optionKeys } from "../schema/option.ts";
import { SEEDS } from "../schema/training.ts";
import { TRAIN_OPTIONS } from "../schema/training-options.ts";
import { fitGenes, fitLadder, fitSpace, fitViews } from "./beside-network.ts";
import { boundedTemperature, type HeadLogits, logTemperatureReach } from "./calibrate.ts";
import { planChildCorrection, trainedCorrection } from "./child-options.ts";
import type { ClassBalance } from "./class-balance.ts";
import { fitSetThresholds, type SetThresholds } from "./conformal.ts";
import type { ReferenceMap } from "./embedding/reference-map.ts";
import { encodeCells, logitsOf } from "./encode.ts";
import { ensembleShape } from "./ensemble.ts";
import { readTrainInput, type TrainInput } from "./input.ts";
import type { Rung } from "./linear/types.ts";
import { matrixRecord } from "./matrix-record.ts";
import { fitMembers, memberPurpose } from "./members.ts";
import type { ResolvedTrainOptions, TrainOptions } from "./options.ts";
import { keptColumn, keptRows, keptValues, referenceCells, referenceNotes } from "./reference-cells.ts";
import { knnSpaceName, resolveTrainOptions } from "./resolve-options.ts";
import { createTrainConfig, type FittedCalibration } from "./train-config.ts";
import type { ChildCorrection, CoordHead, LabelHead, Model, Reference, Warning } from "./types.ts";
import { keepEveryClass, splitValidation, type ValidationSplit } from "./validation-split.ts";
import type { WarmStart } from "./warm-start.ts";

export interface TrainWork extends WorkOptions {
  readonly engine: Engine;
}

export interface TrainResult {
  readonly model: Model;
  readonly warnings: readonly Warning[];
  /**
   * `random_state` and the keys of all random streams, by purpose
   * (docs/specification/2-training.md#reproducibility).
   */
  readonly seeds: Readonly<Record<string, number>>;
  /** The tensors that were taken from `initModel`; null without one. */
  readonly warmStart: Pick<WarmStart, "taken" | "notTaken"> | null;
  /** What was taken from `initModel`, and what was not; how the columns of `keepColumns` are kept. */
  readonly notes: readonly Warning[];
}

const DEVICE = "cpu";

/**
 * Trains a network on all cells of `adata`. Same data, options and version give the same bits.
 *
 * Progress has three phases: `read` (cells), `train` (epochs) and `encode` (cells).
 * @throws USAGE like {@link resolveTrainOptions}; BAD_DATA, NOT_FOUND and MISMATCH like {@link
 * readTrainInput}; BAD_DATA if the validation split leaves no training cells or the loss diverges; ABORTED by
 * the signal.
 */
export async function train(adata: AnnData, options: TrainOptions, work: TrainWork): Promise<TrainResult> {
  const meter = startRuntimeMeter();
  const resolved = resolveTrainOptions(options);
  const chosen = resolved.options;
  const { engine } = work;
  const read = await readTrainInput(adata, chosen, work);
  const seeds = deriveSeeds(chosen, read.cells.nRows);
  const map = await mapOf(read, chosen, seeds, work);
  const input = map === null ? read : { ...read, coords: [...read.coords, map.target] };
  const drawn = Array.from({ length: chosen.ensembleSize }, (_, m) =>
    splitValidation(
      input.cells.nRows,
      input.heldOutShare,
      // The views are weighed against the whole ensemble, by cells that no member has seen.
      seeds[memberPurpose("split", chosen.linearViews ? 0 : m)] ?? 0,
      chosen.linearViews ? input.labels[input.labels.length - 1].codes : null,
    ),
  );
  const splits = drawn.map((each) => keepEveryClass(each, input.labels));
  const [split] = splits as [ValidationSplit];
  const memberShape = networkShape(chosen, input);
  const shape = ensembleShape(memberShape, chosen.ensembleSize);
  const child =
    chosen.childCorrection === null
      ? null
      : planChildCorrection(chosen.childCorrection, input.labels, memberShape.hiddenSizes.at(-1)!);

  const startedAt = performance.now();
  const fitted = await fitMembers(
    { chosen, input, splits, shape: memberShape, child, seeds, onEpoch: meter.sample },
    work,
  );
  const { fit, warm, balances } = fitted;
  // The following steps use the cells without thinning.
  input.cells.endThinning();
  const trainSeconds = (performance.now() - startedAt) / 1000;
  const runtimeSummary = meter.summary({
    phase: "train",
    numItems: split.train.length * fit.epochsRun,
    numBatches: Math.ceil(split.train.length / chosen.batchSize) * fit.epochsRun,
    deviceUsed: DEVICE,
    numThreads: engine.numThreads,
  });

  const { childModules, ...weights } = fit.weights;
  const childCorrection =
    child === null || childModules === undefined ? null : trainedCorrection(child, childModules);
  const views = chosen.linearViews
    ? await fitViews(shape, weights, split, childCorrection, input, seeds, work)
    : null;
  const labelGenes = await fitGenes(weights, views, input, work);
  const calibration =
    views?.calibration ??
    (await calibrate(
      memberShape,
      fitted.members.map((own, m) => ({ weights: own, rows: splits[m].val })),
      childCorrection,
      chosen,
      input,
      work,
    ));
  const space = await fitSpace(input, seeds, work);
  const kept = referenceCells(input.labels, chosen.referenceCells, seeds[SEEDS.referenceCells] ?? 0);
  const inference = await engine.createInference(shape, weights);
  let latent: DenseMatrix;
  let ladder: readonly Rung[] = [];
  try {
    const width = shape.hiddenSizes[shape.hiddenSizes.length - 1];
    const nKept = kept?.length ?? input.cells.nRows;
    latent = await encodeCells(inference, input.cells.blocks(kept), nKept, width, work);
    if (views !== null && space !== null)
      ladder = await fitLadder(views, space, inference, childCorrection, chosen, seeds, work);
  } finally {
    inference.dispose();
  }

  const knnSpace =
    chosen.knnReferenceObsmKey === null ? null : knnSpaceName(chosen.knnReferenceObsmKey, chosen.knnSpace);
  const reference = createReference(input, latent, knnSpace, kept);
  const model: Model = {
    labelHeads: input.labels.map(({ column, classes }): LabelHead => ({ column, classes })),
    coordHeads: input.coords.map(({ name, obsmKey, mean, std }): CoordHead => ({ name, obsmKey, mean, std })),
    trainGenes: input.genes,
    inputTransform: chosen.inputTransform,
    latentSource: LATENT_SOURCE,
    shape,
    weights,
    dropoutRate: chosen.dropoutRate,
    childCorrection,
    space,
    linear: views === null ? null : { ...views.linear, ladder },
    labelGenes,
    trainConfig: createTrainConfig(chosen, {
      coordTargets: new Map(input.coords.map(({ name, obsmKey }) => [name, obsmKey])),
      embedding: map?.record ?? null,
      nObs: input.cells.nRows,
      nVars: input.cells.nCols,
      nTrain: split.train.length,
      nVal: split.val.length,
      fit,
      genes: input.genes,
      selection: input.selection,
      matrix: input.judgement === null ? null : matrixRecord(chosen.layer, input.judgement),
      streaming: input.cells.streaming,
      nSeen: input.seen.rows?.length ?? null,
      nReference: kept?.length ?? null,
      domains: input.domains?.names ?? null,
      calibration,
      knnSpace,
      initTensors: warm?.taken ?? null,
      classWeighting: balances.weighting,
      classBalancedSampling: balances.sampling,
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
    ...balanceWarnings(balances.sampling, split),
    ...fitted.warnings,
    ...(map?.warnings ?? []),
    ...(chosen.linearViews && views === null && input.sample !== null ? [NO_VIEWS] : []),
  ];
  return {
    model,
    warnings,
    seeds,
    warmStart: warm,
    notes: [
      ...(warm?.notes ?? []),
      ...input.notes,
      ...input.kept.notes,
      ...referenceNotes(kept, input.cells.nRows),
    ],
  };
}

const NO_VIEWS = notice("there are too few cells to fit linear views, so the network predicts alone", {
  hint: phrase`train on more cells, or set ${option("linearViews", false)}`,
});

/** The map that `embed` asks for, where the reference has none; null where none is laid out. */
async function mapOf(
  input: TrainInput,
  chosen: ResolvedTrainOptions,
  seeds: Readonly<Record<string, number>>,
  work: TrainWork,
): Promise<ReferenceMap | null> {
  if (chosen.embed === null || input.coords.some(({ name }) => name === MAP_HEAD)) return null;
  const { layOutReference } = await import("./embedding/reference-map.ts");
  return layOutReference(input, chosen, seeds[SEEDS.referenceMap], work);
}

function balanceWarnings(sampling: ClassBalance | null, split: ValidationSplit): Warning[] {
  if (sampling === null) return [];
  const nLeftOut = split.train.length - sampling.counts.reduce((a, b) => a + b, 0);
  if (nLeftOut === 0) return [];
  const message = `${nLeftOut} cells without a label in "${sampling.labelColumn}" are never drawn`;
  return [{ message, hint: "sample by a column in which every cell has a label" }];
}

function deriveSeeds(chosen: ResolvedTrainOptions, nObs: number): { readonly [purpose: string]: number } {
  const { randomState, valFraction, classBalancedSampling, ensembleSize, countThinning, linearViews, embed } =
    chosen;
  const keepsSome = nObs > chosen.referenceCells;
  const drawing = classBalancedSampling === null ? "shuffle" : "sampling";
  const each = [...["init", drawing, "dropout"], ...(countThinning === null ? [] : ["thinning"])];
  const purposes = Array.from({ length: ensembleSize }, (_, m) => {
    const holdsOut = valFraction > 0 && (m === 0 || !linearViews);
    return [...each, ...(holdsOut ? ["split"] : [])].map((name) => memberPurpose(name, m));
  });
  const views = [
    ...[SEEDS.componentCells, SEEDS.components, ...(linearViews ? [SEEDS.linearViews] : [])],
    ...(embed === null ? [] : [SEEDS.referenceMap]),
    ...(keepsSome ? [SEEDS.referenceCells] : []),
  ];
  return {
    [optionKeys(TRAIN_OPTIONS).randomState]: randomState,
    ...Object.fromEntries(purposes.flat().map((purpose) => [purpose, streamKey(randomState, purpose)])),
    ...Object.fromEntries(views.map((purpose) => [purpose, streamKey(randomState, purpose)])),
  };
}

function networkShape(
  { hiddenSizes }: ResolvedTrainOptions,
  { cells, labels, coords }: TrainInput,
): NetworkShape {
  return {
    nGenes: cells.nCols,
    hiddenSizes,
    nClasses: labels.map(({ classes }) => classes.length),
    coordDims: coords.map(({ original }) => original.nCols),
  };
}

/**
 * One temperature per label column and the thresholds of its prediction sets, from each network's logits of
 * its held-out cells; null without calibration. The members of an ensemble hold out different cells, so that
 * the ensemble is trained on all cells.
 */
async function calibrate(
  shape: NetworkShape,
  members: readonly { readonly weights: NetworkWeights; readonly rows: Uint32Array }[],
  childCorrection: ChildCorrection | null,
  chosen: ResolvedTrainOptions,
  { cells, labels }: TrainInput,
  work: TrainWork,
): Promise<FittedCalibration | null> {
  if (chosen.calibrationMethod === null) return null;
  const reach = logTemperatureReach(chosen.calibrationMaxIter, chosen.calibrationLr);
  const heads: HeadLogits[][] = [];
  for (const { weights, rows } of members) {
    const inference = await work.engine.createInference(shape, weights);
    try {
      heads.push(await logitsOf(inference, await cells.held(rows), rows, labels, childCorrection, work));
    } finally {
      inference.dispose();
    }
  }
  const temperatures = new Map<string, number>();
  const setThresholds = new Map<string, SetThresholds>();
  const pause = createPauser(work.signal);
  for (const [j, { column }] of labels.entries()) {
    const head = joinHeads(heads.map((own) => own[j]));
    const temperature = await boundedTemperature(head, reach, pause);
    temperatures.set(column, temperature);
    setThresholds.set(column, fitSetThresholds(head, temperature));
  }
  return { temperatures, setThresholds };
}

/** Concatenates {@link HeadLogits} of one head. */
function joinHeads(parts: readonly HeadLogits[]): HeadLogits {
  const { nClasses } = parts[0];
  const nRows = parts.reduce((sum, { targets }) => sum + targets.length, 0);
  const logits = new Float32Array(nRows * nClasses);
  const targets = new Int32Array(nRows);
  let row = 0;
  for (const part of parts) {
    logits.set(part.logits, row * nClasses);
    targets.set(part.targets, row);
    row += part.targets.length;
  }
  return { nClasses, logits, targets };
}

/** The reference with all cells, or with those of `kept` alone. */
function createReference(
  input: TrainInput,
  latent: DenseMatrix,
  knnSpace: string | null,
  kept: Uint32Array | null,
): Reference {
  const coords = new Map<string, DenseMatrix>();
  for (const { name, original } of input.coords) coords.set(`X_ref_${name}`, keptRows(original, kept));
  coords.set("X_ref_latent_internal", latent);
  if (knnSpace !== null && input.knnCoordinates !== null)
    coords.set(`X_ref_${knnSpace}`, keptRows(input.knnCoordinates, kept));
  const labels = new Map(
    input.labels.map(({ column, codes, classes }) => [
      column,
      { codes: keptValues(codes, kept), categories: classes },
    ]),
  );
  const columns = new Map(
    [...input.kept.columns].map(([name, column]) => [name, keptColumn(column, kept)] as const),
  );
  return { coords, labels, ...(columns.size === 0 ? {} : { columns }) };
}
