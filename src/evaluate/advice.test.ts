import { expect, test } from "vitest";
import {
  type PolicyFeatures,
  suggestParentConditionedRefinement,
  suggestTaskWeightSchedule,
} from "./advice.ts";

/** Nothing is wrong. */
const calm: PolicyFeatures = {
  nLevels: 3,
  coarsestMacroF1: 0.9,
  finestMacroF1: 0.85,
  finestBalancedAccuracy: 0.85,
  parentCorrectChildWrongRate: 0.01,
  fullPathAccuracy: 0.84,
  hierarchyGap: 0,
  hotspotConcentration: 0.9,
};
const difficult = { finestBalancedAccuracy: 0.7 };
const structured = { parentCorrectChildWrongRate: 0.08 };

test.each([
  ["no sign", {}, false],
  ["difficulty alone", difficult, false],
  ["structure alone", structured, false],
  ["balanced accuracy and rate, on their bounds", { ...difficult, ...structured }, true],
  ["just off the bounds", { finestBalancedAccuracy: 0.701, ...structured }, false],
  ["a macro-F1 gap of 0.1", { coarsestMacroF1: 0.95, ...structured }, true],
  ["macro-F1 and full path", { finestMacroF1: 0.7, fullPathAccuracy: 0.6, coarsestMacroF1: 0.7 }, true],
  ["hierarchy gap", { ...difficult, hierarchyGap: 0.01 }, true],
  [
    "concentration without the rate",
    { ...difficult, hotspotConcentration: 0.45, parentCorrectChildWrongRate: 0.04 },
    false,
  ],
  [
    "concentration with the rate",
    { ...difficult, hotspotConcentration: 0.45, parentCorrectChildWrongRate: 0.05 },
    true,
  ],
  ["unknown gap and concentration", { ...difficult, hierarchyGap: null, hotspotConcentration: null }, false],
] as const)("task weights: %s", (_, change, expected) => {
  const advice = suggestTaskWeightSchedule({ ...calm, ...change });
  expect([advice.activate, advice.candidates.length]).toEqual([expected, expected ? 2 : 0]);
  expect(advice.note).not.toBe("");
});

test.each([
  [3, [0.8, 1, 1.8], [0.5, 1, 3]],
  [4, [0.7, 0.8, 1, 1.8], [0.2, 0.7, 1.5, 3]],
  [5, [0.7, 0.8, 1, 1.2, 2], [0.4, 0.6, 0.9, 1.3, 3]],
])("schedules of %i levels", (nLevels, mild, strong) => {
  const { candidates } = suggestTaskWeightSchedule({ ...calm, ...difficult, ...structured, nLevels });
  expect(candidates).toEqual([
    { name: "mild", weights: mild },
    { name: "strong", weights: strong },
  ]);
});

test("other numbers of levels have no schedule, and the note says so", () => {
  const advice = suggestTaskWeightSchedule({ ...calm, ...difficult, ...structured, nLevels: 2 });
  expect([advice.activate, advice.note.includes("3 to 5 levels")]).toEqual([false, true]);
});

const hot = { parentCorrectChildWrongRate: 0.05, hotspotConcentration: 0.4, finestMacroF1: 0.75 };
test.each([
  ["on the bounds", hot, true, 4],
  ["four levels", { ...hot, nLevels: 4 }, true, 6],
  ["full path far below macro-F1", { ...hot, finestMacroF1: 0.85, fullPathAccuracy: 0.8 }, true, 4],
  ["neither hard nor broken", { ...hot, finestMacroF1: 0.85 }, false, null],
  ["a low rate", { ...hot, parentCorrectChildWrongRate: 0.049 }, false, null],
  ["no concentration", { ...hot, hotspotConcentration: 0.39 }, false, null],
  ["an unknown concentration", { ...hot, hotspotConcentration: null }, false, null],
] as const)("refinement: %s", (_, change, activate, topParents) => {
  expect(suggestParentConditionedRefinement({ ...calm, ...change })).toMatchObject({ activate, topParents });
});
