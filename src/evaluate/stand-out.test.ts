/** Which samples of a study are unlike the others. */
import { expect, test } from "vitest";
import type { SampleSummary } from "./sample-summary.ts";
import { samplesThatStandOut } from "./stand-out.ts";

function sample(counts: Readonly<Record<string, number>>, over: Partial<SampleSummary> = {}): SampleSummary {
  const nCells = Object.values(counts).reduce((sum, n) => sum + n, 0);
  return {
    nCells,
    geneShare: 1,
    shiftScore: 1,
    batches: [],
    warnings: [],
    labels: [
      {
        column: "type",
        counts: new Map(Object.entries(counts)),
        unknown: counts.Unknown ?? 0,
        meanConfidence: 0.9,
      },
    ],
    ...over,
  };
}

const measures = (samples: readonly SampleSummary[]) =>
  samplesThatStandOut(samples).map((found) => found.map(({ measure }) => measure));

const USUAL = [
  sample({ T: 50, B: 30, NK: 20 }),
  sample({ T: 52, B: 29, NK: 19 }),
  sample({ T: 48, B: 31, NK: 21 }),
  sample({ T: 51, B: 28, NK: 21 }),
];

test("samples alike stand out in nothing", () => {
  expect(measures(USUAL)).toEqual([[], [], [], []]);
});

test("a sample with other labels stands out by its composition, with its distance", () => {
  const found = samplesThatStandOut([...USUAL, sample({ T: 5, B: 90, NK: 5 })])[4];
  expect(found.map(({ measure }) => measure)).toEqual(["composition"]);
  // The others have .5025, .295 and .2025: half of .4525 + .605 + .1525.
  expect(found[0].value).toBeCloseTo(0.605, 10);
});

test("Unknown, confidence, likeness and genes stand out to the bad side only", () => {
  const labels = (unknown: number, meanConfidence: number) => [
    { ...USUAL[0].labels[0], unknown, meanConfidence },
  ];
  const bad = { ...USUAL[0], labels: labels(30, 0.5), shiftScore: 3, geneShare: 0.4 };
  const good = { ...USUAL[0], labels: labels(0, 1), shiftScore: 0.1 };
  expect(measures([...USUAL, bad, good]).slice(4)).toEqual([
    ["unknown", "confidence", "likeness", "genes"],
    [],
  ]);
});

test("small samples, and few samples, say nothing", () => {
  const odd = sample({ B: 40 });
  expect(measures([...USUAL, odd])).toEqual([[], [], [], [], []]);
  expect(measures([...USUAL.slice(0, 2), sample({ B: 100 })])).toEqual([[], [], []]);
});

test("a study without a measured likeness is compared by the rest", () => {
  const samples = USUAL.map((each) => ({ ...each, shiftScore: null }));
  expect(measures([...samples, sample({ B: 100 }, { shiftScore: null })]).at(-1)).toEqual(["composition"]);
});
