import { expect, test } from "vitest";
import { referenceLabels } from "../../test/helpers/predict-fixtures.ts";
import { toyPredictions } from "../../test/helpers/toy-predictions.ts";
import { deepestLabels } from "./deepest.ts";
import type { HierarchyRules } from "./hierarchy-rules.ts";
import type { LabelPrediction } from "./types.ts";
import { withUnknown } from "./unknown.ts";

function prediction(column: string, labels: readonly string[]): LabelPrediction {
  const isUnknown = Uint8Array.from(labels, (label) => (label === "Unknown" ? 1 : 0));
  const final = withUnknown(
    referenceLabels(labels.map((label) => (label === "Unknown" ? "-" : label))),
    isUnknown,
  );
  return { ...toyPredictions().labels[0], column, isUnknown, final };
}

const RULES: HierarchyRules = new Map([
  [
    "kind",
    {
      parentColumn: "group",
      childToParent: new Map([
        ["a1", "a"],
        ["b1", "b"],
      ]),
    },
  ],
]);

function deepest(columns: Readonly<Record<string, readonly string[]>>, rules = RULES) {
  const { labels, columns: of } = deepestLabels(
    Object.entries(columns).map(([name, labels]) => prediction(name, labels)),
    rules,
  );
  return Array.from(labels.codes, (code, i) => [labels.categories[code], of.categories[of.codes[i]] ?? null]);
}

test("the finest known label is taken, down to where one is Unknown", () => {
  const levels = {
    group: ["a", "a", "Unknown", "b"],
    kind: ["a1", "Unknown", "a1", "b1"],
    state: ["s", "s", "s", "Unknown"],
  };
  expect(deepest(levels)).toEqual([
    ["s", "state"],
    ["a", "group"],
    ["Unknown", null],
    ["b1", "kind"],
  ]);
});

test("a label that contradicts its parent is not gone down to; one without a rule is", () => {
  const levels = { group: ["a", "a"], kind: ["b1", "odd"] };
  expect(deepest(levels)).toEqual([
    ["a", "group"],
    ["odd", "kind"],
  ]);
  expect(deepest(levels, new Map())[0]).toEqual(["b1", "kind"]);
});

test("one name on two levels is one category", () => {
  const { labels } = deepestLabels([prediction("group", ["B"]), prediction("kind", ["B"])], new Map());
  expect(labels.categories.filter((label) => label === "B")).toHaveLength(1);
});

test("without cells there are none", () => {
  expect(deepest({ group: [], kind: [] })).toEqual([]);
});
