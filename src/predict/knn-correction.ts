/**
 * Corrects labels by a vote of the nearest reference cells
 * (docs/specification/3-prediction.md#knn-correction). @module
 */

import type { DenseMatrix } from "../core/dense.ts";
import { compareCodePoints } from "../core/order.ts";
import type { WorkOptions } from "../core/progress.ts";
import { AtlasmtlError } from "../errors.ts";
import type { Engine } from "../kernels/types.ts";
import type { ReferenceLabels } from "../model/types.ts";
import type { KnnCorrection, KnnVoteMode } from "../schema/prediction-options.ts";
import type { HeadScores } from "./confidence.ts";
import { chosenCells, type NeighbourWatch, visitNeighbours } from "./neighbours.ts";
import type { PredictSettings } from "./options.ts";
import { labelPrototypes } from "./prototypes.ts";
import type { PredictedLabels } from "./types.ts";
import { type Ballot, createBallot } from "./vote.ts";

/** The result of the KNN vote in one label column. */
export interface KnnLabels {
  /** The KNN label where there was a vote, the network's label elsewhere. */
  readonly labels: PredictedLabels;
  /** The labels after the vote: {@link labels}, or the model's own where the vote is a second opinion. */
  readonly decided: PredictedLabels;
  /** Share of the vote, 0 to 1; NaN where there was none. */
  readonly voteFrac: Float32Array;
  /** Where the vote decided. */
  readonly used: Uint8Array;
  readonly isLow: Uint8Array;
  /** Share of cells that were voted on; 0 without cells. */
  readonly coverage: number;
}

/** The votes on the cells of one label column. */
export interface KnnVotes {
  /** Labels of the model and of the reference, sorted by code point; all codes are indices into it. */
  readonly categories: readonly string[];
  /** The label of the vote, the network's where there was none. */
  readonly codes: Int32Array;
  /** Share of the vote, NaN where there was none. */
  readonly voteFrac: Float32Array;
  /** 1 where there was a vote. */
  readonly used: Uint8Array;
}

/** A label column being voted on. */
interface Poll extends KnnVotes {
  readonly referenceCodes: Int32Array;
  readonly isWanted: (cell: number) => boolean;
  readonly ballot: Ballot;
}

/** The votes of the neighbours, and the distance to the nearest one. */
export interface KnnAnswer {
  /** By label column; null if nobody voted. */
  readonly votes: readonly KnnVotes[] | null;
  /** For each cell the distance to the nearest reference cell, if requested. */
  readonly nearest: Float64Array | null;
}

/**
 * Runs the KNN vote for the cells that `knnCorrection` selects.
 *
 * In `full` mode one search serves all label columns, the `wantNearest` distances and `watch`; in `prototypes` mode
 * each column searches its own centroids. If no neighbour of a cell has a label, the cell keeps the network's
 * label and counts as not corrected.
 * @throws ABORTED, and what the engine throws.
 */
export async function askNeighbours(
  heads: readonly HeadScores[],
  isLowConf: readonly Uint8Array[],
  space: { readonly reference: DenseMatrix | null; readonly labels: ReadonlyMap<string, ReferenceLabels> },
  queries: DenseMatrix | null,
  settings: PredictSettings & {
    readonly wantNearest: boolean;
    /** Is shown the `knnK` neighbours of every cell. */
    readonly watch: NeighbourWatch | null;
  },
  work: WorkOptions & { readonly engine: Engine },
): Promise<KnnAnswer> {
  const { knnCorrection, knnVoteMode, knnReferenceMode, knnK, wantNearest, watch } = settings;
  const { reference } = space;
  if (reference === null || queries === null) return { votes: null, nearest: null };

  const nObs = queries.nRows;
  const polls =
    knnCorrection === "off"
      ? []
      : heads.map((head, h) =>
          openPoll(
            head,
            labelsOf(space.labels, head.column),
            knnVoteMode,
            wanted(knnCorrection, isLowConf[h]),
          ),
        );
  const nearest = wantNearest ? new Float64Array(nObs) : null;
  const shared = knnReferenceMode === "full" ? polls : [];
  const isEvery = wantNearest || watch !== null;
  const cells = chosenCells(nObs, isEvery ? null : (cell) => shared.some((poll) => poll.isWanted(cell)));
  const k = shared.length > 0 || watch !== null ? knnK : 1;
  await visitNeighbours(
    { reference, queries, cells, k, isApproximate: settings.knnIndexMode !== "exact" },
    (block, neighbours) => {
      watch?.(block, neighbours);
      block.forEach((cell, row) => {
        if (nearest !== null) nearest[cell] = neighbours.distances[row * neighbours.k];
        for (const poll of shared)
          if (poll.isWanted(cell)) count(poll, cell, poll.ballot(poll.referenceCodes, neighbours, row));
      });
    },
    work,
  );
  if (knnReferenceMode === "prototypes")
    for (const poll of polls) {
      const { points, labels } = labelPrototypes(reference, poll.referenceCodes, poll.categories.length);
      if (points.nRows === 0) continue;
      await visitNeighbours(
        { reference: points, queries, cells: chosenCells(nObs, poll.isWanted), k: knnK },
        (block, neighbours) => {
          block.forEach((cell, row) => {
            count(poll, cell, poll.ballot(labels, neighbours, row));
          });
        },
        work,
      );
    }
  return { votes: polls.length === 0 ? null : polls, nearest };
}

