/** Training by plain loops. Tests compare every faster engine with it. @module */
import { createPauser, throwIfAborted } from "../../core/progress.ts";
import { AtlasmtlError } from "../../errors.ts";
import { hasValues, type NumberedPart, numberedParts, onePart } from "../cell-parts.ts";
import type { AnyTrainerOptions, CellPart, Linear, LossSummary, Trainer } from "../types.ts";
import { gatherBatch } from "./batch.ts";
import { createChildStep } from "./child-correction.ts";
import type { ChildOutputs } from "./child-features.ts";
import { batchLoss, createLossMean } from "./loss.ts";
import {
  type Activations,
  backward,
  createActivations,
  createNetwork,
  forward,
  type LinearGradient,
  latentOf,
  networkWeights,
} from "./network.ts";
import { applyUpdate, createMoments, createUpdates, type Moments } from "./optimizer.ts";
import { batchColumns, biasGradient, geneGradient } from "./sparse-linear.ts";

interface LayerMoments {
  readonly weight: Moments;
  readonly bias: Moments;
}

const layerMoments = (layer: Pick<Linear, "weight" | "bias">): LayerMoments => ({
  weight: createMoments(layer.weight.length),
  bias: createMoments(layer.bias.length),
});

/** @throws BUG when sizes disagree; see {@link Trainer}. */
export function createTrainer(options: AnyTrainerOptions): Trainer {
  const { shape, data, loss, dropoutRate, dropoutKey, batchSize, cellTransform = null } = options;
  requireConsistent(options);
  const network = createNetwork(shape, options.initial);
  const dense = [...network.hidden, ...network.labelHeads, ...network.coordHeads];
  const firstMoments = layerMoments(network.first);
  const moments = dense.map(layerMoments);
  const layerGradients: LinearGradient[] = dense.map(({ weight, bias }) => ({
    weight: new Float64Array(weight.length),
    bias: new Float64Array(bias.length),
  }));
  const nRoom = Math.min(batchSize, Math.max(data.x.nRows, 1));
  const values = createActivations(network, nRoom);
  const gradients = createActivations(network, nRoom);
  const rowGradient = new Float64Array(network.first.nOut);
  const nextUpdate = createUpdates(options.optimizer);
  const child = options.child ?? null;
  const childStep = child === null ? null : createChildStep(options, child, options.optimizer);
  const baseScale = child === null ? 1 : child.baseLrScale;
  let step = 0;

  /** The loss of the batch whose outputs are in `values`, with child correction. */
  function lossOf(rows: Uint32Array, into: Activations | null, dropoutStep: number | null): LossSummary {
    const pick = (from: Activations): ChildOutputs => ({
      latent: latentOf(from),
      parents: from.logits[child!.parentHead],
      children: from.logits[child!.childHead],
    });
    childStep?.correct(rows, pick(values), dropoutStep);
    const summary = batchLoss(shape, data, rows, loss, values, into);
    if (childStep === null) return summary;
    const { total, ...parts } = childStep.loss(pick(values), into === null ? null : pick(into));
    return { ...summary, ...parts, total: summary.total + total };
  }

  function trainBatch({ rows, x, at }: NumberedPart, rate: number): LossSummary {
    step++;
    const isFrozen = baseScale === null;
    const draw = isFrozen ? null : { rate: dropoutRate, key: dropoutKey, step };
    const batch = gatherBatch(x, at, rows, cellTransform, step);
    forward(network, batch.x, batch.rows, draw, values);
    const summary = lossOf(rows, gradients, step);
    childStep?.update(rate);
    if (isFrozen) return summary;
    const learningRate = rate * baseScale;
    backward(network, rows.length, dropoutRate, values, gradients, layerGradients);

    const update = nextUpdate(learningRate);
    const dFirst = gradients.hidden[0];
    const columns = batchColumns(batch.x, batch.rows);
    const { first } = network;
    // The gradient of the first layer is never held as a whole: gene by gene it is summed and applied.
    for (let gene = 0; gene < first.nIn; gene++) {
      geneGradient(columns, gene, dFirst, rowGradient);
      applyUpdate(update, first.weight, firstMoments.weight, rowGradient, gene * first.nOut);
    }
    biasGradient(dFirst, rows.length, rowGradient);
    applyUpdate(update, first.bias, firstMoments.bias, rowGradient, 0);
    dense.forEach((layer, i) => {
      applyUpdate(update, layer.weight, moments[i].weight, layerGradients[i].weight, 0);
      applyUpdate(update, layer.bias, moments[i].bias, layerGradients[i].bias, 0);
    });
    return summary;
  }

  // One for all epochs, so that signals also arrive during many short epochs.
  const pause = createPauser();

  async function pass(
    order: Uint32Array,
    given: AsyncIterable<CellPart> | null,
    onRows: (part: NumberedPart) => LossSummary,
    work: { signal?: AbortSignal | undefined; onBatch?: ((cellsDone: number) => void) | undefined },
  ): Promise<LossSummary> {
    const mean = createLossMean(shape);
    let done = 0;
    for await (const { rows: all, x, at: allAt } of numberedParts(data.x, order, given, batchSize))
      for (let start = 0; start < all.length; start += batchSize) {
        throwIfAborted(work.signal);
        const end = Math.min(start + batchSize, all.length);
        const rows = all.subarray(start, end);
        mean.add(onRows({ rows, x, at: allAt.subarray(start, end) }), rows.length);
        done += rows.length;
        work.onBatch?.(done);
        await pause();
      }
    throwIfAborted(work.signal);
    return mean.mean();
  }

  return {
    runEpoch: (order, epoch) =>
      pass(order, epoch.parts ?? null, (part) => trainBatch(part, epoch.learningRate), epoch),
    evaluate(order, held) {
      const evaluateRows = ({ rows, x, at }: NumberedPart) => {
        const batch = gatherBatch(x, at, rows, cellTransform, null);
        forward(network, batch.x, batch.rows, null, values);
        return lossOf(rows, null, null);
      };
      return pass(order, held == null ? null : onePart(held), evaluateRows, {});
    },
    weights: () => ({
      ...networkWeights(network),
      ...(childStep === null ? {} : { childModules: childStep.modules() }),
    }),
    dispose() {},
  };
}

