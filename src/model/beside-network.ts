/** What a model has beside its network, fitted on cells of the reference with the values of the matrix. @module */

import type { WorkOptions } from "../core/progress.ts";
import { streamKey } from "../core/rng.ts";
import type { Engine, Inference, NetworkShape, NetworkWeights } from "../kernels/types.ts";
import { SEEDS } from "../schema/training.ts";
import type { HeadLogits } from "./calibrate.ts";
import type { ComponentSpace } from "./components/types.ts";
import { logitsOf } from "./encode.ts";
import type { LabelGenes } from "./genes/types.ts";
import type { SpaceSample, TrainInput } from "./input.ts";
import type { StressCells } from "./linear/confidence-ladder.ts";
import type { TrainedViews } from "./linear/train-views.ts";
import type { Rung } from "./linear/types.ts";
import type { ResolvedTrainOptions } from "./options.ts";
import type { ChildCorrection } from "./types.ts";
import type { ValidationSplit } from "./validation-split.ts";

/** Views with the held-out cells that the ladder is made of; {@link fitSpace} changes the sample's own values. */
export interface FittedViews extends TrainedViews {
  readonly heldOut: StressCells;
}

type Work = WorkOptions & { readonly engine: Engine };

/** The linear views beside the network and the calibration of both; null where the matrix has no values for them. */
export async function fitViews(
  shape: NetworkShape,
  weights: NetworkWeights,
  split: ValidationSplit,
  childCorrection: ChildCorrection | null,
  { sample, seen, labels }: TrainInput,
  seeds: Readonly<Record<string, number>>,
  work: Work,
): Promise<FittedViews | null> {
  if (sample === null) return null;
  const [{ trainViews }, { cellsToStress }] = await Promise.all([
    import("./linear/train-views.ts"),
    import("./linear/confidence-ladder.ts"),
  ]);
  const { heldOut, fitted } = partsOf(sample, split);
  const inference = await work.engine.createInference(shape, weights);
  let logits: HeadLogits[];
  try {
    const rows = heldOut.map((at) => sample.rows[at]);
    const values = { x: seen.x, at: seen.rows === null ? rows : heldOut };
    logits = await logitsOf(inference, values, rows, labels, childCorrection, work);
  } finally {
    inference.dispose();
  }
  const { x: values, values: kind } = sample;
  const cells = { x: values, values: kind, labels: labelsOfRows(labels, sample.rows), fitted, heldOut };
  const key = seeds[SEEDS.linearViews];
  const trained = await trainViews(cells, logits, { key, engine: work.engine, signal: work.signal });
  return trained && { ...trained, heldOut: cellsToStress(cells, streamKey(key, "ladder")) };
}

/** The genes that drive each class, by the network and its views; before {@link fitSpace}, which changes the sample. */
export async function fitGenes(
  weights: NetworkWeights,
  views: TrainedViews | null,
  { seen, genes, labels, sample }: TrainInput,
  { signal }: WorkOptions,
): Promise<readonly LabelGenes[]> {
  const { fitLabelGenes } = await import("./genes/fit-label-genes.ts");
  const { x, rows } = seen;
  const ofViews = views === null || sample === null ? null : { ...sample, linear: views.linear };
  if (rows === null) return fitLabelGenes({ genes, labels, weights, x, views: ofViews }, signal);
  const own = { genes, labels: labelsOfRows(labels, rows), weights, x };
  // The sample is all that is seen.
  const all = ofViews && { ...ofViews, rows: Uint32Array.from(rows, (_, at) => at) };
  return fitLabelGenes({ ...own, views: all }, signal);
}

/** How sure the network and its views may be of cells under stress. */
export async function fitLadder(
  { linear, heldOut }: FittedViews,
  space: ComponentSpace,
  inference: Inference,
  childCorrection: ChildCorrection | null,
  chosen: ResolvedTrainOptions,
  seeds: Readonly<Record<string, number>>,
  work: Work,
): Promise<readonly Rung[]> {
  const [{ fitConfidenceLadder }, { createJointScorer }] = await Promise.all([
    import("./linear/confidence-ladder.ts"),
    import("./linear/joint-scores.ts"),
  ]);
  const scorer = await createJointScorer(inference, linear, childCorrection, chosen, work);
  try {
    return await fitConfidenceLadder(heldOut, scorer.score, space, {
      key: streamKey(seeds[SEEDS.linearViews], "ladder"),
      signal: work.signal,
    });
  } finally {
    scorer.dispose();
  }
}

/** The cells of the sample that are held out, and the others. */
function partsOf(
  { rows }: SpaceSample,
  { val }: ValidationSplit,
): { readonly heldOut: Uint32Array; readonly fitted: Uint32Array } {
  const held = new Set(val);
  const all = Uint32Array.from(rows, (_, at) => at);
  return {
    heldOut: all.filter((at) => held.has(rows[at])),
    fitted: all.filter((at) => !held.has(rows[at])),
  };
}

function labelsOfRows(labels: TrainInput["labels"], rows: Uint32Array) {
  return labels.map(({ column, classes, codes }) => ({
    column,
    classes,
    codes: Int32Array.from(rows, (row) => codes[row]),
  }));
}

/** The component space of the reference; null where the matrix has none. */
export async function fitSpace(
  { sample, labels }: TrainInput,
  seeds: Readonly<Record<string, number>>,
  { engine, signal }: Work,
): Promise<ComponentSpace | null> {
  if (sample === null) return null;
  const { fitComponentSpace } = await import("./components/fit-space.ts");
  return fitComponentSpace(sample.x, labelsOfRows(labels, sample.rows), {
    values: sample.values,
    key: seeds.components,
    engine,
    signal,
  });
}
