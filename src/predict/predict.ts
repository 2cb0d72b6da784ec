/**
 * Annotates a query with a trained model; the steps have the order of
 * docs/specification/3-prediction.md#order-of-steps.
 * @module
 */
import { repeatedCellNames } from "../anndata/inspect/cell-names.ts";
import type { AnnData } from "../anndata/types.ts";
import type { DenseMatrix } from "../core/dense.ts";
import type { WorkOptions } from "../core/progress.ts";
import { startRuntimeMeter } from "../core/runtime-meter.ts";
import { AtlasmtlError } from "../errors.ts";
import type { Engine } from "../kernels/types.ts";
import type { Rung } from "../model/linear/types.ts";
import { applyReranker } from "../model/reranker.ts";
import type { Model } from "../model/types.ts";
import { LATENT_INTERNAL } from "../schema/bundle.ts";
import type { ChosenRung } from "./choose-rung.ts";
import { bindCoherence } from "./coherent.ts";
import { flagLowConfidence, type HeadScores } from "./confidence.ts";
import { deepestLabels } from "./deepest.ts";
import { planDistances } from "./distance.ts";
import { type NetworkOutput, runNetwork } from "./forward.ts";
import { createGroupSums, readGroups, withGroupLabels } from "./group-labels.ts";
import { enforceHierarchy, resolveHierarchy } from "./hierarchy-rules.ts";
import { askNeighbours, type KnnLabels } from "./knn-correction.ts";
import { chooseKnnSpace, type KnnSpace } from "./knn-space.ts";
import type { CellDistances } from "./measured-distances.ts";
import { measuredGenes } from "./measured-genes.ts";
import { modelForCall } from "./narrow-model.ts";
import type { NeighbourWatch } from "./neighbours.ts";
import { flagOutside, type Openset, prototypeDistances } from "./openset.ts";
import { type PredictOptions, type PredictSettings, resolvePredictOptions } from "./options.ts";
import { planSets, planSetsOfRung, type SetPlan } from "./prediction-sets.ts";
import { createProbabilityTables } from "./probability-tables.ts";
import { markEmpty, sharedCells } from "./query-cells.ts";
import { openQueryRows, type QueryRows } from "./query-rows.ts";
import { refinementMetadata, resolveRefinement } from "./rerank-children.ts";
import { predictionMetadata } from "./result-metadata.ts";
import { createSmoothing } from "./smooth-neighbours.ts";
import { leastConfidences } from "./target-accuracy.ts";
import { type Calibration, calibrationOf, calibrationOfRung } from "./temperatures.ts";
import { planTransfer } from "./transfer.ts";
import type { LabelPrediction, Predictions, Warning } from "./types.ts";
import { decideUnknown, withUnknown } from "./unknown.ts";

/** The thresholds were computed before refinement. */
const REFINED_SETS: Warning = {
  message:
    "prediction sets of refined cells do not promise their coverage: it holds for the model as trained",
  hint: "predict without the refinement for the promise",
};

/** The thresholds are those of the model's own probabilities. */
const SMOOTHED_SETS: Warning = {
  message:
    "prediction sets of smoothed probabilities do not promise their coverage: it holds for the cells alone",
  hint: "predict without the consensus of neighbours for the promise",
};

/** Settings of the execution, which do not change the results. */
export type PredictWork = WorkOptions & { readonly engine: Engine };

/**
 * Annotates every cell of `adata`.
 *
 * ```ts
 * const predictions = await predict(model, adata, { knnCorrection: "low_conf_only" }, { engine });
 * predictions.labels[0].conf; // probability of the label of each cell, 0 to 1
 * ```
 * The query is streamed: only the result stays in memory, and the points of the KNN space if needed.
 * @throws USAGE for a wrong option; MISMATCH when no gene of the model is in the query, the model's
 * reference does not fit, or it has no thresholds for `predictionSets`; NOT_FOUND for a missing matrix, obsm array or reference file; BAD_DATA for
 * duplicate genes or values that cannot be used; ABORTED.
 */
