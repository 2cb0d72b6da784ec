import { describe, expect, test } from "vitest";
import { toPlain } from "../core/config.ts";
import { planChildCorrection, resolveChildOptions } from "./child-options.ts";

const columns = ["l1", "l2", "l3"];
const given = { parentLevel: "l2", targetLevel: "l3", hotspotParents: ["DC", "B"] };
const coded = (column: string, classes: string[], values: (string | null)[]) => ({
  column,
  classes,
  codes: Int32Array.from(values, (value) => (value === null ? -1 : classes.indexOf(value))),
});
const labels = [
  coded("l1", ["x"], ["x", "x", "x", "x", "x", "x"]),
  coded("l2", ["B", "DC", "T"], ["B", "DC", "B", "DC", "T", "B"]),
  coded("l3", ["adc", "bmem", "bnaive", "pdc", "t"], ["bnaive", "pdc", "bmem", "adc", "t", null]),
];

test("the stored config has the keys, the order and the kinds of the original's", () => {
  const options = resolveChildOptions(
    { ...given, featureMode: "reranker_like", rankLossWeight: 0.1 },
    columns,
  );
  const plan = planChildCorrection(options, labels, 32);
  expect(plan.parents).toEqual([
    { index: 0, children: [1, 2], nFeatures: 2 * 2 + 3 + 3 },
    { index: 1, children: [0, 3], nFeatures: 2 * 2 + 3 + 3 },
  ]);
  expect(plan.warnings).toEqual([]);
  expect(toPlain(plan.config)).toEqual({
    enabled: true,
    parent_level: "l2",
    target_level: "l3",
    parent_head_index: 1,
    child_head_index: 2,
    hotspot_parents: ["B", "DC"],
    hotspot_parent_indices: [0, 1],
    hotspot_child_indices: { "0": [1, 2], "1": [0, 3] },
    legal_child_names: { B: ["bmem", "bnaive"], DC: ["adc", "pdc"] },
    mode: "joint",
    base_lr_scale: 0.1,
    loss_weight: 1,
    hidden_dim: 64,
    residual_scale: 1,
    feature_mode: "reranker_like",
    rank_loss_weight: 0.1,
    rank_margin: 0.2,
  });
});

test("standard features are the latent, the parents and the own children", () => {
  const plan = planChildCorrection(resolveChildOptions(given, columns), labels, 32);
  expect(plan.parents.map(({ nFeatures }) => nFeatures)).toEqual([32 + 3 + 2, 32 + 3 + 2]);
});

test("a parent with one child is trained with a warning", () => {
  const options = resolveChildOptions({ ...given, hotspotParents: ["T"] }, columns);
  expect(planChildCorrection(options, labels, 4).warnings[0].message).toMatch(/"T" has one child only/);
});

describe("options that cannot be", () => {
  test.each<[object, RegExp]>([
    [{ ...given, hotspotParents: [] }, /childCorrection\.hotspotParents is empty/],
    [{ ...given, parentLevel: "l1" }, /two label columns next to each other/],
    [{ ...given, parentLevel: "l3", targetLevel: "l2" }, /two label columns next to each other/],
    [{ ...given, targetLevel: "l33" }, /"l33", expected one of the label columns.*"l3"/],
    [{ ...given, mode: "frozen" }, /frozen_base/],
    [{ ...given, baseLrScale: 0 }, /baseLrScale is 0/],
    [{ ...given, hiddenDim: 0 }, /hiddenDim is 0/],
    [{ ...given, rankMargin: -1 }, /rankMargin is -1/],
    [{ ...given, rankMargn: 1 }, /no option "rankMargn".*"rankMargin"/],
    [{ parentLevel: "l2", targetLevel: "l3" }, /hotspotParents is undefined/],
  ])("%j", (options, message) => {
    expect(() => resolveChildOptions(options, columns)).toThrow(message);
  });

  test("a parent that does not occur, or has no labelled child", () => {
    const plan = (parents: string[], own = labels) =>
      planChildCorrection(resolveChildOptions({ ...given, hotspotParents: parents }, columns), own, 4);
    expect(() => plan(["BB"])).toThrow(/"BB" is no class of "l2"/);
    const bare = [labels[0], labels[1], { ...labels[2], codes: new Int32Array(6).fill(-1) }];
    expect(() => plan(["B"], bare)).toThrow(/no cell of the hotspot parent "B" has a label/);
  });
});
