import { expect, test } from "vitest";
import { identityModel, referenceLabels } from "../../test/helpers/predict-fixtures.ts";
import {
  deriveHierarchyRules,
  enforceHierarchy,
  parseHierarchyRules,
  resolveHierarchy,
} from "./hierarchy-rules.ts";
import type { PredictedLabels } from "./types.ts";
import { withUnknown } from "./unknown.ts";

function column(name: string, labels: readonly string[]) {
  const isUnknown = Uint8Array.from(labels, (label) => (label === "Unknown" ? 1 : 0));
  const plain = referenceLabels(labels.map((label) => (label === "Unknown" ? "filler" : label)));
  return { column: name, final: withUnknown(plain, isUnknown), isUnknown };
}

const names = ({ codes, categories }: PredictedLabels): string[] =>
  [...codes].map((code) => categories[code]);

const rules = parseHierarchyRules({
  kind: { parent_col: "group", child_to_parent: { a1: "a", a2: "a", b1: "b" } },
  fine: { parent_col: "kind", child_to_parent: { x: "a1", y: "b1", z: "no such label" } },
});

test("a child that contradicts its parent becomes Unknown; unknown, unmapped and consistent ones stay", () => {
  const group = column("group", ["a", "a", "Unknown", "b", "b"]);
  const kind = column("kind", ["a1", "b1", "b1", "odd", "Unknown"]);
  const rates = enforceHierarchy([group, kind], rules);
  expect(names(kind.final)).toEqual(["a1", "Unknown", "b1", "odd", "Unknown"]);
  expect([...kind.isUnknown]).toEqual([0, 1, 0, 0, 1]);
  expect([...rates]).toEqual([["kind", 0.2]]);
});

test("rules apply coarse to fine: a child of a parent just made Unknown is left alone", () => {
  const columns = [column("group", ["b", "a"]), column("kind", ["a1", "a1"]), column("fine", ["y", "y"])];
  const rates = enforceHierarchy(columns, rules);
  expect(names(columns[1].final)).toEqual(["Unknown", "a1"]);
  expect(names(columns[2].final)).toEqual(["y", "Unknown"]);
  expect([...rates.values()]).toEqual([0.5, 0.5]);
});

test("a child whose parent is never predicted contradicts every known parent", () => {
  const columns = [column("kind", ["a1"]), column("fine", ["z"])];
  enforceHierarchy(columns, rules);
  expect(names(columns[1].final)).toEqual(["Unknown"]);
});

test("no cells have rate 0", () => {
  expect(enforceHierarchy([column("group", []), column("kind", [])], rules).get("kind")).toBe(0);
});

test("rules derived from a reference map each child and report those with more than one parent", () => {
  const labels = new Map([
    ["group", referenceLabels(["b", "a", "a", "b", null, "c"])],
    ["kind", referenceLabels(["x", "x", "x", "y", "z", null])],
  ]);
  const { rules: derived, ambiguous } = deriveHierarchyRules(labels, ["group", "kind"]);
  expect([...(derived.get("kind")?.childToParent ?? [])]).toEqual([
    ["x", "a"],
    ["y", "b"],
  ]);
  expect(derived.get("kind")?.parentColumn).toBe("group");
  expect(ambiguous).toEqual([
    {
      column: "kind",
      child: "x",
      parents: [
        { label: "a", nCells: 2 },
        { label: "b", nCells: 1 },
      ],
    },
  ]);
  expect(() => deriveHierarchyRules(labels, ["group", "other"])).toThrow(/no labels for other/);
});

test.each([
  [[], /an object here, got an array/],
  [{ kind: { child_to_parent: {} } }, /a column name here, got a value of type undefined/],
  [{ kind: { parent_col: "group" } }, /an object here/],
  [{ kind: { parent_col: "group", child_to_parent: { a: 1 } } }, /a label here, got a value of type number/],
])("rules %o are refused", (json, message) => {
  expect(() => parseHierarchyRules(json)).toThrow(message);
});

test("a rule for __proto__ is data like any other", () => {
  const parsed = parseHierarchyRules(JSON.parse('{"__proto__": {"parent_col": "p", "child_to_parent": {}}}'));
  expect([...parsed.keys()]).toEqual(["__proto__"]);
});

test("rules must name the model's columns, coarse before fine, and strange parents are pointed out", async () => {
  const model = identityModel(null);
  const resolve = (child: string, parent: string, map: [string, string][] = [], enforceHierarchy = true) => {
    const hierarchyRules = new Map([[child, { parentColumn: parent, childToParent: new Map(map) }]]);
    const settings = { enforceHierarchy, coherentProbabilities: false, deepestLabel: false };
    return resolveHierarchy(model, { hierarchyRules, ...settings });
  };
  await expect(resolve("kin", "group")).rejects.toThrow(/did you mean "kind"/);
  await expect(resolve("group", "kind")).rejects.toThrow(/from coarse to fine/);
  const { warnings } = await resolve("kind", "group", [["a1", "q"]]);
  expect(warnings[0].message).toContain("parents that the model does not predict: q");
  const idle = await resolve("kind", "group", [], false);
  expect([idle.rules.size, idle.warnings[0].message]).toEqual([0, expect.stringContaining("not enforced")]);
});
