/**
 * What a prediction decides about the query as a whole, before it labels cells: genes, values, calibration, thresholds, the
 * space of the neighbours. It is the same whichever rows are then read (docs/specification/6-cli.md#shards).
 * @module
 */
import type { AnnData } from "../anndata/types.ts";
import type { RowRange } from "../core/csr.ts";
import type { WorkOptions } from "../core/progress.ts";
import { AtlasmtlError } from "../errors.ts";
import type { Engine } from "../kernels/types.ts";
import type { Rung } from "../model/linear/types.ts";
import type { Model } from "../model/types.ts";
import { TRAIN_CONFIG } from "../schema/training.ts";
import type { AdaptedModel } from "./adapt-to-queries.ts";
import type { ChosenRung } from "./choose-rung.ts";
import { bindCoherence, type Coherence } from "./coherent.ts";
import { planDistances } from "./distance.ts";
import { type CellGroups, readGroups } from "./group-labels.ts";
import { resolveHierarchy } from "./hierarchy-rules.ts";
import { chooseKnnSpace, type KnnSpace } from "./knn-space.ts";
import type { DistancePlan } from "./measured-distances.ts";
import { modelForCall } from "./narrow-model.ts";
import { type PredictOptions, type PredictSettings, resolvePredictOptions } from "./options.ts";
import { planSets, planSetsOfRung, type SetPlan } from "./prediction-sets.ts";
import { openQueryRows, type QueryRows } from "./query-rows.ts";
import { type Refinement, resolveRefinement } from "./rerank-children.ts";
import { createSmoothing, type Smoothing } from "./smooth-neighbours.ts";
import { type LeastConfidences, leastConfidences } from "./target-accuracy.ts";
import { type Calibration, calibrationOf, calibrationOfRung } from "./temperatures.ts";
import { planTransfer, type Transfer } from "./transfer.ts";

/** Settings of the execution, which do not change the results. */
export type PredictWork = WorkOptions & { readonly engine: Engine };

/** A query that is ready to be labelled. */
export interface PredictionPlan {
  readonly adata: AnnData;
  /** The cells whose rows are read. */
  readonly range: RowRange;
  readonly model: Model;
  readonly settings: PredictSettings;
  /** The model after it has learnt from the query; null if it was neither asked to nor had a reason. */
  readonly adapted: AdaptedModel | null;
  /** What choosing labels for the call had to say. */
  readonly called: Awaited<ReturnType<typeof modelForCall>>;
  readonly query: QueryRows;
  readonly hierarchy: Awaited<ReturnType<typeof resolveHierarchy>>;
  readonly coherence: Coherence | null;
  readonly refinement: Refinement | null;
  readonly distances: DistancePlan;
  readonly transfer: Transfer | null;
  readonly smoothing: Smoothing | null;
  readonly groups: CellGroups | null;
  readonly rung: Rung | null;
  /** As {@link ChosenRung} has them. */
  readonly networkWeights: ChosenRung["networkWeights"];
  readonly calibration: Calibration;
  readonly setPlan: SetPlan | null;
  readonly least: LeastConfidences;
  readonly space: KnnSpace;
}

/**
 * Plans to label the cells of `range`, all by default.
 * @throws like `predict`.
 */
export async function planPrediction(
  stored: Model,
  adata: AnnData,
  options: PredictOptions,
  work: PredictWork,
  range: RowRange = { start: 0, end: adata.nObs },
): Promise<PredictionPlan> {
  const asked = resolvePredictOptions(options, stored);
  const open = { stored, adata, range };
  if (!asked.adapt) {
    // A model that was adapted before, to several samples of a study, stays as it is.
    const mayAdapt = asked.autoAdapt && !stored.trainConfig.has(TRAIN_CONFIG.adaptation);
    const plan = await planWith(open, null, asked, work, mayAdapt);
    if (plan !== null) return plan;
  }
  const adapted = await adaptedTo(stored, adata, asked, work);
  const hasLearnt = asked.adapt || adapted.adaptation !== null;
  const plan = await planWith(open, hasLearnt ? adapted : null, asked, work, false);
  if (plan !== null) return plan;
  throw new AtlasmtlError("BUG", "a prediction that may not adapt has no plan");
}

