/** Fits the linear views beside a trained network, and the calibration of both together. @module */
import type { Csr } from "../../core/csr.ts";
import { createPauser, type Pause, type WorkOptions } from "../../core/progress.ts";
import type { Engine } from "../../kernels/types.ts";
import { fitTemperature, type HeadLogits, MOST_SURE } from "../calibrate.ts";
import { sharesOfCounts } from "../components/gene-shares.ts";
import type { ComponentValues } from "../components/types.ts";
import { fitSetThresholds } from "../conformal.ts";
import { gatherRows } from "../encode.ts";
import type { FittedCalibration } from "../train-config.ts";
import { fitLinearViews, type ViewLabels } from "./fit-views.ts";
import type { LinearView, LinearViews } from "./types.ts";
import { averageProbabilities, createViewScorer, scoreInParts } from "./view-scores.ts";

/** The views beside a network, and the temperatures and set thresholds of the mean of all. */
export interface TrainedViews {
  readonly linear: LinearViews;
  readonly calibration: FittedCalibration;
}

/** Cells of the reference for the views. */
export interface ViewCells {
  /** Their values before any transform. */
  readonly x: Csr;
  readonly values: ComponentValues;
  /** Of these cells. */
  readonly labels: readonly ViewLabels[];
  /** Rows of `x` to learn from, and those held out. */
  readonly fitted: Uint32Array;
  readonly heldOut: Uint32Array;
}

/**
 * Fits the views on the fitted cells and all temperatures on the held-out ones: of the network, of each view, and of the
 * mean of their probabilities. `networkLogits` are of the held-out cells, in order. Null where no view can be fitted.
 * @throws ABORTED by the signal.
 */
export async function trainViews(
  { x, values, labels, fitted, heldOut }: ViewCells,
  networkLogits: readonly HeadLogits[],
  { key, engine, signal }: { readonly key: number; readonly engine: Engine } & Pick<WorkOptions, "signal">,
): Promise<TrainedViews | null> {
  const geneShares = values === "log1p_cp10k" ? sharesOfCounts(x) : new Float32Array(x.nCols);
  const untempered = await fitLinearViews(x, labels, fitted, { values, key, engine, signal });
  if (untempered.length === 0) return null;
  const pause = createPauser(signal);
  const networkTemperatures = await temperaturesOf(networkLogits, pause);
  const known = { values, geneShares, networkTemperatures, ladder: [] };
  const scorers = untempered.map((view) => createViewScorer(view, null));
  const scores = await scoreInParts({ ...known, views: untempered }, scorers, gatherRows(x, heldOut), pause);
  const views: LinearView[] = [];
  for (const [v, view] of untempered.entries())
    views.push(await tempered(view, scores[v], networkLogits, pause));
  const linear = { ...known, views };

  const averaged = networkLogits.map((head) => ({ ...head, logits: head.logits.slice() }));
  averageProbabilities(
    averaged.map(({ logits }) => logits),
    scores,
    linear,
  );
  const temperatures = await temperaturesOf(averaged, pause);
  return {
    linear,
    calibration: {
      temperatures: new Map(labels.map(({ column }, j) => [column, temperatures[j]])),
      setThresholds: new Map(
        labels.map(({ column }, j) => [column, fitSetThresholds(averaged[j], temperatures[j])]),
      ),
    },
  };
}

async function temperaturesOf(heads: readonly HeadLogits[], pause: Pause): Promise<number[]> {
  const found: number[] = [];
  for (const head of heads) found.push(await fitTemperature(head, MOST_SURE, pause));
  return found;
}

/** The view with the temperatures of its heads, from its scores of the cells that `truth` has the classes of. */
async function tempered(
  view: LinearView,
  scores: Float32Array,
  truth: readonly HeadLogits[],
  pause: Pause,
): Promise<LinearView> {
  const nOutputs = truth.reduce((sum, { nClasses }) => sum + nClasses, 0);
  let first = 0;
  const heads: LinearView["heads"][number][] = [];
  for (const [j, head] of view.heads.entries()) {
    const { nClasses, targets } = truth[j];
    const logits = new Float32Array(targets.length * nClasses);
    for (let row = 0; row < targets.length; row++) {
      const at = row * nOutputs + first;
      logits.set(scores.subarray(at, at + nClasses), row * nClasses);
    }
    first += nClasses;
    const temperature = await fitTemperature({ logits, nClasses, targets }, MOST_SURE, pause);
    heads.push({ ...head, temperature });
  }
  return { ...view, heads };
}
