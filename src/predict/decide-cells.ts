/** Labels the cells of a query, once all of them are scored: what depends on the query as a whole. @module */
import { repeatedCellNames } from "../anndata/inspect/cell-names.ts";
import type { ConfigMap } from "../core/config.ts";
import { createPauser } from "../core/progress.ts";
import { LATENT_INTERNAL } from "../schema/bundle.ts";
import { flagLowConfidence, type HeadScores } from "./confidence.ts";
import { deepestLabels } from "./deepest.ts";
import { labelGroups, withGroupLabels } from "./group-labels.ts";
import { enforceHierarchy } from "./hierarchy-rules.ts";
import { countVotes, type KnnLabels } from "./knn-correction.ts";
import type { CellDistances } from "./measured-distances.ts";
import { flagOutside } from "./openset.ts";
import type { PredictionPlan, PredictWork } from "./plan-prediction.ts";
import { sharedCells } from "./query-cells.ts";
import { refinementMetadata } from "./rerank-children.ts";
import { predictionMetadata } from "./result-metadata.ts";
import type { ScoredCells } from "./score-cells.ts";
import { doubtSets } from "./set-doubts.ts";
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

/** The machine of a run, for its record. */
export interface PredictionMachine {
  readonly deviceUsed: string;
  readonly numThreads: number;
  readonly runtime: ConfigMap;
}

/**
 * Labels `cells`, which are all cells of the query of `plan`: steps 6 and 7 of docs/specification/3-prediction.md#order-of-steps.
 * @throws ABORTED by the signal.
 */
export async function decideCells(
  plan: PredictionPlan,
  cells: ScoredCells,
  machine: PredictionMachine,
  work: PredictWork,
): Promise<Predictions> {
  const pause = createPauser(work.signal);
  const { adata, model, settings, adapted, called, query, hierarchy, refinement, setPlan, space } = plan;
  const { heads, isEmpty, probMatch, sets, nRefined } = cells;
  const knn = heads.map((head, h) => countVotes(head, cells.votes?.[h] ?? null, settings));
  const openset =
    cells.openset === null
      ? null
      : flagOutside(cells.openset.scores, settings.opensetThreshold ?? 0, cells.openset.nPrototypes);
  const measured = await plan.distances.finish(cells.placed, adata.source, work);
  const doubts = setPlan === null ? null : doubtSets(setPlan, measured.shift);
  const labels: LabelPrediction[] = [];
  for (const [h, head] of heads.entries()) {
    await pause();
    labels.push(
      decideLabels(
        head,
        flagLowConfidence(head, settings),
        knn[h],
        openset?.isOutside ?? null,
        measured.columns?.[h] ?? null,
        isEmpty,
        settings.unknown === "off" ? null : plan.least.thresholds[h],
      ),
    );
  }
  await pause();
  const shared = sharedCells(cells.nShared, isEmpty.length, adata.source);
  const repeated = repeatedCellNames(adata.obs.index, `${adata.source} › obs names`);
  const inconsistencyRates = settings.enforceHierarchy ? enforceHierarchy(labels, hierarchy.rules) : null;

  const ofGroups =
    plan.groups === null || cells.groupSums === null
      ? null
      : labelGroups(model.labelHeads, plan.groups, cells.groupSums, labels, {
          minProp: settings.minProp,
          coherence: plan.coherence,
        });
  const complete = (ofGroups === null ? labels : withGroupLabels(labels, ofGroups)).map((label) =>
    setPlan === null && probMatch === null
      ? label
      : { ...label, sets: sets.get(label.column), probMatch: probMatch ?? undefined },
  );
  return {
    obsNames: adata.obs.index,
    labels: complete,
    ...(ofGroups === null ? {} : { groups: ofGroups }),
    ...(cells.probabilities === null ? {} : { probabilities: cells.probabilities }),
    ...(cells.transferred === null ? {} : { transferred: cells.transferred }),
    ...(settings.deepestLabel ? { deepest: deepestLabels(labels, hierarchy.rules) } : {}),
    coords: cells.coords,
    spaces: [...model.coordHeads.map((head) => head.name), ...(model.oneVsRest ? [] : [LATENT_INTERNAL])],
    opensetScores: openset?.scores,
    unknown: measured.mode,
    metadata: predictionMetadata({
      model,
      settings,
      genes: query.genes,
      geneMapping: query.mapping,
      calibration: plan.calibration,
      adaptation: adapted?.adaptation ?? null,
      rung: plan.rung,
      networkWeights: plan.networkWeights,
      least: plan.least,
      setPlan,
      sets,
      space,
      knn,
      openset,
      distances: measured,
      inconsistencyRates,
      refinement: refinement === null ? null : refinementMetadata(refinement, nRefined),
      ...machine,
    }),
    notes: [...query.notes, ...(adapted?.notes ?? []), ...called.notes],
    warnings: [
      ...called.warnings,
      ...query.warnings,
      ...(adapted?.warnings ?? []),
      ...(repeated === null ? [] : [repeated]),
      ...(shared === null ? [] : [shared]),
      ...measured.warnings,
      ...cells.warnings,
      ...(plan.smoothing !== null && setPlan !== null ? [SMOOTHED_SETS] : []),
      ...hierarchy.warnings,
      ...(refinement?.warnings ?? []),
      ...(setPlan !== null && nRefined > 0 ? [REFINED_SETS] : []),
      ...(doubts === null ? [] : [doubts]),
    ],
  };
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
          distance: distance.distances,
          nearest: { codes: distance.classes, categories: head.classes },
        }),
  };
}
