/**
 * The modules that refine child logits within one parent, in training: forward, losses, gradients and updates.
 *
 * They are small and see few rows, so every engine computes them here, in float64 and one fixed order, between
 * its own forward and loss. Source: docs/specification/2-training.md#child-correction.
 * @module
 */
import { exp, log } from "../../core/math.ts";
import { dropoutLayerKey } from "../../core/rng.ts";
import type {
  AnyTrainerOptions,
  ChildModule,
  ChildTrainingOptions,
  Linear,
  OptimizerOptions,
} from "../types.ts";
import {
  type ChildOutputs,
  type ChildWidths,
  rerankerGradient,
  writeChildFeatures,
} from "./child-features.ts";
import { reluDropout, reluDropoutBackward } from "./dropout.ts";
import { linearBackwardInput, linearBackwardWeights, linearForward } from "./linear.ts";
import { applyUpdate, createMoments, createUpdates } from "./optimizer.ts";

/** The loss of the corrected cells of a batch; means before their weights. */
export interface ChildLoss {
  readonly child: number;
  readonly childRank: number;
  /** Both parts with their weights. */
  readonly total: number;
}

/** The modules in training. One batch at a time: `correct`, then `loss`, then `update`. */
export interface ChildStep {
  /** Adds the corrections to `outputs.children` of the cells `rows`; `step` numbers the dropout mask, null for none. */
  correct(rows: Uint32Array, outputs: ChildOutputs, step: number | null): void;
  /**
   * The losses of the corrected logits. `gradients`, if given, hold the derivatives of the other losses by the
   * corrected logits and become those of the whole loss by the base network's own outputs; the modules'
   * gradients are kept for `update`.
   */
  loss(outputs: ChildOutputs, gradients: ChildOutputs | null): ChildLoss;
  update(learningRate: number): void;
  /** A copy of the current weights. */
  modules(): readonly ChildModule[];
}

interface Slot {
  readonly module: ChildModule;
  readonly layers: readonly {
    readonly linear: Linear;
    readonly moments: {
      readonly weight: ReturnType<typeof createMoments>;
      readonly bias: ReturnType<typeof createMoments>;
    };
    readonly dWeight: Float64Array;
    readonly dBias: Float64Array;
  }[];
  /** Child class → its place among `childIndices`. */
  readonly placeOf: ReadonlyMap<number, number>;
  readonly dropoutLayer: number;
  /** Of the current batch: rows in it and the place of each one's true child. */
  positions: number[];
  targets: number[];
  features: Float64Array;
  hidden: Float64Array;
  rate: number;
}

const copyOf = (layer: Linear): Linear => ({
  ...layer,
  weight: layer.weight.slice(),
  bias: layer.bias.slice(),
});