/** Null if the query is so unlike the reference that the model should adapt to it first, which it `mayAdapt`. */
async function planWith(
  { stored, adata, range }: { readonly stored: Model } & Pick<PredictionPlan, "adata" | "range">,
  adapted: AdaptedModel | null,
  asked: PredictSettings,
  work: PredictWork,
  mayAdapt: boolean,
): Promise<PredictionPlan | null> {
  const called = await modelForCall(adapted?.model ?? stored, { ...asked, adapt: adapted !== null });
  const { model, settings } = called;
  const nCells = range.end - range.start;
  const asHeldOut = {
    calibration: calibrationOf(model, settings.applyCalibration),
    setPlan: settings.predictionSets === null ? null : planSets(model, settings.predictionSets),
  };
  const hierarchy = await resolveHierarchy(model, settings);
  const coherence = settings.coherentProbabilities
    ? bindCoherence(model.labelHeads, hierarchy.rules, hierarchy.warnings[0])
    : null;
  const refinement = await resolveRefinement(model, settings);
  const distances = await planDistances(model, settings, nCells);
  leastConfidences(model, settings, null);
  const transfer = await planTransfer(model, settings, nCells);
  const smoothing =
    settings.consensus === null
      ? null
      : createSmoothing(model.labelHeads, nCells, {
          k: settings.consensusK,
          weight: settings.consensusWeight,
        });
  const query = await openQueryRows(
    model,
    adata,
    settings,
    work.signal,
    (genes, given) => {
      const others = distances.start(genes, given);
      if (smoothing === null) return others;
      return (rows, firstRow) => {
        others?.(rows, firstRow);
        smoothing.add(rows, firstRow);
      };
    },
    range,
  );
  const { rung, networkWeights, isShifted, measured } = await rungFor(called, query, adata.nObs, work);
  if (mayAdapt && isShifted) return null;
  await smoothing?.fit(query, work);
  if (measured !== null) distances.know(measured);
  const { calibration, setPlan } = rung === null ? asHeldOut : onRung(model, rung, asHeldOut.setPlan);
  const least = leastConfidences(model, settings, rung);
  const space = await chooseKnnSpace(model, adata, settings, range, work.signal);
  const groups = settings.consensusBy === null ? null : await readGroups(adata, settings.consensusBy);
  return {
    ...{ adata, range, model, settings, adapted, called, query, hierarchy, coherence, refinement },
    ...{ distances, transfer, smoothing, groups, rung, networkWeights, calibration, setPlan, least, space },
  };
}

/** The model after it has learnt from the query, loaded on first use. */
async function adaptedTo(model: Model, adata: AnnData, settings: PredictSettings, work: PredictWork) {
  const { adaptToQueries } = await import("./adapt-to-queries.ts");
  return adaptToQueries(model, [adata], settings, work, !settings.adapt);
}

/** How unlike the reference the query is, in terms of the model's ladder, loaded on first use. */
async function rungFor(
  called: Awaited<ReturnType<typeof modelForCall>>,
  query: QueryRows,
  nObs: number,
  work: PredictWork,
): Promise<ChosenRung> {
  if (!called.model.linear || !called.settings.applyCalibration)
    return { rung: null, networkWeights: null, isShifted: false, measured: null };
  const { chooseRung } = await import("./choose-rung.ts");
  return chooseRung(called, query, nObs, work);
}

function onRung(
  model: Model,
  rung: Rung,
  setPlan: SetPlan | null,
): { readonly calibration: Calibration; readonly setPlan: SetPlan | null } {
  return {
    calibration: calibrationOfRung(model, rung),
    setPlan: setPlan === null ? null : planSetsOfRung(setPlan, model, rung),
  };
}
