/**
 * The loop over epochs: order of cells, learning rate, validation, early stopping, choice of weights. @module
 */
import { throwIfAborted, type WorkOptions } from "../core/progress.ts";
import { permutation, streamKey } from "../core/rng.ts";
import { AtlasmtlError, option, phrase } from "../errors.ts";
import type { CellPart, NetworkWeights, Trainer } from "../kernels/types.ts";
import { EPOCH_VALUES } from "../schema/training.ts";
import type { CellPass } from "./cells/training-cells.ts";
import { createPlateau, createStopper, type PlateauOptions } from "./schedule.ts";
import type { ValidationSplit } from "./validation-split.ts";

export interface FitOptions {
  readonly numEpochs: number;
  readonly learningRate: number;
  /** Null keeps the learning rate. */
  readonly plateau: PlateauOptions | null;
  /** Null runs all epochs. */
  readonly stopping: { readonly patience: number; readonly minDelta: number } | null;
  /** Key of the shuffling stream; each epoch derives its own. */
  readonly shuffleKey: number;
  /** Draws the cells of an epoch, numbered from 1; null shuffles all cells. */
  readonly sample?: ((epoch: number) => Uint32Array) | null;
  /** The order of an epoch of which the cells are drawn, and their values; null where a trainer has all values. */
  readonly pass?: ((drawn: Uint32Array, epoch: number) => CellPass) | null;
  /** The values of the held-out cells, in their order; null where a trainer has them. */
  readonly held?: CellPart | null;
  /** Called after each epoch. */
  readonly onEpoch?: () => void;
}

export interface FitResult {
  /** Of the epoch with the lowest validation loss, or of the last one without validation. */
  readonly weights: NetworkWeights;
  readonly epochsCompleted: number;
  /** Numbered from 1; null without validation. */
  readonly bestEpoch: number | null;
  readonly bestValLoss: number | null;
  readonly lastTrainLoss: number;
  readonly lastValLoss: number | null;
  readonly finalLearningRate: number;
}

/**
 * Trains epoch by epoch (docs/specification/2-training.md#optimisation). Progress counts epochs, with
 * fractions during an epoch; after each epoch it includes `train_loss`, `val_loss`, `learning_rate` and
 * `cells_per_second`.
 * @throws BAD_DATA if the loss is no longer finite; ABORTED by the signal.
 */
export async function fitEpochs(
  trainer: Trainer,
  split: ValidationSplit,
  options: FitOptions,
  work: WorkOptions,
): Promise<FitResult> {
  const { numEpochs, shuffleKey } = options;
  const hasValidation = split.val.length > 0;
  const nextRate = options.plateau === null ? null : createPlateau(options.plateau);
  const shouldStop =
    options.stopping === null ? null : createStopper(options.stopping.patience, options.stopping.minDelta);
  let learningRate = options.learningRate;
  let best: { epoch: number; loss: number; weights: NetworkWeights } | null = null;
  let lastTrainLoss = 0;
  let lastValLoss: number | null = null;
  let epoch = 0;

  while (epoch < numEpochs) {
    throwIfAborted(work.signal);
    const startedAt = performance.now();
    const drawn = options.sample?.(epoch + 1) ?? shuffled(split.train, shuffleKey, epoch + 1);
    const { order, parts } = options.pass?.(drawn, epoch + 1) ?? { order: drawn };
    const done = epoch;
    const onBatch = (cells: number) =>
      work.onProgress?.({ phase: "train", done: done + (0.999 * cells) / order.length, total: numEpochs });
    const trained = await trainer.runEpoch(order, { learningRate, parts, signal: work.signal, onBatch });
    epoch++;
    const seconds = (performance.now() - startedAt) / 1000;
    lastTrainLoss = requireFinite(trained.total, "training", epoch);
    if (hasValidation) {
      lastValLoss = requireFinite(
        (await trainer.evaluate(split.val, options.held)).total,
        "validation",
        epoch,
      );
      if (best === null || lastValLoss < best.loss)
        best = { epoch, loss: lastValLoss, weights: trainer.weights() };
    }
    options.onEpoch?.();
    work.onProgress?.({
      phase: "train",
      done: epoch,
      total: numEpochs,
      figures: {
        [EPOCH_VALUES.trainLoss]: lastTrainLoss,
        ...(lastValLoss === null ? {} : { [EPOCH_VALUES.valLoss]: lastValLoss }),
        [EPOCH_VALUES.learningRate]: learningRate,
        [EPOCH_VALUES.cellsPerSecond]: seconds > 0 ? order.length / seconds : 0,
      },
    });
    if (lastValLoss !== null) {
      learningRate = nextRate?.(lastValLoss, learningRate) ?? learningRate;
      if (shouldStop?.(lastValLoss)) break;
    }
  }
  return {
    weights: best?.weights ?? trainer.weights(),
    epochsCompleted: epoch,
    bestEpoch: best?.epoch ?? null,
    bestValLoss: best?.loss ?? null,
    lastTrainLoss,
    lastValLoss,
    finalLearningRate: learningRate,
  };
}

/** The training rows in the order of an epoch, numbered from 1. */
export function shuffled(rows: Uint32Array, shuffleKey: number, epoch: number): Uint32Array {
  const order = permutation(streamKey(shuffleKey, `epoch ${epoch}`), rows.length);
  return order.map((i) => rows[i]);
}

function requireFinite(loss: number, what: string, epoch: number): number {
  if (Number.isFinite(loss)) return loss;
  throw new AtlasmtlError("BAD_DATA", `the ${what} loss became ${loss} in epoch ${epoch}`, {
    hint: phrase`lower ${option("learningRate")}, or look for very large values in the matrix or the coordinate targets`,
  });
}
