/** Training on the kernels. @module */

import { createPauser } from "../../core/progress.ts";
import { dropoutLayerKey } from "../../core/rng.ts";
import { AtlasmtlError } from "../../errors.ts";
import { hasValues, longestRow, type NumberedPart, numberedParts, onePart } from "../cell-parts.ts";
import { createLossMean } from "../reference/loss.ts";
import { createUpdates } from "../reference/optimizer.ts";
import type { AnyTrainerOptions, CellPart, EpochOptions, LossSummary, Trainer } from "../types.ts";
import {
  type BatchWeights,
  gatherRows,
  gatherTargets,
  placeBatch,
  planBatch,
  type RowChange,
} from "./batch.ts";
import { createExtraLosses, type ExtraLoss, type ExtraLosses, NO_EXTRA_LOSS } from "./extra-losses.ts";
import { layOutNetwork, MODE, type NetworkLayout, taskCounts, writeStep } from "./layout.ts";
import { createPlan } from "./memory.ts";
import { TASK } from "./pool.ts";
import type { Session } from "./session.ts";
import { fieldAddress, LAYER, OPTIMIZER, writeRecord } from "./structs.ts";
import { loadWeights, readWeights } from "./weights.ts";

/**
 * A trainer whose step runs in the kernels: the training matrix stays where it is, each batch's rows are gathered
 * while the batch before is computed.
 * @throws BUG when sizes disagree; USAGE for an eps of 0; LIMIT when the arena cannot hold it.
 */