/** Prepares the modules of `child` for training. */
export function createChildStep(
  {
    shape,
    data,
    dropoutRate,
    dropoutKey,
  }: Pick<AnyTrainerOptions, "shape" | "data" | "dropoutRate" | "dropoutKey">,
  child: ChildTrainingOptions,
  optimizer: OptimizerOptions,
): ChildStep {
  const { parentHead, childHead, residualScale, featureMode, baseLrScale } = child;
  const widths: ChildWidths = {
    latent: shape.hiddenSizes.at(-1)!,
    parents: shape.nClasses[parentHead],
    children: shape.nClasses[childHead],
  };
  const nextUpdate = createUpdates(optimizer);
  const slots = child.modules.map((module, m): Slot => {
    const own: ChildModule = { ...module, hidden: copyOf(module.hidden), output: copyOf(module.output) };
    return {
      module: own,
      layers: [own.hidden, own.output].map((linear) => ({
        linear,
        moments: { weight: createMoments(linear.weight.length), bias: createMoments(linear.bias.length) },
        dWeight: new Float64Array(linear.weight.length),
        dBias: new Float64Array(linear.bias.length),
      })),
      placeOf: new Map(module.childIndices.map((index, place) => [index, place])),
      dropoutLayer: shape.hiddenSizes.length + m,
      positions: [],
      targets: [],
      features: new Float64Array(0),
      hidden: new Float64Array(0),
      rate: 0,
    };
  });
  const bySlot = new Map(slots.map((slot) => [slot.module.parentIndex, slot]));

  function gather(rows: Uint32Array): void {
    for (const slot of slots) {
      slot.positions = [];
      slot.targets = [];
    }
    rows.forEach((row, r) => {
      const slot = bySlot.get(data.labels[parentHead][row]);
      const place = slot?.placeOf.get(data.labels[childHead][row]);
      if (slot === undefined || place === undefined) return;
      slot.positions.push(r);
      slot.targets.push(place);
    });
  }

  /** Back through one module; on entry `dOut` holds the derivatives by its output. */
  function backward(slot: Slot, dOut: Float64Array): Float64Array {
    const n = slot.positions.length;
    const [hidden, output] = slot.layers as [Slot["layers"][0], Slot["layers"][0]];
    linearBackwardWeights(slot.hidden, dOut, n, output.linear, output.dWeight, output.dBias);
    const dHidden = new Float64Array(n * output.linear.nIn);
    linearBackwardInput(dOut, n, output.linear, dHidden);
    reluDropoutBackward(slot.hidden, dHidden.length, slot.rate, dHidden);
    linearBackwardWeights(slot.features, dHidden, n, hidden.linear, hidden.dWeight, hidden.dBias);
    const dFeatures = new Float64Array(n * hidden.linear.nIn);
    if (baseLrScale !== null) linearBackwardInput(dHidden, n, hidden.linear, dFeatures);
    return dFeatures;
  }

  function scatter(slot: Slot, dFeatures: Float64Array, gradients: ChildOutputs): void {
    const { childIndices, hidden } = slot.module;
    const s = childIndices.length;
    const add = (to: Float64Array, at: number, value: number) => {
      to[at] = to[at] + value;
    };
    slot.positions.forEach((r, i) => {
      let at = i * hidden.nIn;
      const parents = () => {
        for (let p = 0; p < widths.parents; p++)
          add(gradients.parents, r * widths.parents + p, dFeatures[at++]);
      };
      if (featureMode === "standard") {
        for (let z = 0; z < widths.latent; z++) add(gradients.latent, r * widths.latent + z, dFeatures[at++]);
        parents();
        for (let c = 0; c < s; c++)
          add(gradients.children, r * widths.children + childIndices[c], dFeatures[at++]);
        return;
      }
      const own = rerankerGradient(slot.features, dFeatures, at, s);
      for (let c = 0; c < s; c++) add(gradients.children, r * widths.children + childIndices[c], own[c]);
      at += 2 * s + 3;
      parents();
    });
  }

  return {
    correct(rows, outputs, step) {
      gather(rows);
      for (const slot of slots) {
        const { module, positions } = slot;
        const { hidden, output, childIndices } = module;
        const n = positions.length;
        slot.features = new Float64Array(n * hidden.nIn);
        slot.hidden = new Float64Array(n * hidden.nOut);
        positions.forEach((r, i) => {
          writeChildFeatures(featureMode, outputs, widths, r, childIndices, slot.features, i * hidden.nIn);
        });
        linearForward(slot.features, n, hidden, slot.hidden);
        slot.rate = step === null ? 0 : dropoutRate;
        const key = step === null ? 0 : dropoutLayerKey(dropoutKey, step, slot.dropoutLayer);
        reluDropout(slot.hidden, slot.hidden.length, slot.rate, key);
        const change = new Float64Array(n * output.nOut);
        linearForward(slot.hidden, n, output, change);
        positions.forEach((r, i) => {
          childIndices.forEach((index, c) => {
            const at = r * widths.children + index;
            outputs.children[at] = outputs.children[at] + residualScale * change[i * output.nOut + c];
          });
        });
      }
    },

    loss(outputs, gradients) {
      const nCells = slots.reduce((sum, { positions }) => sum + positions.length, 0);
      let [ce, rank] = [0, 0];
      for (const slot of slots) {
        const { childIndices } = slot.module;
        const s = childIndices.length;
        const dOut = new Float64Array(slot.positions.length * s);
        slot.positions.forEach((r, i) => {
          const logits = Float64Array.from(childIndices, (c) => outputs.children[r * widths.children + c]);
          const own = childLoss(logits, slot.targets[i], child, 1 / nCells);
          ce += own.ce;
          rank += own.rank;
          if (gradients === null) return;
          childIndices.forEach((index, c) => {
            const at = r * widths.children + index;
            gradients.children[at] = gradients.children[at] + own.gradient[c];
            dOut[i * s + c] = residualScale * gradients.children[at];
          });
        });
        if (gradients === null) continue;
        const dFeatures = backward(slot, dOut);
        if (baseLrScale !== null) scatter(slot, dFeatures, gradients);
      }
      const [meanCe, meanRank] = nCells === 0 ? [0, 0] : [ce / nCells, rank / nCells];
      const total = child.lossWeight * meanCe + child.rankLossWeight * meanRank;
      return { child: meanCe, childRank: meanRank, total };
    },

    update(learningRate) {
      const update = nextUpdate(learningRate);
      for (const { layers } of slots)
        for (const { linear, moments, dWeight, dBias } of layers) {
          applyUpdate(update, linear.weight, moments.weight, dWeight, 0);
          applyUpdate(update, linear.bias, moments.bias, dBias, 0);
        }
    },

    modules: () =>
      slots.map(({ module }) => ({
        ...module,
        hidden: copyOf(module.hidden),
        output: copyOf(module.output),
      })),
  };
}

/** One cell's losses over the children of its parent, and `scale` times their weighted derivative. */
function childLoss(
  logits: Float64Array,
  target: number,
  { lossWeight, rankLossWeight, rankMargin }: ChildTrainingOptions,
  scale: number,
): { ce: number; rank: number; gradient: Float64Array } {
  const largest = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const gradient = logits.map((logit) => exp(logit - largest));
  const sum = gradient.reduce((a, b) => a + b, 0);
  for (let c = 0; c < logits.length; c++)
    gradient[c] = scale * lossWeight * (gradient[c] / sum - (c === target ? 1 : 0));
  const ce = log(sum) + largest - logits[target];
  let other = -1;
  for (let c = 0; c < logits.length; c++)
    if (c !== target && (other < 0 || logits[c] > logits[other])) other = c;
  const rank = other < 0 ? 0 : Math.max(0, rankMargin - (logits[target] - logits[other]));
  if (rank > 0) {
    gradient[target] = gradient[target] - scale * rankLossWeight;
    gradient[other] = gradient[other] + scale * rankLossWeight;
  }
  return { ce, rank, gradient };
}
