/**
 * Runs the network over the whole query, block by block (the first of
 * docs/specification/3-prediction.md#order-of-steps).
 * @module
 */

import type { RowBlock } from "../core/csr.ts";
import type { DenseMatrix } from "../core/dense.ts";
import { throwIfAborted, type WorkOptions } from "../core/progress.ts";
import { AtlasmtlError } from "../errors.ts";
import type { Engine, ForwardResult, Inference } from "../kernels/types.ts";
import { applyChildCorrection } from "../model/child-correction.ts";
import type { CoordHead, Model } from "../model/types.ts";
import { LATENT_INTERNAL } from "../schema/bundle.ts";
import { type Coherence, scoreCoherently } from "./coherent.ts";
import { createScores, type HeadScores, type Scoring, SOFTMAX } from "./confidence.ts";
import { keepClasses } from "./narrow-model.ts";
import { collectedSets, collectSets, createSetCollector } from "./prediction-sets.ts";
import type { TakeProbabilities } from "./probability-tables.ts";
import type { PredictedSets } from "./types.ts";

/** The stored part of the network's output: a few numbers per cell, and the requested points. */
export interface NetworkOutput {
  readonly heads: readonly HeadScores[];
  /** Prediction sets by label column, for the columns with a threshold. */
  readonly sets: ReadonlyMap<string, PredictedSets>;
  /** Coordinates in original units by head name, and `latent_internal`, if `keep` requests them. */
  readonly points: ReadonlyMap<string, DenseMatrix>;
  readonly nBatches: number;
}

/**
 * Runs the network over all `nObs` cells.
 *
 * `keep` says whether the points of a space are needed. `temperatures` is by label column, 1 if absent.
 * `setThresholds` is by label column; a column without one gets no prediction sets.
 * @throws BAD_DATA when the blocks do not make up `nObs` rows or a logit is not finite, LIMIT as `addSet`, ABORTED.
 */
export async function runNetwork(
  model: Model,
  blocks: AsyncIterable<RowBlock>,
  options: {
    readonly nObs: number;
    readonly keep: (space: string) => boolean;
    readonly temperatures: ReadonlyMap<string, number>;
    /** What computes the logits; by default the engine, from the weights of the network. */
    readonly inference?: Inference | null;
    /** What makes probabilities of them; by default the softmax. */
    readonly scoring?: Scoring;
    /** Makes the probabilities of linked columns coherent; without it each column is scored separately. */
    readonly coherence?: Coherence | null;
    readonly setThresholds?: ReadonlyMap<string, number> | undefined;
    /** The positions of the model's classes among those of the network, by head; null if it has all of them. */
    readonly kept?: readonly Int32Array[] | null;
    /** Get the probabilities of each block after it is scored. */
    readonly takers?: readonly TakeProbabilities[];
    /** Gets each block, whose first cell is `firstRow`, and may change its logits. */
    readonly beforeScores?: (block: ForwardResult, firstRow: number) => void | Promise<void>;
    /** Called after each block. */
    readonly onBlock?: () => void;
  },
  work: WorkOptions & { readonly engine: Engine },
): Promise<NetworkOutput> {
  const {
    nObs,
    keep,
    setThresholds,
    coherence = null,
    scoring = SOFTMAX,
    kept = null,
    takers = [],
    beforeScores,
    onBlock,
  } = options;
  const heads = model.labelHeads.map(({ column, classes }) => createScores(column, classes, nObs));
  const temperatures = heads.map(({ column }) => options.temperatures.get(column) ?? 1);
  const collectors = model.labelHeads.map(({ column, classes }) => {
    const threshold = setThresholds?.get(column);
    return threshold === undefined ? null : createSetCollector(column, classes, threshold, nObs);
  });
  const points = new Map<string, DenseMatrix>();
  for (const { name, mean } of model.coordHeads) if (keep(name)) points.set(name, zeros(nObs, mean.length));
  if (keep(LATENT_INTERNAL)) points.set(LATENT_INTERNAL, zeros(nObs, model.shape.hiddenSizes.at(-1) ?? 0));

  const inference = options.inference ?? (await work.engine.createInference(model.shape, model.weights));
  let done = 0;
  let nBatches = 0;
  const reading = blocks[Symbol.asyncIterator]();
  try {
    let next = await reading.next();
    while (next.done !== true) {
      throwIfAborted(work.signal);
      const { firstRow, csr } = next.value;
      if (firstRow !== done || done + csr.nRows > nObs) throw wrongRows(firstRow + csr.nRows, nObs);
      const whole = await inference.run(csr, async () => {
        next = await reading.next();
      });
      if (model.childCorrection !== null) applyChildCorrection(model.childCorrection, whole);
      const result =
        kept === null
          ? whole
          : { ...whole, logits: whole.logits.map((own, h) => keepClasses(own, csr.nRows, kept[h])) };
      await beforeScores?.(result, firstRow);
      let probabilities: readonly Float64Array[] | null = null;
      if (coherence !== null)
        probabilities = scoreCoherently(coherence, result.logits, csr.nRows, temperatures, heads, firstRow);
      else
        heads.forEach((head, h) => {
          scoring.scoreBlock(result.logits[h], csr.nRows, temperatures[h], head, firstRow);
        });
      if (takers.length > 0) {
        const taken =
          probabilities ??
          heads.map((head, h) =>
            scoring.probabilities(result.logits[h], csr.nRows, temperatures[h], head, firstRow),
          );
        for (const take of takers) take(taken, csr.nRows, firstRow);
      }
      collectors.forEach((collector, h) => {
        if (collector !== null)
          collectSets(collector, result.logits[h], csr.nRows, temperatures[h], heads[h].raw, firstRow);
      });
      model.coordHeads.forEach((head, h) => {
        const kept = points.get(head.name);
        if (kept !== undefined) unscale(result.coords[h], head, kept, firstRow);
      });
      const latent = points.get(LATENT_INTERNAL);
      latent?.data.set(result.latent, firstRow * latent.nCols);
      done += csr.nRows;
      nBatches++;
      onBlock?.();
      work.onProgress?.({ phase: "predict", done, total: nObs });
    }
  } finally {
    inference.dispose();
    await reading.return?.();
  }
  if (done !== nObs) throw wrongRows(done, nObs);
  const sets = new Map(
    collectors.flatMap((each) => (each === null ? [] : [[each.column, collectedSets(each)] as const])),
  );
  return { heads, sets, points, nBatches };
}

/** Standardised coordinates back to the units of the training target: x · std + mean. */
function unscale(scaled: Float32Array, head: CoordHead, into: DenseMatrix, firstRow: number): void {
  const { mean, std } = head;
  const dim = mean.length;
  const start = firstRow * dim;
  for (let i = 0; i < scaled.length; i++)
    into.data[start + i] = Math.fround(scaled[i] * std[i % dim]) + mean[i % dim];
}

function zeros(nRows: number, nCols: number): DenseMatrix {
  return { nRows, nCols, data: new Float32Array(nRows * nCols) };
}

function wrongRows(got: number, expected: number): AtlasmtlError {
  return new AtlasmtlError("BAD_DATA", `the matrix gave ${got} rows, obs has ${expected}`);
}