export async function predict(
  stored: Model,
  adata: AnnData,
  options: PredictOptions,
  work: PredictWork,
): Promise<Predictions> {
  const asked = resolvePredictOptions(options, stored);
  const meter = startRuntimeMeter();
  const adapted = asked.adapt ? await adaptedTo(stored, adata, asked, work) : null;
  const called = await modelForCall(adapted?.model ?? stored, asked);
  const { model, settings } = called;
  const asHeldOut = {
    calibration: calibrationOf(model, settings.applyCalibration),
    setPlan: settings.predictionSets === null ? null : planSets(model, settings.predictionSets),
  };
  const hierarchy = await resolveHierarchy(model, settings);
  const coherence = settings.coherentProbabilities
    ? bindCoherence(model.labelHeads, hierarchy.rules, hierarchy.warnings[0])
    : null;
  const refinement = await resolveRefinement(model, settings);
  const distances = await planDistances(model, settings, adata.nObs);
  leastConfidences(model, settings, null);
  const transfer = await planTransfer(model, settings, adata.nObs);
  const smoothing =
    settings.consensus === null
      ? null
      : createSmoothing(model.labelHeads, adata.nObs, {
          k: settings.consensusK,
          weight: settings.consensusWeight,
        });
  const query = await openQueryRows(model, adata, settings, work.signal, (genes, given) => {
    const others = distances.start(genes, given);
    if (smoothing === null) return others;
    return (rows, firstRow) => {
      others?.(rows, firstRow);
      smoothing.add(rows, firstRow);
    };
  });
  await smoothing?.fit(query, work);
  const { rung, measured: known } = await rungFor(model, query, adata.nObs, settings);
  if (known !== null) distances.know(known);
  const { calibration, setPlan } = rung === null ? asHeldOut : onRung(model, rung, asHeldOut.setPlan);
  const least = leastConfidences(model, settings, rung);
  const space = await chooseKnnSpace(model, adata, settings);
  let nRefined = 0;
  const groups =
    settings.consensusBy === null
      ? null
      : createGroupSums(model.labelHeads, await readGroups(adata, settings.consensusBy));
  const isEmpty = new Uint8Array(adata.nObs);
  const probabilities =
    settings.probabilities === null
      ? null
      : createProbabilityTables(model.labelHeads, adata.nObs, settings.probabilities);
  const linear = model.oneVsRest ? await oneVsRest(model, query, adata.nObs, settings) : null;
  const probMatch = linear?.probMatch ?? null;
  const takers = [probabilities, groups, probMatch].flatMap((taker) => (taker === null ? [] : [taker.take]));
  const ofModel = await runNetwork(
    model,
    markEmpty(query.rows, isEmpty),
    {
      nObs: adata.nObs,
      keep: pointsToKeep(settings, space, Boolean(model.oneVsRest)),
      temperatures: calibration.temperatures,
      ...linear?.parts,
      // Smoothing scores what it makes of each column's own probabilities.
      coherence: smoothing === null && linear === null ? coherence : null,
      setThresholds: smoothing === null ? setPlan?.thresholds : undefined,
      kept: called.kept,
      takers: smoothing === null ? takers : [smoothing.take],
      beforeScores: (block, firstRow) => {
        query.average?.(block, firstRow);
        if (refinement === null || refinement.bound === null) return;
        const { column } = model.labelHeads[refinement.bound.childHead];
        nRefined += applyReranker(refinement.bound, block, calibration.temperatures.get(column) ?? 1);
      },
      onBlock: meter.sample,
    },
    work,
  );
  const smoothed =
    (await smoothing?.finish({ coherence, setThresholds: setPlan?.thresholds, takers }, work)) ?? null;
  const network = { ...ofModel, ...smoothed };
  const isLowConf = network.heads.map((head) => flagLowConfidence(head, settings));
  const { knn, openset, queries } = await consultReference(
    network,
    isLowConf,
    space,
    { ...settings, watch: transfer?.take ?? null },
    work,
  );
  const measured = distances.finish(adata.source);
  const labels = network.heads.map((head, h) =>
    decideLabels(
      head,
      isLowConf[h],
      knn[h],
      openset?.isOutside ?? null,
      measured.columns?.[h] ?? null,
      isEmpty,
      settings.unknown === "off" ? null : least.thresholds[h],
    ),
  );
  const shared =
    space.reference === null || queries === null
      ? null
      : sharedCells(queries, space.reference, isEmpty, adata.source);
  const repeated = repeatedCellNames(adata.obs.index, `${adata.source} › obs names`);
  const inconsistencyRates = settings.enforceHierarchy ? enforceHierarchy(labels, hierarchy.rules) : null;

  const ofGroups = groups?.finish(labels, settings.minProp, coherence) ?? null;
  const complete = (ofGroups === null ? labels : withGroupLabels(labels, ofGroups)).map((label) =>
    setPlan === null && probMatch === null
      ? label
      : { ...label, sets: network.sets.get(label.column), probMatch: probMatch?.labels },
  );
  const deviceUsed = "cpu";
  const { numThreads } = work.engine;
  const runtime = meter.summary({
    phase: "predict",
    numItems: adata.nObs,
    numBatches: network.nBatches,
    deviceUsed,
    numThreads,
  });
  return {
    obsNames: adata.obs.index,
    labels: complete,
    ...(ofGroups === null ? {} : { groups: ofGroups }),
    ...(probabilities === null ? {} : { probabilities: probabilities.tables }),
    ...(transfer === null ? {} : { transferred: transfer.finish(space.queryObsm === null ? isEmpty : null) }),
    ...(settings.deepestLabel ? { deepest: deepestLabels(labels, hierarchy.rules) } : {}),
    coords: settings.keepCoords ? network.points : new Map(),
    spaces: [...model.coordHeads.map((head) => head.name), ...(model.oneVsRest ? [] : [LATENT_INTERNAL])],
    opensetScores: openset?.scores,
    unknown: measured.mode,
    metadata: predictionMetadata({
      model,
      settings,
      genes: query.genes,
      geneMapping: query.mapping,
      calibration,
      adaptation: adapted?.adaptation ?? null,
      rung,
      least,
      setPlan,
      sets: network.sets,
      space,
      knn,
      openset,
      distances: measured,
      inconsistencyRates,
      refinement: refinement === null ? null : refinementMetadata(refinement, nRefined),
      deviceUsed,
      numThreads,
      runtime,
    }),
    notes: [...query.notes, ...(adapted?.notes ?? []), ...called.notes],
    warnings: [
      ...called.warnings,
      ...query.warnings,
      ...(adapted?.warnings ?? []),
      ...(repeated === null ? [] : [repeated]),
      ...(shared === null ? [] : [shared]),
      ...measured.warnings,
      ...(smoothed?.warnings ?? []),
      ...(smoothed !== null && setPlan !== null ? [SMOOTHED_SETS] : []),
      ...hierarchy.warnings,
      ...(refinement?.warnings ?? []),
      ...(setPlan !== null && nRefined > 0 ? [REFINED_SETS] : []),
    ],
  };
}

