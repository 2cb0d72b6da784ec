import { expect, test } from "vitest";
import { labels } from "../../../../test/helpers/labels.ts";
import { randomUniform, streamKey } from "../../../core/rng.ts";
import type { LabelPrediction } from "../../../predict/types.ts";
import { UNKNOWN_REASONS } from "../../../schema/prediction.ts";
import { readMethod } from "../types.ts";
import { leastSure, leastSureSection } from "./least-sure.ts";

const NO_COUNTS = UNKNOWN_REASONS.indexOf("no_counts");

test("the fifty cells of the lowest confidence, as a full sort finds them, the first of equals", () => {
  const conf = Float32Array.from(
    { length: 3000 },
    (_, i) => Math.floor(40 * randomUniform(streamKey(3, "conf"), i)) / 40,
  );
  conf[5] = Number.NaN;
  const unknownReasons = new Int32Array(3000).fill(-1);
  for (const cell of [0, 17, 200]) {
    conf[cell] = 0;
    unknownReasons[cell] = NO_COUNTS;
  }
  const sorted = [...conf.keys()]
    .filter((cell) => cell !== 5 && unknownReasons[cell] < 0)
    .sort((a, b) => conf[a] - conf[b] || a - b);
  expect(leastSure({ conf, unknownReasons })).toEqual({ cells: sorted.slice(0, 50), nEmpty: 3 });
});

const base: LabelPrediction = {
  column: "type",
  raw: labels(["T", "B", "B", "T"]),
  knn: labels(["T", "T", "B", "T"]),
  final: labels(["Unknown", "B", "B", "T"]),
  conf: Float32Array.of(0.3, 0.45, 0.6, 0.99),
  margin: Float32Array.of(0.05, 0.3, 0.4, 0.98),
  isLowConf: Uint8Array.of(1, 1, 1, 0),
  knnVoteFrac: Float32Array.of(0.6, 0.8, 0.9, Number.NaN),
  isLowKnnConf: new Uint8Array(4),
  usedKnn: Uint8Array.of(1, 1, 1, 0),
  isUnknown: Uint8Array.of(1, 0, 0, 0),
  unknownReasons: Int32Array.of(UNKNOWN_REASONS.indexOf("low_confidence"), -1, -1, -1),
  second: labels(["B", "T", "T", "B"]),
  secondConf: Float32Array.of(0.25, 0.15, 0.2, 0.01),
  distance: Float32Array.of(0.5, 0.5, 0.97, 0.1),
  nearest: labels(["T", "B", "NK", "T"]),
};
const INPUT = { obsNames: ["c0", "<b>c1</b>", "c2", "c3"], truths: new Map() } as never;

function rows(label: LabelPrediction): string[][] {
  const page = leastSureSection(INPUT, readMethod("m", [label]), "")!.text;
  const body = page.slice(page.indexOf("<tbody>"));
  return [...body.matchAll(/<tr>(.*?)<\/tr>/g)].map(([, row]) =>
    [...row.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/g)].map(([, text]) => text),
  );
}

test("each has its name, labels, confidence and distance, and the reasons that apply to it", () => {
  const [first, second, third, last] = rows(base);
  expect(first).toEqual([
    "c0",
    "Unknown",
    "0.300",
    "B",
    "0.250",
    "0.500",
    "most probable is T; the confidence is too low; B is nearly as probable",
  ]);
  expect(second[0]).toBe("&lt;b&gt;c1&lt;/b&gt;");
  expect(second.at(-1)).toBe("its neighbours say T (0.80 of their votes)");
  expect(third.at(-1)).toBe("it is far from its class, nearest to NK");
  expect(last.at(-1)).toBe("the confidence is not low");
});

test("what was not measured has no column, and labels without confidence have no list", () => {
  const { second: _second, secondConf: _conf, distance: _distance, nearest: _nearest, ...bare } = base;
  expect(rows(bare)[1]).toHaveLength(4);
  const none = { ...base, conf: new Float32Array(4).fill(Number.NaN) };
  expect(leastSureSection(INPUT, readMethod("m", [none]), "")).toBeNull();
});
