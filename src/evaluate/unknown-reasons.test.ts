import { expect, test } from "vitest";
import { UNKNOWN_REASONS } from "../schema/prediction.ts";
import { countUnknownReasons } from "./unknown-reasons.ts";

test("cells are counted by the reason that prediction recorded, level by level", () => {
  const codeOf = (reason: string | null): number =>
    (UNKNOWN_REASONS as readonly (string | null)[]).indexOf(reason);
  const levels = [
    {
      unknownReasons: Int32Array.from(
        ["low_confidence", "knn_disagrees", "open_set", null, "low_confidence"],
        codeOf,
      ),
    },
    { unknownReasons: Int32Array.from([null, "hierarchy", "no_counts"], codeOf) },
  ];
  expect(countUnknownReasons(levels)).toEqual([
    { no_counts: 0, low_confidence: 2, knn_disagrees: 1, unlike_reference: 0, open_set: 1, hierarchy: 0 },
    { no_counts: 1, low_confidence: 0, knn_disagrees: 0, unlike_reference: 0, open_set: 0, hierarchy: 1 },
  ]);
});
