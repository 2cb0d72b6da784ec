/**
 * Finds the parents whose children are confused most (docs/specification/3-prediction.md#hotspots). @module
 */

import { compareCodePoints } from "../core/order.ts";
import { AtlasmtlError, option, phrase } from "../errors.ts";
import { HOTSPOT_SELECTIONS, type HotspotSelection } from "../schema/scores.ts";
import type { ParentEdgeRates } from "./hierarchy-metrics.ts";

export interface HotspotOptions {
  readonly selection: HotspotSelection;
  /** Number of parents that `topk` selects. */
  readonly topK: number;
  /** Share of all errors that `cumulative_contribution` reaches, above 0, up to 1. */
  readonly targetContribution: number;
  /** Parents with fewer cells are ignored. */
  readonly minCells: number;
  /** Maximum number of parents for both selections. */
  readonly maxParents: number;
}

export const DEFAULT_HOTSPOT_OPTIONS: HotspotOptions = {
  selection: "topk",
  topK: 4,
  targetContribution: 0.8,
  minCells: 50,
  maxParents: 10,
};

/** Number of parents whose share defines the concentration. */
const N_CONCENTRATED = 3;

/** One parent and its part of the errors. */
export interface Hotspot {
  readonly parent: string;
  readonly nCells: number;
  readonly parentCorrectChildWrongRate: number;
  /** Rate × cells: cells with the right parent and a wrong child. */
  readonly score: number;
  /** Share of the score of all parents of the table, 0 to 1. */
  readonly contribution: number;
}

export interface Hotspots {
  /** The chosen parents, highest score first. */
  readonly chosen: readonly Hotspot[];
  /** Share of all errors under the `N_CONCENTRATED` worst parents; 0 without errors. */
  readonly concentration: number;
}

/**
 * Selects hotspot parents from a table with one row per parent.
 *
 * Parents without an error are never selected; equal scores are ordered by code point.
 * @throws USAGE for an option outside its range.
 */
export function discoverHotspots(
  table: readonly Pick<ParentEdgeRates, "parent" | "nCells" | "parentCorrectChildWrongRate">[],
  options: Partial<HotspotOptions> = {},
): Hotspots {
  const settings = { ...DEFAULT_HOTSPOT_OPTIONS, ...options };
  check(settings);
  const scores = table.map((row) => row.parentCorrectChildWrongRate * row.nCells);
  const total = scores.reduce((sum, score) => sum + score, 0);
  const ranked = table
    .map(({ parent, nCells, parentCorrectChildWrongRate }, i) => ({
      parent,
      nCells,
      parentCorrectChildWrongRate,
      score: scores[i],
      contribution: total > 0 ? scores[i] / total : 0,
    }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || compareCodePoints(a.parent, b.parent));
  const eligible = ranked.filter(({ nCells }) => nCells >= settings.minCells);
  const wanted = settings.selection === "topk" ? settings.topK : prefixLength(eligible, settings);
  return {
    chosen: eligible.slice(0, Math.min(wanted, settings.maxParents)),
    concentration: ranked.slice(0, N_CONCENTRATED).reduce((sum, { contribution }) => sum + contribution, 0),
  };
}

/** Number of the worst parents that together reach the target; all if they do not. */
function prefixLength(ranked: readonly Hotspot[], { targetContribution }: HotspotOptions): number {
  let sum = 0;
  for (let n = 0; n < ranked.length; n++) {
    sum += ranked[n].contribution;
    // Shares that add up to the target in decimals may be below it by a rounding error.
    if (sum >= targetContribution - 1e-12) return n + 1;
  }
  return ranked.length;
}

function check({ selection, topK, targetContribution, minCells, maxParents }: HotspotOptions): void {
  const wrong = (name: string, got: unknown, expected: string): AtlasmtlError =>
    new AtlasmtlError("USAGE", phrase`${option(name)} is ${String(got)}, expected ${expected}`);
  if (!HOTSPOT_SELECTIONS.includes(selection))
    throw wrong("selection", selection, HOTSPOT_SELECTIONS.join(" or "));
  for (const [name, value] of Object.entries({ topK, maxParents, minCells }))
    if (!(Number.isSafeInteger(value) && value >= 1)) throw wrong(name, value, "a whole number of 1 or more");
  if (!(targetContribution > 0 && targetContribution <= 1))
    throw wrong("targetContribution", targetContribution, "a share above 0, up to 1");
}