export function createTrainer(session: Session, options: AnyTrainerOptions): Trainer {
  requireConsistent(options);
  const { arena, kernels, pool } = session;
  const { shape, data, loss, dropoutRate, dropoutKey, cellTransform = null } = options;
  const capacity = Math.min(options.batchSize, Math.max(data.x.nRows, 1));
  const maxEntries = Math.max(1, capacity * longestRow(data.x));
  const coordWidth = shape.coordDims.reduce((sum, dim) => sum + dim, 0);
  const nLabelHeads = shape.nClasses.length;
  const nCoordHeads = shape.coordDims.length;

  const batches = createPlan();
  const size = {
    capacity,
    nGenes: shape.nGenes,
    maxEntries,
    nLabelHeads,
    coordWidth,
    nCoordHeads,
    hasValues: hasValues(data.x),
  };
  const planned = [planBatch(batches, size), planBatch(batches, size)];
  const extras: ExtraLosses = createExtraLosses(arena, options, () => layout);
  const baseScale = options.child == null ? 1 : options.child.baseLrScale;
  const layout: NetworkLayout = layOutNetwork(arena, {
    shape,
    capacity,
    numThreads: pool.numThreads,
    training: { maxEntries, hasValues: size.hasValues, dropoutRate, latentGrad: extras.needsLatent },
    extraBytes: batches.bytes,
  });
  const slots = planned.map((slot) => placeBatch(slot, layout.extra));
  const weights: BatchWeights[] = slots.map(() => ({
    rows: new Float64Array(capacity * nLabelHeads),
    sums: new Float64Array(nLabelHeads),
  }));
  loadWeights(arena, layout, options.initial);
  kernels.transposeAll(layout.record);
  const nextUpdate = createUpdates(options.optimizer);
  // One for all epochs, so that signals also arrive during many short epochs.
  const pause = createPauser();
  let step = 0;
  let disposed = false;

  /** `batchStep` is the step the batch will be of, null in evaluation. */
  function prepare(slot: number, { rows, x, at }: NumberedPart, batchStep: number | null): void {
    const change: RowChange | null =
      cellTransform === null
        ? null
        : (values, start, end, i) => cellTransform(values, start, end, rows[i], batchStep);
    gatherRows(arena, slots[slot], x, rows.length, (i) => at[i], change);
    gatherTargets(arena, slots[slot], shape, data, loss, rows, weights[slot]);
  }

  function writeUpdate(learningRate: number): void {
    step++;
    if (baseScale === null) return;
    const { keep, l2, beta1, beta2, eps, stepSize, rootCorrection } = nextUpdate(learningRate * baseScale);
    const views = arena.views();
    writeRecord(views, layout.optimizer, OPTIMIZER, {
      beta1,
      oneMinusBeta1: 1 - beta1,
      beta2,
      oneMinusBeta2: 1 - beta2,
      eps,
      l2,
      decay: keep,
      stepSize,
      rootScale: 1 / rootCorrection,
    });
    layout.layers.slice(0, -1).forEach(({ record }, i) => {
      views.u32[fieldAddress(record, LAYER, "dropoutKey") / 4] = dropoutLayerKey(dropoutKey, step, i);
    });
  }

  /**
   * Computes the batch in `slot`, and learns from it at `learningRate` unless that is null; `meanwhile` runs on this
   * thread after the others have begun.
   */
  function compute(
    slot: number,
    rows: Uint32Array,
    learningRate: number | null,
    meanwhile: () => void,
  ): LossSummary {
    const moves = learningRate !== null && baseScale !== null;
    const dropout = moves && dropoutRate > 0 ? MODE.dropout : 0;
    const half = MODE.forward | (extras.corrects ? 0 : MODE.loss) | dropout | (moves ? MODE.transpose : 0);
    const counts = taskCounts(layout, rows.length, half);
    const phase = (kind: number, nTasks: number) => ({ kind, argument: layout.step, nTasks });
    const first = phase(TASK.firstLayer, counts.first);
    const later = phase(TASK.laterLayers, counts.later);
    const update = phase(TASK.update, counts.update);
    const whole = moves && !extras.active;
    writeStep(arena.views(), layout, slots[slot].record, whole ? half | MODE.backward : half);
    pool.start(whole ? [first, later, update] : [first, later]);
    meanwhile();
    pool.join();
    if (extras.corrects) {
      extras.correct(rows, learningRate === null ? null : step);
      writeStep(arena.views(), layout, slots[slot].record, MODE.loss);
      pool.start([later]);
      pool.join();
    }
    const extra = extras.active ? extras.apply(rows, learningRate !== null) : NO_EXTRA_LOSS;
    if (learningRate !== null) extras.update(learningRate);
    if (moves && extras.active) {
      writeStep(arena.views(), layout, slots[slot].record, MODE.backward | dropout);
      pool.start([later, update]);
      pool.join();
    }
    return summarise(rows.length, weights[slot], extra);
  }

  function summarise(
    nRows: number,
    batch: BatchWeights,
    { total: extraTotal, ...extra }: ExtraLoss,
  ): LossSummary {
    const { f32 } = arena.views();
    const nHeads = nLabelHeads + nCoordHeads;
    const at = layout.rowLoss / 4;
    let total = extraTotal;
    const labels = shape.nClasses.map((_, j) => {
      let sum = 0;
      for (let r = 0; r < nRows; r++) sum += batch.rows[r * nLabelHeads + j] * f32[at + r * nHeads + j];
      const part = batch.sums[j] > 0 ? sum / batch.sums[j] : 0;
      total += loss.taskWeights[j] * part;
      return part;
    });
    const coords = shape.coordDims.map((dim, c) => {
      let sum = 0;
      for (let r = 0; r < nRows; r++) sum += f32[at + r * nHeads + nLabelHeads + c];
      const part = sum / (nRows * dim);
      total += loss.coordWeights[c] * part;
      return part;
    });
    return { total, labels, coords, ...extra };
  }

  async function pass(
    order: Uint32Array,
    given: AsyncIterable<CellPart> | null,
    epoch: EpochOptions | null,
  ): Promise<LossSummary> {
    if (disposed) throw new AtlasmtlError("USAGE", "this trainer has been disposed of");
    if (Math.min(order.length, options.batchSize) > capacity)
      throw new AtlasmtlError("BUG", `a pass over ${order.length} rows of ${data.x.nRows} cells`);
    const mean = createLossMean(shape);
    let done = 0;
    for await (const part of numberedParts(data.x, order, given, options.batchSize)) {
      await passPart(part, epoch, mean, done);
      done += part.rows.length;
    }
    requireRunning(epoch?.signal);
    return mean.mean();
  }

  /** The batches of one part, after `done` cells of the pass. */
  async function passPart(
    { rows: order, x, at }: NumberedPart,
    epoch: EpochOptions | null,
    mean: ReturnType<typeof createLossMean>,
    done: number,
  ): Promise<void> {
    const batchAt = (start: number, of: Uint32Array) =>
      of.subarray(start, Math.min(start + options.batchSize, order.length));
    const prepareAt = (slot: number, start: number) => {
      // Prepared before the step of the batch begins: while the batch before it is computed, except for the first
      // batch.
      if (start >= order.length) return;
      const batch = { rows: batchAt(start, order), x, at: batchAt(start, at) };
      prepare(slot, batch, epoch === null ? null : step + 1);
    };
    let slot = 0;
    prepareAt(slot, 0);
    for (let start = 0; start < order.length; start += options.batchSize) {
      requireRunning(epoch?.signal);
      const rows = batchAt(start, order);
      if (epoch !== null) writeUpdate(epoch.learningRate);
      const next = () => prepareAt(1 - slot, start + options.batchSize);
      mean.add(compute(slot, rows, epoch?.learningRate ?? null, next), rows.length);
      slot = 1 - slot;
      epoch?.onBatch?.(done + start + rows.length);
      await pause();
    }
  }

  return {
    runEpoch: (order, epoch) => pass(order, epoch.parts ?? null, epoch),
    evaluate: (rows, held) => pass(rows, held == null ? null : onePart(held), null),
    weights() {
      const childModules = extras.childModules();
      return { ...readWeights(arena, layout), ...(childModules === null ? {} : { childModules }) };
    },
    dispose() {
      if (disposed) return;
      disposed = true;
      arena.release(layout.region);
    },
  };
}

