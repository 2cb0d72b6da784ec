/** Scores the cells of a query one by one: what is known of each without the others. @module */
import type { DenseMatrix } from "../core/dense.ts";
import { AtlasmtlError } from "../errors.ts";
import { applyReranker } from "../model/reranker.ts";
import { flagLowConfidence, type HeadScores } from "./confidence.ts";
import { type NetworkOutput, runNetwork } from "./forward.ts";
import { createGroupSums } from "./group-labels.ts";
import { askNeighbours, type KnnVotes } from "./knn-correction.ts";
import type { KnnSpace } from "./knn-space.ts";
import { measuredGenes } from "./measured-genes.ts";
import { prototypeDistances } from "./openset.ts";
import type { PredictSettings } from "./options.ts";
import type { PredictionPlan, PredictWork } from "./plan-prediction.ts";
import { createProbabilityTables } from "./probability-tables.ts";
import { countShared, markEmpty } from "./query-cells.ts";
import type { PlacedCells } from "./query-components.ts";
import type { PredictedLabels, PredictedSets, ProbabilityTable, Transferred, Warning } from "./types.ts";

/** Distances of cells to the reference, for open-set scoring. */
export interface OpensetScores {
  readonly scores: Float64Array;
  /** Number of centroids under `prototype`, else null. */
  readonly nPrototypes: number | null;
}

/** What is known of each cell by itself. Cells of parts of a query can be joined (`cell-arrays.ts`). */
export interface ScoredCells {
  readonly heads: readonly HeadScores[];
  /** Prediction sets by label column. */
  readonly sets: ReadonlyMap<string, PredictedSets>;
  /** Predicted coordinates, if they are kept. */
  readonly coords: ReadonlyMap<string, DenseMatrix>;
  /** 1 for a cell without a value in the genes of the model. */
  readonly isEmpty: Uint8Array;
  /** By label column; null if nobody voted. */
  readonly votes: readonly KnnVotes[] | null;
  readonly openset: OpensetScores | null;
  /** On the components that distances are measured on; null if none are. */
  readonly placed: PlacedCells | null;
  readonly probabilities: readonly ProbabilityTable[] | null;
  readonly probMatch: PredictedLabels | null;
  readonly transferred: Transferred | null;
  /** Sums over these cells, by head. */
  readonly groupSums: readonly Float64Array[] | null;
  readonly nRefined: number;
  /** Cells with the very coordinates of reference cells. */
  readonly nShared: number;
  readonly nBatches: number;
  readonly warnings: readonly Warning[];
}

/**
 * Scores the cells in the range of `plan`: steps 2 to 5 of docs/specification/3-prediction.md#order-of-steps. `onBlock` is
 * called after each block of rows.
 * @throws like `predict`.
 */
export async function scoreCells(
  plan: PredictionPlan,
  work: PredictWork,
  onBlock: () => void,
): Promise<ScoredCells> {
  const { model, settings, query, range, coherence, refinement, smoothing, setPlan, transfer, space } = plan;
  const { temperatures } = plan.calibration;
  const nCells = range.end - range.start;
  let nRefined = 0;
  const groups = plan.groups === null ? null : createGroupSums(model.labelHeads, plan.groups, range.start);
  const isEmpty = new Uint8Array(nCells);
  const probabilities =
    settings.probabilities === null
      ? null
      : createProbabilityTables(model.labelHeads, nCells, settings.probabilities);
  const linear = model.oneVsRest ? await oneVsRest(plan) : null;
  const probMatch = linear?.probMatch ?? null;
  const takers = [probabilities, groups, probMatch].flatMap((taker) => (taker === null ? [] : [taker.take]));
  const ofModel = await runNetwork(
    model,
    markEmpty(query.rows, isEmpty),
    {
      nObs: nCells,
      keep: pointsToKeep(settings, space, Boolean(model.oneVsRest)),
      temperatures,
      ...linear?.parts,
      // Smoothing scores what it makes of each column's own probabilities.
      coherence: smoothing === null && linear === null ? coherence : null,
      setThresholds: smoothing === null ? setPlan?.thresholds : undefined,
      kept: plan.called.kept,
      takers: smoothing === null ? takers : [smoothing.take],
      beforeScores: async (block, firstRow) => {
        await query.average?.(block, firstRow, plan.networkWeights);
        if (refinement === null || refinement.bound === null) return;
        const { column } = model.labelHeads[refinement.bound.childHead];
        nRefined += applyReranker(refinement.bound, block, temperatures.get(column) ?? 1);
      },
      onBlock,
    },
    work,
  );
  const smoothed =
    (await smoothing?.finish({ coherence, setThresholds: setPlan?.thresholds, takers }, work)) ?? null;
  const network = { ...ofModel, ...smoothed };
  const queries = space.queryObsm ?? network.points.get(space.name) ?? null;
  const { votes, openset } = await consultReference(network, queries, plan, work);
  const onMap = settings.keepCoords
    ? await (await import("./place-on-map.ts")).placeOnMap(model, network.points, settings, work)
    : { coords: new Map(), warnings: [] };
  const nShared =
    space.reference === null || queries === null ? 0 : countShared(queries, space.reference, isEmpty);
  return {
    heads: network.heads,
    sets: network.sets,
    coords: onMap.coords,
    isEmpty,
    votes,
    openset,
    placed: plan.distances.cells(),
    probabilities: probabilities?.tables ?? null,
    probMatch: probMatch?.labels ?? null,
    transferred: transfer?.finish(space.queryObsm === null ? isEmpty : null) ?? null,
    groupSums: groups?.sums ?? null,
    nRefined,
    nShared,
    nBatches: network.nBatches,
    warnings: [...(smoothed?.warnings ?? []), ...onMap.warnings],
  };
}

/** What a linear model computes in place of the network, loaded on first use. */
async function oneVsRest({ model, settings, query, range }: PredictionPlan) {
  const { createProbMatch, linearInference, ONE_VS_REST } = await import("./one-vs-rest.ts");
  return {
    parts: { inference: linearInference(model, measuredGenes(query.genes)), scoring: ONE_VS_REST },
    probMatch:
      settings.matchMode === "prob_match"
        ? createProbMatch(model.labelHeads[0], range.end - range.start, settings.pThres)
        : null,
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

/** The KNN vote and open-set scores, which compare cells with reference cells. */
async function consultReference(
  network: NetworkOutput,
  queries: DenseMatrix | null,
  { settings, space, transfer }: PredictionPlan,
  work: PredictWork,
): Promise<Pick<ScoredCells, "votes" | "openset">> {
  const isLowConf = network.heads.map((head) => flagLowConfidence(head, settings));
  const wantNearest = settings.opensetMethod === "nn_distance";
  const { votes, nearest } = await askNeighbours(
    network.heads,
    isLowConf,
    space,
    queries,
    { ...settings, wantNearest, watch: transfer?.take ?? null },
    work,
  );
  if (settings.opensetMethod === null || settings.opensetThreshold === null) return { votes, openset: null };
  if (nearest !== null) return { votes, openset: { scores: nearest, nPrototypes: null } };
  const column = settings.opensetLabelColumn ?? network.heads[0].column;
  const labels = space.labels.get(column);
  if (space.reference === null || queries === null || labels === undefined)
    throw new AtlasmtlError("BUG", `open-set scoring by ${column} has no reference`);
  return { votes, openset: await prototypeDistances(space.reference, labels, queries, work) };
}
