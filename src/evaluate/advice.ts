/**
 * Advice on task weights and refinement; it is not applied automatically
 * (docs/specification/3-prediction.md#advice).
 * @module
 */
import { REFINEMENT_RULE_VERSION, TASK_WEIGHT_RULE_VERSION } from "../schema/scores.ts";

/** The input of both kinds of advice; unknown values are null. */
export interface PolicyFeatures {
  /** Label columns, coarse to fine. */
  readonly nLevels: number;
  readonly coarsestMacroF1: number;
  readonly finestMacroF1: number;
  readonly finestBalancedAccuracy: number;
  /** Of the finest edge. */
  readonly parentCorrectChildWrongRate: number;
  readonly fullPathAccuracy: number;
  /** Share of cells that enforcing the hierarchy changes at the finest level, 0 to 1. */
  readonly hierarchyGap: number | null;
  /** Share of the errors of the finest edge that occur under its worst parents, 0 to 1. */
  readonly hotspotConcentration: number | null;
}

/** One set of task weights to try. */
export interface TaskWeightCandidate {
  readonly name: string;
  readonly weights: readonly number[];
}

export interface Advice {
  readonly activate: boolean;
  /** The decision in words. */
  readonly note: string;
  readonly features: PolicyFeatures;
  readonly ruleVersion: string;
}

export interface TaskWeightAdvice extends Advice {
  /** Empty without a proposal. */
  readonly candidates: readonly TaskWeightCandidate[];
}

export interface RefinementAdvice extends Advice {
  /** Parents to refine; null without a proposal. */
  readonly topParents: number | null;
}

const SCHEDULES: ReadonlyMap<number, readonly TaskWeightCandidate[]> = new Map([
  [3, pair([0.8, 1, 1.8], [0.5, 1, 3])],
  [4, pair([0.7, 0.8, 1, 1.8], [0.2, 0.7, 1.5, 3])],
  [5, pair([0.7, 0.8, 1, 1.2, 2], [0.4, 0.6, 0.9, 1.3, 3])],
]);

function pair(mild: readonly number[], strong: readonly number[]): readonly TaskWeightCandidate[] {
  return [
    { name: "mild", weights: mild },
    { name: "strong", weights: strong },
  ];
}

/**
 * Recommends other task weights if the finest level is hard and the hierarchy shows where.
 *
 * There are default candidates for 3, 4 and 5 levels; for other numbers of levels they must be given.
 */
export function suggestTaskWeightSchedule(
  features: PolicyFeatures,
  schedules: readonly TaskWeightCandidate[] = SCHEDULES.get(features.nLevels) ?? [],
): TaskWeightAdvice {
  const { finestMacroF1, finestBalancedAccuracy, parentCorrectChildWrongRate: rate } = features;
  const { hierarchyGap, hotspotConcentration } = features;
  const difficulty = signs([
    [
      atLeast(features.coarsestMacroF1 - finestMacroF1, 0.1),
      "macro-F1 falls by 0.10 or more from coarse to fine",
    ],
    [atMost(finestBalancedAccuracy, 0.7), "balanced accuracy of the finest level is at most 0.70"],
    [atMost(finestMacroF1, 0.7), "macro-F1 of the finest level is at most 0.70"],
  ]);
  const structure = signs([
    [atLeast(rate, 0.08), "8 % of cells or more have the right parent and a wrong child"],
    [
      atLeast(finestMacroF1 - features.fullPathAccuracy, 0.1),
      "full paths are right far less often than labels",
    ],
    [hierarchyGap !== null && atLeast(hierarchyGap, 0.01), "enforcing the hierarchy changes 1 % or more"],
    [
      hotspotConcentration !== null && atLeast(hotspotConcentration, 0.45) && atLeast(rate, 0.05),
      "mistakes gather under few parents",
    ],
  ]);
  const isMet = difficulty.length > 0 && structure.length > 0;
  const candidates = isMet ? schedules : [];
  const note = isMet
    ? candidates.length > 0
      ? `Try other task weights: ${[...difficulty, ...structure].join("; ")}.`
      : `The signs are there, but schedules exist for 3 to 5 levels and the model has ${features.nLevels}.`
    : `Keep the task weights: ${missing(difficulty, structure)}.`;
  return {
    activate: candidates.length > 0,
    note,
    features,
    ruleVersion: TASK_WEIGHT_RULE_VERSION,
    candidates,
  };
}

/** Recommends whether to refine children within their parents, and for how many parents. */
export function suggestParentConditionedRefinement(features: PolicyFeatures): RefinementAdvice {
  const {
    parentCorrectChildWrongRate: rate,
    finestMacroF1,
    fullPathAccuracy,
    hotspotConcentration,
  } = features;
  const difficulty = signs([
    [atLeast(finestMacroF1 - fullPathAccuracy, 0.05), "full paths are right less often than labels"],
    [atMost(finestMacroF1, 0.75), "macro-F1 of the finest level is at most 0.75"],
  ]);
  const isOften = atLeast(rate, 0.05);
  const isConcentrated = hotspotConcentration !== null && atLeast(hotspotConcentration, 0.4);
  const activate = isOften && isConcentrated && difficulty.length > 0;
  const reasons = [
    ...(isOften ? [] : ["fewer than 5 % of cells have the right parent and a wrong child"]),
    ...(isConcentrated ? [] : ["mistakes do not gather under few parents"]),
    ...(difficulty.length > 0 ? [] : ["the finest level is not hard"]),
  ];
  return {
    activate,
    note: activate
      ? `Refine: 5 % of cells or more have the right parent and a wrong child, under few parents; ${difficulty.join("; ")}.`
      : `Do not refine: ${reasons.join("; ")}.`,
    features,
    ruleVersion: REFINEMENT_RULE_VERSION,
    topParents: activate ? (features.nLevels === 4 ? 6 : 4) : null,
  };
}

/** Bounds are decimal: the difference of 0.8 and 0.7 must count as 0.1. */
const ROUNDING = 1e-12;
const atLeast = (value: number, bound: number): boolean => value >= bound - ROUNDING;
const atMost = (value: number, bound: number): boolean => value <= bound + ROUNDING;

function signs(tests: readonly (readonly [holds: boolean, words: string])[]): string[] {
  return tests.filter(([holds]) => holds).map(([, words]) => words);
}

function missing(difficulty: readonly string[], structure: readonly string[]): string {
  if (difficulty.length === 0 && structure.length === 0) return "there is no sign of difficulty or structure";
  return difficulty.length === 0 ? "there is no sign of difficulty" : "there is no sign of structure";
}