function requireRunning(signal: AbortSignal | undefined): void {
  if (signal?.aborted)
    throw new AtlasmtlError("ABORTED", "training was interrupted", { cause: signal.reason });
}

/** The kernels do not check their input, so labels and sizes are checked here. */
function requireConsistent(options: AnyTrainerOptions): void {
  const { shape, data, loss, batchSize, dropoutRate, optimizer } = options;
  const { nRows, nCols } = data.x;
  const { nClasses, coordDims, nGenes } = shape;
  const require = (holds: boolean, what: string) => {
    if (!holds) throw new AtlasmtlError("BUG", `the trainer was given ${what}`);
  };
  require(nCols === nGenes, `${nCols} genes for a network of ${nGenes}`);
  require(Number.isInteger(batchSize) && batchSize > 0, `a batch size of ${batchSize}`);
  require(dropoutRate >= 0 && dropoutRate < 1, `a dropout rate of ${dropoutRate}`);
  require(optimizer.eps > 0, `an eps of ${optimizer.eps}`);
  require(options.cellTransform == null || hasValues(data.x), "a cell transform of a matrix without values");
  require(data.labels.length === nClasses.length, "labels for another number of heads");
  require(loss.taskWeights.length === nClasses.length, "task weights for another number of heads");
  require(loss.classWeights.length === nClasses.length, "class weights for another number of heads");
  require(data.coords.length === coordDims.length, "targets for another number of coordinate heads");
  require(loss.coordWeights.length === coordDims.length, "weights for another number of coordinate heads");
  data.labels.forEach((codes, j) => {
    require(codes.length === nRows, `${codes.length} labels for ${nRows} cells`);
    require(codes.every((code) => code >= -1 && code < nClasses[j]), `a class outside head ${j}`);
  });
  data.coords.forEach((target, c) => {
    require(target.nRows === nRows && target.nCols === coordDims[c], `targets of another size for head ${c}`);
  });
  require(data.domains === null || data.domains.length === nRows, "domains for another number of cells");
}
