import { expect, test } from "vitest";
import { labels } from "../../test/helpers/labels.ts";
import type { LabelPrediction } from "../predict/types.ts";
import { countUnknownReasons } from "./unknown-reasons.ts";

/** One label per cell: its confidence, whether KNN was used and unsure, whether it is Unknown. */
function column(cells: readonly [conf: number, knnUnsure: 0 | 1, unknown: 0 | 1][]): LabelPrediction {
  const names = labels(cells.map(([, , unknown]) => (unknown === 1 ? "Unknown" : "A")));
  const flags = (pick: (cell: (typeof cells)[number]) => number) => Uint8Array.from(cells, pick);
  return {
    column: "type",
    raw: names,
    knn: names,
    final: names,
    conf: Float32Array.from(cells, ([conf]) => conf),
    margin: new Float32Array(cells.length),
    knnVoteFrac: new Float32Array(cells.length),
    isLowConf: flags(([conf]) => (conf < 0.7 ? 1 : 0)),
    isLowKnnConf: flags(([, unsure]) => unsure),
    usedKnn: flags(([, unsure]) => unsure),
    isUnknown: flags(([, , unknown]) => unknown),
  };
}

const settings = { confidenceLow: 0.4, opensetUsed: true, hierarchyEnforced: true };

test("each Unknown cell has one reason, the first that holds", () => {
  const first = column([
    [0.3, 1, 1],
    [0.5, 1, 1],
    [0.9, 0, 1],
    [0.9, 0, 0],
    [0.9, 0, 0],
  ]);
  const second = column([
    [0.9, 0, 0],
    [0.9, 0, 0],
    [0.9, 0, 1],
    [0.9, 0, 1],
    [0.4, 0, 0],
  ]);
  expect(countUnknownReasons([first, second], settings)).toEqual([
    { confidence: 1, neighbours: 1, distance: 1, hierarchy: 0 },
    { confidence: 0, neighbours: 0, distance: 1, hierarchy: 1 },
  ]);
});

test("what was not switched on is no reason", () => {
  const one = column([[0.9, 0, 1]]);
  expect(countUnknownReasons([one], { ...settings, hierarchyEnforced: false })[0]!.distance).toBe(1);
  expect(countUnknownReasons([one], { ...settings, opensetUsed: false })[0]!.hierarchy).toBe(1);
});

test("a confidence equal to the threshold as a float32 is not below it", () => {
  const one = column([[Math.fround(0.4), 0, 1]]);
  expect(countUnknownReasons([one], settings)[0]!.confidence).toBe(0);
});
