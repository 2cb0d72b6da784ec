import { expect, test } from "vitest";
import { countUnknownReasons } from "./unknown-reasons.ts";

test("cells are counted by the reason that prediction recorded, level by level", () => {
  const levels = [
    { unknownReasons: Int32Array.of(0, 1, 3, -1, 0) },
    { unknownReasons: Int32Array.of(-1, 4) },
  ];
  expect(countUnknownReasons(levels)).toEqual([
    { low_confidence: 2, knn_disagrees: 1, unlike_reference: 0, open_set: 1, hierarchy: 0 },
    { low_confidence: 0, knn_disagrees: 0, unlike_reference: 0, open_set: 0, hierarchy: 1 },
  ]);
});