/** The model after it has learnt from the query, loaded on first use. */
async function adaptedTo(model: Model, adata: AnnData, settings: PredictSettings, work: PredictWork) {
  const { adaptToQueries } = await import("./adapt-to-queries.ts");
  return adaptToQueries(model, [adata], settings, work);
}

/** What a linear model computes in place of the network, loaded on first use. */
async function oneVsRest(model: Model, { genes }: QueryRows, nObs: number, settings: PredictSettings) {
  const { createProbMatch, linearInference, ONE_VS_REST } = await import("./one-vs-rest.ts");
  return {
    parts: { inference: linearInference(model, measuredGenes(genes)), scoring: ONE_VS_REST },
    probMatch:
      settings.matchMode === "prob_match"
        ? createProbMatch(model.labelHeads[0], nObs, settings.pThres)
        : null,
  };
}

/** How unlike the reference the query is, in terms of the model's ladder, loaded on first use. */
async function rungFor(
  model: Model,
  query: QueryRows,
  nObs: number,
  settings: PredictSettings,
): Promise<ChosenRung> {
  if (!model.linear || !settings.applyCalibration) return { rung: null, measured: null };
  const { chooseRung } = await import("./choose-rung.ts");
  return chooseRung(model, query, nObs);
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

/** All points if the caller requests them, else those of the KNN space if the network predicts them. */
function pointsToKeep(
  settings: PredictSettings,
  space: KnnSpace,
  isLinear: boolean,
): (name: string) => boolean {
  const searched = space.reference !== null && space.queryObsm === null ? space.name : null;
  return (name) => (settings.keepCoords && !isLinear) || name === searched;
}

/** KNN correction and open-set scoring, which compare the query with reference cells. */
async function consultReference(
  network: NetworkOutput,
  isLowConf: readonly Uint8Array[],
  space: KnnSpace,
  settings: PredictSettings & { readonly watch: NeighbourWatch | null },
  work: PredictWork,
): Promise<{
  readonly knn: readonly KnnLabels[];
  readonly openset: Openset | null;
  /** The query's points in the space; null if they are not kept. */
  readonly queries: DenseMatrix | null;
}> {
  const queries = space.queryObsm ?? network.points.get(space.name) ?? null;
  const wantNearest = settings.opensetMethod === "nn_distance";
  const answer = await askNeighbours(
    network.heads,
    isLowConf,
    space,
    queries,
    { ...settings, wantNearest },
    work,
  );
  const { opensetMethod, opensetThreshold } = settings;
  if (opensetMethod === null || opensetThreshold === null)
    return { knn: answer.columns, openset: null, queries };
  if (answer.nearest !== null)
    return { knn: answer.columns, openset: flagOutside(answer.nearest, opensetThreshold, null), queries };
  const column = settings.opensetLabelColumn ?? network.heads[0].column;
  const labels = space.labels.get(column);
  if (space.reference === null || queries === null || labels === undefined)
    throw new AtlasmtlError("BUG", `open-set scoring by ${column} has no reference`);
  const { scores, nPrototypes } = await prototypeDistances(space.reference, labels, queries, work);
  return { knn: answer.columns, openset: flagOutside(scores, opensetThreshold, nPrototypes), queries };
}

/** The final result of one label column; without a least confidence only distances make cells Unknown. */
function decideLabels(
  head: HeadScores,
  isLowConf: Uint8Array,
  knn: KnnLabels,
  isOutside: Uint8Array | null,
  distance: CellDistances | null,
  isEmpty: Uint8Array,
  leastConfidence: number | null,
): LabelPrediction {
  const isOff = leastConfidence === null;
  const { isUnknown, reasons } = decideUnknown(
    { conf: head.conf, isLowConf },
    isOff ? { used: new Uint8Array(isLowConf.length), isLow: knn.isLow } : knn,
    isOutside,
    leastConfidence ?? 0,
    distance?.isUnlike,
    isOff ? null : isEmpty,
  );
  return {
    column: head.column,
    raw: { codes: head.raw, categories: head.classes },
    conf: head.conf,
    margin: head.margin,
    isLowConf,
    knn: knn.labels,
    knnVoteFrac: knn.voteFrac,
    isLowKnnConf: knn.isLow,
    usedKnn: knn.used,
    isUnknown,
    unknownReasons: reasons,
    final: withUnknown(knn.decided, isUnknown),
    second: { codes: head.second, categories: head.classes },
    secondConf: head.secondConf,
    ...(distance === null
      ? {}
      : {
          distance: distance.percentiles,
          nearest: { codes: distance.classes, categories: head.classes },
        }),
  };
}