function requireConsistent(options: AnyTrainerOptions): void {
  const { shape, data, loss, batchSize, dropoutRate } = options;
  const { nRows, nCols } = data.x;
  const { nClasses, coordDims } = shape;
  const require = (holds: boolean, what: string) => {
    if (!holds) throw new AtlasmtlError("BUG", `the trainer was given ${what}`);
  };
  require(nCols === shape.nGenes, `${nCols} genes for a network of ${shape.nGenes}`);
  require(Number.isInteger(batchSize) && batchSize > 0, `a batch size of ${batchSize}`);
  require(dropoutRate >= 0 && dropoutRate < 1, `a dropout rate of ${dropoutRate}`);
  require(options.cellTransform == null || hasValues(data.x), "a cell transform of a matrix without values");
  require(data.labels.length ===
    nClasses.length, `${data.labels.length} label arrays for ${nClasses.length} heads`);
  require(loss.taskWeights.length === nClasses.length &&
    loss.classWeights.length === nClasses.length, "weights for another number of label heads");
  require(data.coords.length === coordDims.length &&
    loss.coordWeights.length ===
      coordDims.length, "targets or weights for another number of coordinate heads");
  data.labels.forEach((codes, j) => {
    require(codes.length === nRows, `${codes.length} labels for ${nRows} cells`);
    require(codes.every((code) => code >= -1 && code < nClasses[j]), `a class outside head ${j}`);
  });
  data.coords.forEach((target, c) => {
    require(target.nRows === nRows && target.nCols === coordDims[c], `targets of another size for head ${c}`);
  });
  require(data.domains === null || data.domains.length === nRows, "domains for another number of cells");
}