function wanted(correction: KnnCorrection, isLowConf: Uint8Array): (cell: number) => boolean {
  return correction === "all" ? () => true : (cell) => isLowConf[cell] === 1;
}

function labelsOf(labels: ReadonlyMap<string, ReferenceLabels>, column: string): ReferenceLabels {
  const found = labels.get(column);
  if (found === undefined) throw new AtlasmtlError("BUG", `labels of ${column} were not checked`);
  return found;
}

function openPoll(
  head: HeadScores,
  reference: ReferenceLabels,
  mode: KnnVoteMode,
  isWanted: (cell: number) => boolean,
): Poll {
  const nObs = head.raw.length;
  const categories = [...new Set([...head.classes, ...reference.categories])].sort(compareCodePoints);
  const codeOf = new Map(categories.map((name, code) => [name, code]));
  const renumbered = (names: readonly string[]): number[] => names.map((name) => codeOf.get(name) ?? -1);
  const ofClass = renumbered(head.classes);
  const ofReference = renumbered(reference.categories);
  return {
    categories,
    referenceCodes: reference.codes.map((code) => ofReference[code] ?? -1),
    isWanted,
    ballot: createBallot(mode, categories.length),
    codes: head.raw.map((code) => ofClass[code]),
    voteFrac: new Float32Array(nObs).fill(Number.NaN),
    used: new Uint8Array(nObs),
  };
}

function count(poll: Poll, cell: number, verdict: { readonly code: number; readonly share: number }): void {
  if (verdict.code < 0) return;
  poll.codes[cell] = verdict.code;
  poll.voteFrac[cell] = verdict.share;
  poll.used[cell] = 1;
}

/**
 * The result of the votes on the cells of `head`, null if nobody voted. The threshold is rounded to float32 as the shares are:
 * a share of 9/15 is not below 0.6.
 */
export function countVotes(
  head: HeadScores,
  votes: KnnVotes | null,
  { knnConfLow, knnCorrection }: Pick<PredictSettings, "knnConfLow" | "knnCorrection">,
): KnnLabels {
  if (votes === null) return notCorrected(head);
  const { categories, codes, voteFrac, used } = votes;
  const isOpinion = knnCorrection === "second_opinion";
  const threshold = Math.fround(knnConfLow);
  const nUsed = used.reduce((sum, flag) => sum + flag, 0);
  const labels = { codes, categories };
  return {
    labels,
    decided: isOpinion ? { codes: head.raw.slice(), categories: head.classes } : labels,
    voteFrac,
    used: isOpinion ? new Uint8Array(used.length) : used,
    isLow: Uint8Array.from(voteFrac, (share) => (share < threshold ? 1 : 0)),
    coverage: used.length === 0 ? 0 : nUsed / used.length,
  };
}

function notCorrected(head: HeadScores): KnnLabels {
  const nObs = head.raw.length;
  const labels = { codes: head.raw.slice(), categories: head.classes };
  return {
    labels,
    decided: labels,
    voteFrac: new Float32Array(nObs).fill(Number.NaN),
    used: new Uint8Array(nObs),
    isLow: new Uint8Array(nObs),
    coverage: 0,
  };
}
