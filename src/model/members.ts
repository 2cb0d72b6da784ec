/** Fits the networks of a model: one, or the members of an ensemble one after another. @module */
import type { Progress, WorkOptions } from "../core/progress.ts";
import { streamKey } from "../core/rng.ts";
import type { AnyTrainerOptions, Engine, NetworkShape, NetworkWeights } from "../kernels/types.ts";
import { type ChildPlan, childTraining, startingModules } from "./child-options.ts";
import {
  balanceClasses,
  type ClassBalance,
  createClassSampler,
  type ResolvedClassBalance,
} from "./class-balance.ts";
import { createCountThinning } from "./count-thinning.ts";
import { joinMembers } from "./ensemble.ts";
import { type FitResult, fitEpochs } from "./fit-loop.ts";
import { initialLinear, initialWeights } from "./init.ts";
import type { TrainInput } from "./input.ts";
import { ADAM_CONSTANTS, type ResolvedTrainOptions } from "./options.ts";
import type { Warning } from "./types.ts";
import type { ValidationSplit } from "./validation-split.ts";
import { type WarmStart, warmStart } from "./warm-start.ts";

/** The input of every member. */
export interface FitProblem {
  readonly chosen: ResolvedTrainOptions;
  readonly input: TrainInput;
  /** For each member, since members hold out different cells. */
  readonly splits: readonly ValidationSplit[];
  /** For one member. */
  readonly shape: NetworkShape;
  readonly child: ChildPlan | null;
  /** Keys by {@link memberPurpose}. */
  readonly seeds: { readonly [purpose: string]: number };
  readonly onEpoch: () => void;
}

/** The class balance of one member, computed on its training part. */
export interface Balances {
  readonly weighting: ClassBalance | null;
  readonly sampling: ClassBalance | null;
}

export interface FittedMembers {
  readonly members: readonly NetworkWeights[];
  /** For the first member. */
  readonly balances: Balances;
  /**
   * Losses are means over the members, `epochsCompleted` is their maximum, `bestEpoch` is given for a single
   * network only.
   */
  readonly fit: FitResult & { readonly epochsRun: number };
  readonly warm: WarmStart | null;
  readonly warnings: readonly Warning[];
}

/** The name of a member's random stream; the first member has the names of a single network. */
export function memberPurpose(name: string, member: number): string {
  return member === 0 ? name : `${name}_${member + 1}`;
}

/** Fits every member and combines them. @throws like {@link fitEpochs}. */
export async function fitMembers(
  problem: FitProblem,
  work: WorkOptions & { readonly engine: Engine },
): Promise<FittedMembers> {
  const { ensembleSize, numEpochs } = problem.chosen;
  const fits: FitResult[] = [];
  let warm: WarmStart | null = null;
  const warnings: Warning[] = [];
  for (let member = 0; member < ensembleSize; member++) {
    const start = startingPoint(problem, problem.seeds[memberPurpose("init", member)]);
    warm = start.warm;
    warnings.push(...(warm?.warnings ?? []));
    const onProgress = (progress: Progress) =>
      work.onProgress?.({
        ...progress,
        done: member * numEpochs + progress.done,
        total: ensembleSize * numEpochs,
        ...(ensembleSize === 1 ? {} : { part: `network ${member + 1} of ${ensembleSize}` }),
      });
    fits.push(await fitMember(problem, member, start, { ...work, onProgress }));
  }
  const mean = (pick: (fit: FitResult) => number | null): number | null =>
    fits.reduce<number | null>((sum, fit) => {
      const value = pick(fit);
      return sum === null || value === null ? null : sum + value / fits.length;
    }, 0);
  const [first] = fits as [FitResult];
  return {
    members: fits.map(({ weights }) => weights),
    balances: balancesOf(problem, 0),
    fit: {
      ...first,
      weights: joinMembers(fits.map(({ weights }) => weights)),
      epochsCompleted: Math.max(...fits.map(({ epochsCompleted }) => epochsCompleted)),
      epochsRun: fits.reduce((sum, { epochsCompleted }) => sum + epochsCompleted, 0),
      bestEpoch: fits.length === 1 ? first.bestEpoch : null,
      bestValLoss: mean((fit) => fit.bestValLoss),
      lastTrainLoss: mean((fit) => fit.lastTrainLoss)!,
      lastValLoss: mean((fit) => fit.lastValLoss),
    },
    warm,
    warnings,
  };
}

function balancesOf({ chosen, input, splits }: FitProblem, member: number): Balances {
  const balance = (options: ResolvedClassBalance | null) =>
    options === null ? null : balanceClasses(input.labels, splits[member].train, options);
  return { weighting: balance(chosen.classWeighting), sampling: balance(chosen.classBalancedSampling) };
}

async function fitMember(
  problem: FitProblem,
  member: number,
  start: Start,
  work: WorkOptions & { readonly engine: Engine },
): Promise<FitResult> {
  const { chosen, input, seeds } = problem;
  const split = problem.splits[member];
  const { weighting, sampling } = balancesOf(problem, member);
  const key = (name: string) => seeds[memberPurpose(name, member)] ?? 0;
  const { cells } = input;
  // Cells in memory are where the trainer has them.
  const streams = cells.streaming !== null;
  const held = streams && split.val.length > 0 ? await cells.held(split.val) : null;
  const blockKey = streamKey(key("shuffle"), "blocks");
  const trainer = await work.engine.createTrainer({
    ...trainerOptions(problem, start, weighting, key("dropout")),
    cellTransform:
      chosen.countThinning === null ? null : createCountThinning(chosen.countThinning, key("thinning")),
  });
  return fitEpochs(
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
      shuffleKey: key("shuffle"),
      sample:
        sampling === null
          ? null
          : createClassSampler(sampling, input.labels[sampling.head].codes, split.train, key("sampling")),
      pass: streams
        ? (drawn, epoch) => cells.pass(drawn, streamKey(blockKey, `epoch ${epoch}`), chosen.batchSize)
        : null,
      held,
      onEpoch: problem.onEpoch,
    },
    work,
  ).finally(() => trainer.dispose());
}

interface Start {
  readonly weights: NetworkWeights;
  readonly warm: WarmStart | null;
}

function startingPoint(
  { shape, chosen: { initModel }, input: { genes, labels, coords }, child }: FitProblem,
  initKey: number,
): Start {
  const coordNames = coords.map(({ name }) => name);
  const fresh: NetworkWeights = {
    ...initialWeights(shape, coordNames, initKey),
    ...(child === null
      ? {}
      : { childModules: startingModules(child, (name, sizes) => initialLinear(initKey, name, sizes)) }),
  };
  if (initModel === null) return { weights: fresh, warm: null };
  const warm = warmStart(fresh, { genes, labels, coords, child }, initModel);
  return { weights: warm.weights, warm };
}

function trainerOptions(
  { chosen, input: { cells, labels, coords, domains }, shape, child }: FitProblem,
  start: Start,
  weighting: ClassBalance | null,
  dropoutKey: number,
): AnyTrainerOptions {
  return {
    shape,
    initial: start.weights,
    child: child === null ? null : childTraining(child, start.weights.childModules ?? []),
    data: {
      x: cells.x,
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
